"""Judge the data: nothing is cut off, nothing is listed twice, and what is made up says so.

Comments are for headings: what a reader must know has a field, and a page that shows it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import yaml

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.documents import Document, Where
from tools.lints.patterns import SCHEMAS
from tools.sources.specification import Specification

_NAMES: Final = ("id", "name", "class", "event", "field")
"""The fields by which a row is known; a row without one is known by all that it says."""

_HEADED: Final = ("spec/tables/", "spec/registry/")
"""Where a file begins with what it is and which schema it has, and has no other comment."""

_HEADING: Final = re.compile(r"\s*# ---")
_HEADING_LINES: Final = 2
_COMMENT: Final = re.compile(r"\s+#")
_OURS: Final = (
    "envelope",
    "value is chosen",
    "values chosen",
    "numbers chosen",
    "text left out",
    "is empty",
    "put in",
    "as the message",
    "header as",
    "moved to the virtual time",
    "replaced",
    "shortened",
    "without the gateway's own",
)
"""The source's words on an example that nobody has sent in this way."""


def comment_problems(spec: Specification) -> Iterator[Problem]:
    """Find comments behind values, and comments in the registry that explain a rule."""
    stored = [spec.retired, spec.exclusions, spec.unmarked, spec.examples]
    data = [*spec.tables.values(), *spec.registry.values(), *stored]
    for document in (*data, *spec.scenario_files):
        path = spec.root / document.path
        if document.path and path.is_file():
            source = path.read_text(encoding="utf-8")
            yield from _behind_values(document.path, source)
            if document in data:
                yield from _within(document.path, source)
            if document.path.startswith(_HEADED):
                yield from _below_heading(document.path, source)


def duplicate_problems(spec: Specification) -> Iterator[Problem]:
    """Find rows, rules and keys that are listed twice."""
    for document in spec.tables.values():
        for part, rows in fields(document.data).items():
            if isinstance(rows, list):
                yield from _twice(document, (part,), rows)
    for document in spec.registry.values():
        yield from _twice(document, ("rules",), items(fields(document.data).get("rules")))
    for folder in SCHEMAS:
        for path in sorted((spec.root / folder).rglob("*.json")):
            yield from _keys(path.relative_to(spec.root).as_posix(), path)


def completion_problems(spec: Specification) -> Iterator[Problem]:
    """Find examples that are partly ours, by what their source says, and do not say so."""
    for document in spec.registry.values():
        for index, rule in enumerate(map(fields, items(fields(document.data).get("rules")))):
            words = [word for word in _OURS if word in text(rule.get("source"))]
            if words and not fields(rule.get("example")).get("completed"):
                what = f"{text(rule.get('id'))}: its source speaks of {words[0]!r}: part is ours"
                where = ("rules", index, "example")
                yield document.problem(where, what, "write completed: true in the example")


def _behind_values(path: str, source: str) -> Iterator[Problem]:
    lines = source.splitlines()
    found = set()
    for token in yaml.scan(source):
        mark = token.end_mark
        line = lines[mark.line] if mark.line < len(lines) else ""
        if line[: mark.column].strip() and _COMMENT.match(line, mark.column):
            found.add(mark.line + 1)
    for number in sorted(found):
        fix = "put the value in quotes if ` #` is part of it, else write the comment as a note"
        yield Problem(path, number, "the value is cut off by ` #`, which begins a comment", fix)


def _within(path: str, source: str) -> Iterator[Problem]:
    for number, line in enumerate(source.splitlines(), start=1):
        if _COMMENT.match(line) and not _HEADING.match(line):
            fix = "write it as a note of the rule, which readers see"
            yield Problem(path, number, "a comment explains the data", fix)


def _below_heading(path: str, source: str) -> Iterator[Problem]:
    for number, line in enumerate(source.splitlines(), start=1):
        if line.startswith("#") and number > _HEADING_LINES:
            fix = "write it as a note, as a description in the schema, or in the chapter"
            yield Problem(path, number, "a comment below the heading says what readers miss", fix)


def _twice(document: Document, where: Where, rows: Iterable[Json]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        known = fields(row)
        names = [f"{name} {known[name]!r}" for name in _NAMES if name in known]
        key = names[0] if names else json.dumps(row, sort_keys=True)
        if key in seen:
            first = document.line(*where, seen[key])
            shown = names[0] if names else "the row"
            yield document.problem(
                (*where, index), f"{shown} is already at line {first}", "remove one of the two"
            )
        seen.setdefault(key, index)


def _keys(name: str, path: Path) -> Iterator[Problem]:
    twice: list[str] = []

    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        twice.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(pairs)

    json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=build)
    for key in twice:
        yield Problem(
            name, 1, f"the key {key!r} is listed twice in one object", "remove one of them"
        )
