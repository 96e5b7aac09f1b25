"""Render the states of an entry, as a chart and as a table, and find what is wrong with them.

The edges are in `spec/tables/states.yaml`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from tools.diagrams.state_chart import state_chart
from tools.sources.specification import Specification, table_rows

TABLE: Final = "states"

_NONE: Final = "none"
_ENDS: Final = {"later": "out, until later", "earlier": "out, until earlier"}


def state_regions(spec: Specification) -> Mapping[str, str]:
    """Render the table."""
    edges = table_rows(spec, TABLE, "edges")
    return {
        "state-table": table(
            ("from", "what happens", "to", "requirement"), [_row(edge) for edge in edges]
        ),
    }


def state_drawings(spec: Specification) -> Mapping[str, str]:
    """Draw the states, where there is a table of them; by the drawing's name."""
    edges = table_rows(spec, TABLE, "edges")
    return {"states": state_chart(edges)} if edges else {}


def state_problems(spec: Specification) -> Iterator[Problem]:
    """Find edges that are listed twice, and those that cite what nobody requires."""
    seen: set[tuple[str, ...]] = set()
    for index, edge in enumerate(table_rows(spec, TABLE, "edges")):
        document = spec.tables[TABLE]
        for id_ in map(text, items(edge.get("requirements"))):
            if id_ not in spec.requirements:
                what = f"cites {id_}, which nobody requires"
                yield document.problem(("edges", index), what, "write the id of a requirement")
        for source in map(text, items(edge.get("from"))):
            key = (source, text(edge.get("cause")), text(edge.get("to")), text(edge.get("end")))
            if key in seen:
                what = f"the edge {' '.join(key).strip()} is listed twice"
                yield document.problem(("edges", index), what, "remove one of them")
            seen.add(key)


def _row(edge: Mapping[str, Json]) -> tuple[str, ...]:
    target = _ENDS.get(text(edge.get("end")), text(edge.get("to")))
    return (
        ", ".join(_shown(text(source)) for source in items(edge.get("from"))),
        text(edge.get("says")),
        _shown(target),
        ", ".join(f"`{text(id_)}`" for id_ in items(edge.get("requirements"))),
    )


def _shown(state: str) -> str:
    return "–" if state == _NONE else state
