"""How each part of the registry is known, and of which day that is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from tools.sources.specification import Specification

EVIDENCE: Final = {
    "documented": "documented",
    "captured": "captured",
    "reported": "reported by others",
    "inferred": "inferred, not checked",
}
"""The words in which pages say how something is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing that somebody has looked up: its name, its kind of evidence, and the day."""

    name: str
    evidence: str
    verified: str


def evidence(spec: Specification) -> Iterator[Known]:
    """Yield what the registry says is known: its rules, terminal codes and aliases, and the hints."""
    for provider, document in spec.registry.items():
        data = fields(document.data)
        for rule in _rows(data, "rules"):
            yield from _known(f"{provider}/{text(rule.get('id'))}", rule)
        for row in _rows(data, "terminal"):
            codes = ", ".join(map(text, items(row.get("codes"))))
            yield from _known(f"{provider}, terminal: {codes}", row)
        for way in _rows(data, "credentials"):
            for alias in _rows(way, "aliases"):
                yield from _known(f"{provider}, alias: {text(alias.get('name'))}", alias)
    for name, table in spec.tables.items():
        for row in _rows(fields(table.data), "rows"):
            if "evidence" in row:
                yield from _known(f"{name}: {text(row.get('id') or row.get('code'))}", row)


def _known(name: str, row: Mapping[str, Json]) -> Iterator[Known]:
    day = text(row.get("verified"))
    if day:
        yield Known(name=name, evidence=text(row.get("evidence")), verified=day)


def _rows(data: Mapping[str, Json], name: str) -> list[Mapping[str, Json]]:
    return [fields(row) for row in items(data.get(name))]
