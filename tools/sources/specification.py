"""Read everything the specification is built from into one value, the specification.

Reading judges nothing but readability; `lints` judges the rest.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from credpool_conformance.data import Data
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem, UnreadableError
from credpool_conformance.specification.documents import Document, parse
from credpool_conformance.specification.registry import load as load_registry
from tools.sources.citations import Citation, Scenario, code_citations, scenarios, script_citations
from tools.sources.requirements import BCP14_CHAPTER, Chapter, Requirement, parse_chapter

REQUIREMENTS_JSON: Final = "spec/requirements.json"
PROVEN_JSON: Final = "conformance/mutants/proven.json"
SCENARIO_SCHEMA: Final = "conformance/src/credpool_conformance/schemas/scenario.schema.json"
LIBRARY: Final = "reference_impl/src/credpool"
CODE: Final = ("reference_impl/minimal", LIBRARY, "conformance/src")
SCRIPTS: Final = "conformance/testees"

_TITLE: Final = re.compile(r"^\*([^*\n]+)\*, version ([0-9][\w.-]*)", re.MULTILINE)
_NAVIGATION: Final = re.compile(r"^ +- [^:\n]+: spec/([\w-]+\.md)$", re.MULTILINE)
_EMPTY: Final = Document(path="", data=None, lines={})
_COMMITTED_FIX: Final = "restore the committed file; it is what a changed sentence is noticed by"
_PROVEN_FIX: Final = "run nox -s generate"


@dataclass(frozen=True, kw_only=True)
class Specification:
    """All inputs, parsed, and what could not be read."""

    root: Path
    chapters: tuple[Chapter, ...]
    tables: Mapping[str, Document]
    registry: Mapping[str, Document]
    scenario_files: tuple[Document, ...]
    scenarios: tuple[Scenario, ...]
    code_citations: tuple[Citation, ...]
    retired: Document
    exclusions: Document
    unmarked: Document
    examples: Document
    committed: Json
    proven: Mapping[str, Json]
    problems: tuple[Problem, ...]

    @property
    def name(self) -> str:
        """The specification's name, from the first sentence of its introduction."""
        return self._title[0]

    @property
    def version(self) -> str:
        """The specification's version, from the same sentence."""
        return self._title[1]

    @cached_property
    def _title(self) -> tuple[str, str]:
        introduction = (c.source for c in self.chapters if c.name == BCP14_CHAPTER)
        found = _TITLE.search(next(introduction, ""))
        return (found[1], found[2]) if found else ("", "")

    @cached_property
    def requirements(self) -> Mapping[str, Requirement]:
        """Every requirement by its id; of two with one id, the first."""
        found: dict[str, Requirement] = {}
        for chapter in self.chapters:
            for requirement in chapter.requirements:
                found.setdefault(requirement.id, requirement)
        return dict(sorted(found.items()))

    @cached_property
    def checks(self) -> Mapping[str, tuple[Scenario, ...]]:
        """The scenarios that verify each requirement."""
        return {
            id_: tuple(
                scenario
                for scenario in self.scenarios
                if any(citation.id == id_ for citation in scenario.verifies)
            )
            for id_ in self.requirements
        }

    @cached_property
    def excluded(self) -> Mapping[str, Mapping[str, Json]]:
        """The exclusions by the id of the requirement they excuse."""
        entries = (fields(entry) for entry in items(self.exclusions.data))
        return {text(entry.get("id")): entry for entry in entries}


def load(root: Path) -> Specification:
    """Read the specification of the repository at `root`; what is unreadable becomes a problem."""
    problems: list[Problem] = []
    scenario_files = tuple(_documents(root, "conformance/scenarios", problems).values())
    found_scenarios = list(_scenarios(root, scenario_files))
    citations = list(_citations(root))
    found = (*found_scenarios, *citations)
    problems += [problem for problem in found if isinstance(problem, Problem)]
    return Specification(
        root=root,
        chapters=tuple(_chapters(root)),
        tables=_documents(root, "spec/tables", problems),
        registry=_documents(root, "spec/registry", problems),
        scenario_files=scenario_files,
        scenarios=tuple(s for s in found_scenarios if isinstance(s, Scenario)),
        code_citations=tuple(c for c in citations if isinstance(c, Citation)),
        retired=_document(root, root / "spec/retired.yaml", problems) or _EMPTY,
        exclusions=_document(root, root / "spec/exclusions.yaml", problems) or _EMPTY,
        unmarked=_document(root, root / "spec/unmarked.yaml", problems) or _EMPTY,
        examples=_document(root, root / "spec/examples.yaml", problems) or _EMPTY,
        committed=_json(root, REQUIREMENTS_JSON, _COMMITTED_FIX, problems),
        proven=fields(fields(_json(root, PROVEN_JSON, _PROVEN_FIX, problems)).get("proven")),
        problems=tuple(problems),
    )


def requirements_data(spec: Specification) -> Json:
    """Write every requirement as JSON."""
    return {
        "spec": spec.name,
        "version": spec.version,
        "requirements": [_requirement(requirement) for requirement in spec.requirements.values()],
    }


def load_schema(path: Path) -> Mapping[str, object] | None:
    """Read a JSON Schema, or nothing when there is none."""
    if not path.exists():
        return None
    schema: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def table_rows(spec: Specification, name: str, part: str = "rows") -> list[dict[str, Json]]:
    """Return the rows of a table, or of another of its lists; none where there is no such table."""
    document = spec.tables.get(name)
    return [fields(row) for row in items(fields(document.data).get(part))] if document else []


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


def _chapters(root: Path) -> Iterator[Chapter]:
    """Read the chapters as the site's navigation orders them; those it lacks come last."""
    site = root / "mkdocs.yml"
    shown = _NAVIGATION.findall(site.read_text(encoding="utf-8")) if site.exists() else []
    place = {name: index for index, name in enumerate(shown)}
    paths = (root / "spec").glob("*.md")
    for path in sorted(paths, key=lambda path: (place.get(path.name, len(place)), path.name)):
        if not path.name.startswith("_"):
            yield parse_chapter(path.name, path.read_text(encoding="utf-8"))


def _documents(root: Path, folder: str, problems: list[Problem]) -> dict[str, Document]:
    paths = sorted((root / folder).glob("*.yaml"))
    found = ((path.stem, _document(root, path, problems)) for path in paths)
    return {name: document for name, document in found if document}


def _document(root: Path, path: Path, problems: list[Problem]) -> Document | None:
    if not path.exists():
        return None
    try:
        return parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    except UnreadableError as error:
        problems.append(error.problem)
        return None


def _scenarios(root: Path, files: tuple[Document, ...]) -> Iterator[Scenario | Problem]:
    if not files:
        return
    try:
        registry = load_registry(Data(spec=root / "spec", scenarios=root / "conformance/scenarios"))
    except BadInputError as error:
        yield from error.problems
        return
    for file in files:
        yield from scenarios(file, registry)


def _citations(root: Path) -> Iterator[Citation | Problem]:
    for folder in CODE:
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            yield from code_citations(path.relative_to(root).as_posix(), source)
    for path in sorted((root / SCRIPTS).rglob("*.mjs")):
        source = path.read_text(encoding="utf-8")
        yield from script_citations(path.relative_to(root).as_posix(), source)


def _json(root: Path, name: str, fix: str, problems: list[Problem]) -> Json:
    path = root / name
    if not path.exists():
        return None
    try:
        data: Json = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        problems.append(Problem(name, error.lineno, f"not JSON: {error.msg}", fix))
        return None
    return data
