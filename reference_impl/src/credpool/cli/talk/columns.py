"""Tables that fit into a terminal: columns that have no place beside the others come below them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_WHOLE: Final = frozenset(
    {
        *("#", "priority", "type", "status", "requests", "fingerprint", "id"),
        *("pool", "strategy", "provider", "answer", "entries"),
    }
)
"""The columns that are never folded."""

_BROKEN: Final = 26
"""How long a word is that may be broken."""

_GAP: Final = 2

Cells = Sequence[Mapping[str, Text]]
"""The cells of each row, by their columns."""


def frame(title: Text | None = None) -> Table:
    """Return an empty table in the form of all."""
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def fitting(title: Text, names: Sequence[str], cells: Cells, width: int) -> Iterator[Table]:
    """Yield the tables that show some columns, each with the first one; no word is lost or broken."""
    first, *others = names
    begun, used = [first], _least(first, cells)
    for name in others:
        least = _least(name, cells)
        if used + least >= width and len(begun) > 1:
            yield _table(title, begun, cells)
            title, begun, used = Text(), [first], _least(first, cells)
        begun, used = [*begun, name], used + least
    yield _table(title, begun, cells)


def _least(name: str, cells: Cells) -> int:
    """Return how wide a column is at least, with the gap behind it."""
    texts = [name, *(row[name].plain for row in cells)]
    words = texts if name in _WHOLE else [word for text in texts for word in text.split()]
    longest = max(map(cell_len, words))
    return _GAP + (longest if name in _WHOLE else min(longest, _BROKEN))


def _table(title: Text, names: Sequence[str], cells: Cells) -> Table:
    table = frame(title if title.plain else None)
    for name in names:
        least = _least(name, cells) - _GAP
        table.add_column(name, overflow="fold", no_wrap=name in _WHOLE, min_width=least)
    for row in cells:
        table.add_row(*(row[name] for name in names))
    return table
