"""Generate every derived file, and compare it with what is on disk.

A page of `docs/spec/` that carries the notice, or a file of `docs/data/`, that nothing generates
any more is stale: `drift` names it and `write` removes it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool_conformance.book import library_data
from credpool_conformance.book.architecture import architecture_page
from credpool_conformance.book.auth_file import SCHEMA_PATH, auth_schema
from credpool_conformance.book.billing import NOTE_PATH, billing_note
from credpool_conformance.book.cell_pages import cells_data
from credpool_conformance.book.cells import TABLE as REFINEMENTS
from credpool_conformance.book.chapter_pages import NOTICE, chapter_page, requirements_page
from credpool_conformance.book.choices import Example
from credpool_conformance.book.data_pages import providers_page, scenarios_page
from credpool_conformance.book.environment import PAGE as ENVIRONMENT_PAGE
from credpool_conformance.book.environment import environment_page
from credpool_conformance.book.minimal import minimal_page
from credpool_conformance.book.recovery import recovery_note
from credpool_conformance.book.regions import fill
from credpool_conformance.book.reports import PAGE as REPORTS_PAGE
from credpool_conformance.book.reports import TABLE as REPORTS_TABLE
from credpool_conformance.book.reports import reports_page
from credpool_conformance.book.requirements import Requirement, parse_chapter
from credpool_conformance.book.site_data import FOLDER as _DATA
from credpool_conformance.book.site_data import PAGE as DATA_PAGE
from credpool_conformance.book.site_data import data_page, site_data
from credpool_conformance.book.sources import REQUIREMENTS_JSON, Book, table_rows
from credpool_conformance.book.tables import region_contents
from credpool_conformance.book.yaml_lines import Json

RECOVERY_NOTE: Final = "spec/_includes/recovery.md"

_PAGES: Final = "docs/spec"
_ELSEWHERE: Final = frozenset({f"{_DATA}/gallery.json"})
"""What another command writes: `nox -s gallery`."""


def outputs(book: Book, examples: Mapping[str, Example]) -> Mapping[str, str]:
    """Generate the text of every derived file, by its path from the root.

    The examples go by the ids of the requirements that they show.
    """
    contents = region_contents(book)
    chapters = tuple(
        parse_chapter(chapter.name, fill(chapter.source, contents)) for chapter in book.chapters
    )
    book = replace(book, chapters=chapters)
    stated = _json(requirements(book))
    return {
        REQUIREMENTS_JSON: stated,
        **library_files(book),
        NOTE_PATH: NOTICE + billing_note(book),
        RECOVERY_NOTE: NOTICE + recovery_note(table_rows(book, "recovery")),
        **{chapter.path: chapter.source for chapter in chapters},
        **{
            f"docs/spec/{chapter.name}": chapter_page(book, chapter, examples)
            for chapter in chapters
        },
        "docs/spec/requirements.md": requirements_page(book),
        "docs/spec/scenarios.md": scenarios_page(book),
        "docs/reference/providers.md": providers_page(book),
        ENVIRONMENT_PAGE: NOTICE + environment_page(book),
        f"{_DATA}/requirements.json": stated,
        f"{_DATA}/scenarios.json": _json(_scenarios(book)),
        **({REPORTS_PAGE: NOTICE + reports_page(book)} if REPORTS_TABLE in book.tables else {}),
        **({f"{_DATA}/cells.json": _json(cells_data(book))} if REFINEMENTS in book.tables else {}),
        **architecture_page(book),
        **minimal_page(book),
        **site_data(book),
        **_auth_schema(book),
        DATA_PAGE: NOTICE + data_page(book),
    }


def library_files(book: Book) -> Mapping[str, str]:
    """Generate what the library is made of; whoever plays an example needs it first."""
    return {
        library_data.PATH: _json(library_data.registry(book)),
        library_data.BILLING_PATH: _json(library_data.billing(book)),
    }


def drift(root: Path, generated: Mapping[str, str]) -> list[str]:
    """List the files that differ from what would be generated, and the stale ones."""
    return sorted([*_differing(root, generated), *_stale(root, generated)])


def write(root: Path, generated: Mapping[str, str]) -> list[str]:
    """Write what differs, remove what is stale, and list both."""
    stale = _stale(root, generated)
    changed = save(root, generated)
    for path in stale:
        (root / path).unlink()
    return sorted([*changed, *stale])


def save(root: Path, generated: Mapping[str, str]) -> list[str]:
    """Write what differs, and list it."""
    changed = _differing(root, generated)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(generated[path], encoding="utf-8")
    return changed


def requirements(book: Book) -> Json:
    """Write every requirement as JSON has it."""
    return {
        "spec": book.name,
        "version": book.version,
        "requirements": [_requirement(requirement) for requirement in book.requirements.values()],
    }


def _requirement(requirement: Requirement) -> Json:
    return {
        "id": requirement.id,
        "revision": requirement.revision,
        "keyword": requirement.keyword,
        "feature": requirement.feature,
        "features": [*requirement.features],
        "text": requirement.text,
        "intent": requirement.intent,
        "consequence": requirement.consequence,
        "chapter": requirement.chapter,
        "line": requirement.line,
        "heading": requirement.heading,
        "sha256": requirement.sha256,
    }


def _scenarios(book: Book) -> Json:
    return {
        "spec": book.name,
        "version": book.version,
        "scenarios": [
            {"file": scenario.path, "line": scenario.line, **case}
            for scenario in book.scenarios
            for case in scenario.cases
        ],
    }


def _auth_schema(book: Book) -> dict[str, str]:
    """Write the schema of the file that a pool is kept in, and its copy beside the site's pages."""
    schema = auth_schema(book)
    paths = (SCHEMA_PATH, f"{_DATA}/{Path(SCHEMA_PATH).name}") if schema else ()
    return dict.fromkeys(paths, _json(schema))


def _differing(root: Path, generated: Mapping[str, str]) -> list[str]:
    return [path for path, content in generated.items() if _read(root / path) != content]


def _stale(root: Path, generated: Mapping[str, str]) -> list[str]:
    pages = (
        f"{_PAGES}/{page.name}"
        for page in (root / _PAGES).glob("*.md")
        if page.read_text(encoding="utf-8").startswith(NOTICE)
    )
    data = (f"{_DATA}/{path.name}" for path in (root / _DATA).glob("*"))
    return [path for path in (*pages, *data) if path not in {*generated, *_ELSEWHERE}]


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
