"""Render the cells of the decision table: for a page, for a terminal and for other languages.

What they hold comes from `cells`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.book.cells import ASPECTS, TABLE, Cell, cells, situations
from credpool_conformance.book.markdown import table
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import Json, fields, items, text

_EFFECTS: Final = {
    "mark": "the mark",
    "default": "cooldown",
    "hint": "cooldown by the hint",
    "sole": "`sole_cooldown`",
    "dead": "dead",
    "success": "as a success",
}
"""What is shown of an effect; where none is, nothing happens to the entry."""


def cell_tables(book: Book) -> Mapping[str, str]:
    """Render the regions about the cells."""
    return {"cells": _cells(book), "refinements": _refinements(book)}


def cell_lines(book: Book) -> Iterator[str]:
    """Yield one line for each cell: what is asked for, and by whom."""
    for cell in cells(book):
        action, effect = (cell.only(aspect) for aspect in ASPECTS)
        asked = f"{cell.failure:15} {cell.situation:12} {action:10} {effect:9}"
        yield f"{asked} {', '.join(cell.sources)}"


def cells_data(book: Book) -> Json:
    """Return the cells as JSON, for whoever tests a pool against them."""
    found: list[Json] = [
        {
            "class": cell.failure,
            "situation": cell.situation,
            **{aspect: cell.only(aspect) for aspect in ASPECTS},
            "requirements": [*cell.sources],
        }
        for cell in cells(book)
    ]
    return {"spec": book.name, "version": book.version, "cells": found}


def _cells(book: Book) -> str:
    names = situations(book)
    meaning = [f"- *{name}*: {means}." for name, means in names.items()]
    rows: dict[str, list[str]] = {}
    for cell in cells(book):
        rows.setdefault(cell.failure, [f"`{cell.failure}`"]).append(_shown(cell))
    return "\n".join([*meaning, "", table(("class", *names), list(rows.values()))])


def _shown(cell: Cell) -> str:
    action, effect = (cell.only(aspect) for aspect in ASPECTS)
    return action if effect == "none" else f"{action}; {_EFFECTS.get(effect, effect)}"


def _refinements(book: Book) -> str:
    document = book.tables.get(TABLE)
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
