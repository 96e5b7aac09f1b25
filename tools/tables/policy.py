"""The policy table (spec: configuration): its page, and where else its values are said.

The messages of the testee protocol and the sentences of the chapters say some of it again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from credpool_conformance.specification.documents import Document
from tools.sources.requirements import prose_lines
from tools.sources.specification import Specification

TABLE: Final = "policy"
CONFIGURE: Final = "conformance/src/credpool_conformance/schemas/protocol/configure.schema.json"

_DAY: Final = 86400
_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "days": _DAY}
_SAID: Final = re.compile(r"`([a-z0-9_]+)` \((\d+) (s|min|h|days)\)")
Row = Mapping[str, Json]


def policy_table(spec: Specification) -> str:
    """Render a row for each value: its default, and what it can be."""
    rendered = table(
        ("name", "default", "can be", "meaning"),
        [
            (f"`{text(row.get('name'))}`", _default(row), _range(row), text(row.get("meaning")))
            for row in _rows(spec)
        ],
    )
    document = spec.tables.get(TABLE)
    reading = items(fields(document.data).get("reading")) if document else []
    return "\n".join([rendered, "", *map(text, reading)])


def policy_problems(spec: Specification) -> Iterator[Problem]:
    """Find bounds that are no values, defaults out of bounds, and what is said otherwise elsewhere."""
    document = spec.tables.get(TABLE)
    if document is None:
        return
    rows = {text(row.get("name")): row for row in _rows(spec)}
    for index, row in enumerate(rows.values()):
        yield from _bounds(document, index, row, rows)
    yield from _sentences(spec, rows)
    yield from _message(spec, document, rows)


def _rows(spec: Specification) -> list[Row]:
    document = spec.tables.get(TABLE)
    return [fields(row) for row in items(fields(document.data).get("rows"))] if document else []


def _default(row: Row) -> str:
    default = row.get("default")
    if default is None:
        return text(row.get("unset"))
    return f"`{text(default)}`" if row.get("kind") == "word" else _value(row, default)


def _range(row: Row) -> str:
    if row.get("kind") == "word":
        return ", ".join(f"`{text(word)}`" for word in items(row.get("words")))
    least, most = _value(row, row.get("least")), row.get("most")
    if row.get("at_most"):
        return f"{least} to `{text(row.get('at_most'))}`"
    return f"{least} or more" if most is None else f"{least} to {_value(row, most)}"


def _value(row: Row, value: Json) -> str:
    if not isinstance(value, int | float) or not text(row.get("kind")).startswith("seconds"):
        return str(value)
    return f"{value / _DAY:g} days" if value > _DAY else f"{value:g} s"


def _bounds(document: Document, index: int, row: Row, rows: Mapping[str, Row]) -> Iterator[Problem]:
    default, words = row.get("default"), items(row.get("words"))
    other = rows.get(text(row.get("at_most")))
    if words and default not in words:
        what = f"the default {default!r} is none of the words"
        yield document.problem(("rows", index, "default"), what, "write one of its words")
    if row.get("at_most") and other is None:
        what = f"{text(row.get('at_most'))!r} is no value of a policy"
        yield document.problem(("rows", index, "at_most"), what, "write the name of a row")
    limits = (row.get("least"), default, row.get("most"), (other or {}).get("default"))
    least, told, *above = (n if isinstance(n, int | float) else None for n in limits)
    beyond = told is not None and any(n is not None and told > n for n in above)
    if beyond or (told is not None and least is not None and told < least):
        fix = "write a default within its bounds"
        yield document.problem(("rows", index, "default"), "it is out of bounds", fix)


def _sentences(spec: Specification, rows: Mapping[str, Row]) -> Iterator[Problem]:
    """Find a default in a chapter, such as `max_retry_wait` (10 s), that is not the table's."""
    for chapter in spec.chapters:
        for number, line in prose_lines(chapter):
            for name, count, unit in _SAID.findall(line):
                default = rows[name].get("default") if name in rows else None
                if default != int(count) * _UNITS[unit]:
                    what = f"says that `{name}` is {count} {unit}"
                    fix = f"compare it with spec/tables/{TABLE}.yaml"
                    yield Problem(chapter.path, number, what, fix)


def _message(spec: Specification, document: Document, rows: Mapping[str, Row]) -> Iterator[Problem]:
    """Find values that the protocol's `configure` can set otherwise than the table has them."""
    path = spec.root / CONFIGURE
    if not path.is_file():
        return
    schema: Json = json.loads(path.read_text(encoding="utf-8"))
    for name in ("properties", "pool", "properties", "policy", "properties"):
        schema = fields(schema).get(name)
    known = fields(schema)
    for name in {**rows, **known}:
        if name not in rows or _written(fields(known.get(name))) != _told(rows[name]):
            where = ("rows", [*rows].index(name)) if name in rows else ("rows",)
            what = f"`{name}` is another value in {CONFIGURE}"
            yield document.problem(where, what, "make the two say the same")


def _written(schema: Row) -> Row:
    """Return what a schema says of a value, in the words of the table."""
    by_class = fields(schema.get("additionalProperties"))
    bounds = by_class or schema
    found = {"words": schema.get("enum"), "least": bounds.get("minimum")}
    return found | {"most": bounds.get("maximum"), "by class": bool(by_class)}


def _told(row: Row) -> Row:
    by_class = row.get("kind") == "seconds-by-class"
    return {name: row.get(name) for name in ("words", "least", "most")} | {"by class": by_class}
