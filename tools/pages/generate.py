"""Generate every derived file, and compare it with what is on disk.

A page of `docs/spec/` that carries the notice, or a file of `docs/data/` or of the Explorer's
folders, that nothing generates any more is stale: `drift` names it and `write` removes it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json
from tools.bench.page import PAGE as SPEED_PAGE
from tools.bench.page import speed_files
from tools.crossings.page import PAGE as PAIRS_PAGE
from tools.crossings.page import pairs_page
from tools.crossings.pairs import TABLE as PAIRS
from tools.diagrams.svg import FOLDER as DRAWINGS
from tools.goodput.page import DATA as GOODPUT_DATA
from tools.goodput.page import goodput_drawings, goodput_page
from tools.hosts.page import DATA as HOSTS_DATA
from tools.hosts.page import hosts_drawings, hosts_page
from tools.pages import library_data
from tools.pages.architecture import architecture_drawings, architecture_page
from tools.pages.chapter_tables import region_contents
from tools.pages.chapters import NOTICE, chapter_page, front_matter, requirements_page
from tools.pages.environment import PAGE as ENVIRONMENT_PAGE
from tools.pages.environment import environment_page
from tools.pages.explorer.files import DATA as EXPLORER_DATA
from tools.pages.explorer.files import POOL as EXPLORER_POOL
from tools.pages.explorer.files import explorer_files
from tools.pages.home import home_page
from tools.pages.minimal import minimal_page
from tools.pages.reference import reference_pages
from tools.pages.registry.index import FOLDER as PROVIDERS
from tools.pages.registry.index import providers_pages
from tools.pages.scenarios import FOLDER as SCENARIOS
from tools.pages.scenarios import scenarios_pages
from tools.sources.choices import Example
from tools.sources.glossary import PATH as ABBREVIATIONS
from tools.sources.glossary import abbreviations
from tools.sources.regions import fill
from tools.sources.requirements import parse_chapter
from tools.sources.specification import (
    REQUIREMENTS_JSON,
    Specification,
    requirements_data,
    table_rows,
)
from tools.tables.auth_file import SCHEMA_PATH, auth_schema
from tools.tables.billing import NOTE_PATH, billing_note
from tools.tables.cell_pages import cells_data
from tools.tables.cells import TABLE as REFINEMENTS
from tools.tables.recovery import recovery_drawings, recovery_note
from tools.tables.reports import PAGE as REPORTS_PAGE
from tools.tables.reports import TABLE as REPORTS_TABLE
from tools.tables.reports import reports_page
from tools.tables.site_data import FOLDER as _DATA
from tools.tables.site_data import PAGE as DATA_PAGE
from tools.tables.site_data import data_page, site_data
from tools.tables.states import state_drawings

RECOVERY_NOTE: Final = "spec/_includes/recovery.md"

_PAGES: Final = "docs/spec"
_ABOUT: Final = {
    "environment": ("The variables in which each provider's keys and logins are looked for.", 1.0),
    "reports": ("What users of other pools reported, and the requirement that answers it.", 0.2),
    "pairs": ("Each two features of a pool, and the checks in which they meet.", 0.2),
    "speed": ("How fast the library is, beside what you would use instead.", 1.0),
    "data": ("The specification's tables and schemas, as files at fixed addresses.", 1.0),
}
"""The descriptions of pages that have no first sentence for it, and their place in the search."""
_ELSEWHERE: Final = frozenset({f"{_DATA}/gallery.json", GOODPUT_DATA, HOSTS_DATA})
"""The files that other commands write: `nox -s gallery`, `python -m tools.goodput`, `python -m tools.hosts`."""


_OF_ONE_TABLE: Final[tuple[tuple[str, str, Callable[[Specification], str]], ...]] = (
    (REPORTS_TABLE, REPORTS_PAGE, reports_page),
    (PAIRS, PAIRS_PAGE, pairs_page),
)
"""The pages that a table alone brings: a sample of a specification need not have it."""


def outputs(spec: Specification, examples: Mapping[str, Example]) -> Mapping[str, str]:
    """Generate the text of every derived file, by its path from the root.

    The examples go by the ids of the requirements that they show.
    """
    contents = region_contents(spec)
    chapters = tuple(
        parse_chapter(chapter.name, fill(chapter.source, contents)) for chapter in spec.chapters
    )
    spec = replace(spec, chapters=chapters)
    return {
        **library_files(spec),
        NOTE_PATH: NOTICE + billing_note(spec),
        ABBREVIATIONS: abbreviations(spec),
        RECOVERY_NOTE: NOTICE + recovery_note(table_rows(spec, "recovery")),
        **{chapter.path: chapter.source for chapter in chapters},
        **{
            f"{_PAGES}/{chapter.name}": chapter_page(spec, chapter, examples)
            for chapter in chapters
        },
        **_pages(spec),
        **_drawings(spec),
        **_data(spec),
        **_speed(spec.root),
    }


def _pages(spec: Specification) -> dict[str, str]:
    """Render the pages that come from data."""
    return {
        f"{_PAGES}/requirements.md": requirements_page(spec),
        **scenarios_pages(spec),
        **providers_pages(spec),
        ENVIRONMENT_PAGE: _headed("environment", environment_page(spec)),
        **{
            path: _headed(name, page(spec))
            for name, path, page in _OF_ONE_TABLE
            if name in spec.tables
        },
        **home_page(spec),
        **reference_pages(spec),
        **_of_the_pools(spec),
        **goodput_page(spec),
        **hosts_page(spec),
        DATA_PAGE: _headed("data", data_page(spec)),
    }


def _headed(name: str, page: str) -> str:
    about, boost = _ABOUT[name]
    return front_matter(about, boost=boost) + NOTICE + page


def _data(spec: Specification) -> dict[str, str]:
    """Render the data that stands beside the pages."""
    stated = _json(requirements_data(spec))
    return {
        REQUIREMENTS_JSON: stated,
        f"{_DATA}/requirements.json": stated,
        f"{_DATA}/scenarios.json": _json(_scenarios(spec)),
        **({f"{_DATA}/cells.json": _json(cells_data(spec))} if REFINEMENTS in spec.tables else {}),
        **site_data(spec),
        **_auth_schema(spec),
    }


def _drawings(spec: Specification) -> dict[str, str]:
    """Draw everything that pages take in as a picture."""
    drawn = {
        **recovery_drawings(table_rows(spec, "recovery")),
        **state_drawings(spec),
        **architecture_drawings(spec),
        **goodput_drawings(spec),
        **hosts_drawings(spec),
    }
    return {f"{DRAWINGS}/{name}.svg": f"{picture}\n" for name, picture in drawn.items()}


def library_files(spec: Specification) -> Mapping[str, str]:
    """Generate what the library is made of; whoever plays an example needs it first."""
    return {
        library_data.PATH: _json(library_data.registry(spec)),
        library_data.BILLING_PATH: _json(library_data.billing(spec)),
        library_data.SOURCES_PATH: _json(library_data.sources(spec)),
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


def _scenarios(spec: Specification) -> Json:
    return {
        "spec": spec.name,
        "version": spec.version,
        "scenarios": [
            {"file": scenario.path, "line": scenario.line, **case}
            for scenario in spec.scenarios
            for case in scenario.cases
        ],
    }


def _of_the_pools(spec: Specification) -> dict[str, str]:
    """Show the code of the pools: two pages, and the Explorer that runs one."""
    return {**architecture_page(spec), **minimal_page(spec), **explorer_files(spec)}


def _speed(root: Path) -> dict[str, str]:
    """Show what the last whole run of the bench has measured."""
    found = speed_files(root)
    return {p: _headed("speed", text) if p == SPEED_PAGE else text for p, text in found.items()}


def _auth_schema(spec: Specification) -> dict[str, str]:
    """Write the schema of the file that a pool is kept in, and its copy beside the site's pages."""
    schema = auth_schema(spec)
    paths = (SCHEMA_PATH, f"{_DATA}/{Path(SCHEMA_PATH).name}") if schema else ()
    return dict.fromkeys(paths, _json(schema))


def _differing(root: Path, generated: Mapping[str, str]) -> list[str]:
    return [path for path, content in generated.items() if _read(root / path) != content]


def _stale(root: Path, generated: Mapping[str, str]) -> list[str]:
    pages = (
        page.relative_to(root).as_posix()
        for folder in (_PAGES, SCENARIOS, PROVIDERS)
        for page in (root / folder).glob("*.md")
        if NOTICE in page.read_text(encoding="utf-8")
    )
    folders = (_DATA, DRAWINGS, EXPLORER_DATA, EXPLORER_POOL)
    whole = (path for folder in folders for path in (root / folder).glob("*"))
    files = (path.relative_to(root).as_posix() for path in whole)
    return [path for path in (*pages, *files) if path not in {*generated, *_ELSEWHERE}]


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
