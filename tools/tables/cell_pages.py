"""Render the cells of the decision table: for a page, for a terminal and for other languages.

What they hold comes from `cells`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.specification import Specification
from tools.tables.cells import ASPECTS, TABLE, Cell, cells, situations

_EFFECTS: Final = {
    "mark": "the mark",
    "default": "cooldown",
    "hint": "cooldown by the hint",
    "sole": "`sole_cooldown`",
    "dead": "dead",
    "success": "as a success",
}
"""The visible part of an effect; without one, nothing happens to the entry."""


def cell_tables(spec: Specification) -> Mapping[str, str]:
    """Render the regions about the cells."""
    return {"cells": _cells(spec), "refinements": _refinements(spec)}


def cell_lines(spec: Specification) -> Iterator[str]:
    """Yield one line for each cell: what is asked for, and by whom."""
    for cell in cells(spec):
        action, effect = (cell.only(aspect) for aspect in ASPECTS)
        asked = f"{cell.failure:15} {cell.situation:12} {action:10} {effect:9}"
        yield f"{asked} {', '.join(cell.sources)}"


def cells_data(spec: Specification) -> Json:
    """Return the cells as JSON, for whoever tests a pool against them."""
    found: list[Json] = [
        {
            "class": cell.failure,
            "situation": cell.situation,
            **{aspect: cell.only(aspect) for aspect in ASPECTS},
            "requirements": [*cell.sources],
        }
        for cell in cells(spec)
    ]
    return {"spec": spec.name, "version": spec.version, "cells": found}


def _cells(spec: Specification) -> str:
    names = situations(spec)
    meaning = [f"- *{name}*: {means}." for name, means in names.items()]
    rows: dict[str, list[str]] = {}
    for cell in cells(spec):
        rows.setdefault(cell.failure, [f"`{cell.failure}`"]).append(_shown(cell))
    return "\n".join([*meaning, "", table(("class", *names), list(rows.values()))])


def _shown(cell: Cell) -> str:
    action, effect = (cell.only(aspect) for aspect in ASPECTS)
    return action if effect == "none" else f"{action}; {_EFFECTS.get(effect, effect)}"


def _refinements(spec: Specification) -> str:
    document = spec.tables.get(TABLE)
    entries = items(fields(document.data).get("says")) if document else []
    rows = [
        (
            f"`{text(entry.get('requirement')).partition('+')[0]}`",
            ", ".join(f"*{text(name)}*" for name in items(entry.get("situations"))),
            _chosen(entry.get("classes")),
            ", ".join(f"`{text(id_)}`" for id_ in items(entry.get("refines"))),
        )
        for entry in map(fields, entries)
        if entry.get("refines")
    ]
    return table(("requirement", "in the situation", "for", "refines"), rows)


def _chosen(classes: Json) -> str:
    if not isinstance(classes, dict):
        return ", ".join(f"`{text(name)}`" for name in items(classes))
    columns = ((name, items(value)) for name, value in classes.items())
    return " and ".join(f"{name} {' or '.join(map(_word, words))}" for name, words in columns)


def _word(value: Json) -> str:
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else text(value)
