"""A plot of the speed page: a row for each figure on a logarithmic scale, in the colours of the page.

The full dot is the median, a ring each further percentile; a tick is the budget.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools.diagrams.svg import drawing, number, path, width, words

_WIDE: Final = 720.0
_ROW: Final = 26.0
_TOP: Final = 30.0
_EDGE: Final = 24.0
_DOT: Final = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of a plot."""

    label: str
    values: Sequence[float]
    """The median, and higher percentiles if any."""
    budget: float | None = None
    ours: bool = False


def plot(rows: Sequence[Row], written: Callable[[float], str]) -> str:
    """Draw the rows; `written` writes a value of the scale."""
    left = max(width(row.label, bold=row.ours) for row in rows) + 2 * _EDGE
    every = [v for row in rows for v in (*row.values, row.budget or row.values[0])]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    high = max(high, low + 1)

    def at(value: float) -> float:
        return left + (math.log10(value) - low) / (high - low) * (_WIDE - left - 2 * _EDGE)

    bottom = _TOP + _ROW * len(rows)
    parts = [*_scale(range(low, high + 1), at, bottom, written)]
    for n, row in enumerate(rows):
        parts += _drawn(row, _TOP + _ROW * (n + 0.5), at)
    return drawing((_WIDE, bottom + 8), parts)


def _scale(
    powers: Sequence[int],
    at: Callable[[float], float],
    bottom: float,
    written: Callable[[float], str],
) -> Iterator[str]:
    for power in powers:
        x = at(10.0**power)
        yield path(f"M{number(x)} {number(_TOP - 6)}V{number(bottom)}", dashed=True, head=False)
        yield words((x, _TOP - 12), [written(10.0**power)], anchor="middle")


def _drawn(row: Row, y: float, at: Callable[[float], float]) -> Iterator[str]:
    yield words((_EDGE / 2, y + 4), [row.label], bold=int(row.ours))
    first, last = at(row.values[0]), at(row.values[-1])
    if len(row.values) > 1:
        yield path(f"M{number(first)} {number(y)}H{number(last)}", head=False)
    if row.budget is not None:
        x = at(row.budget)
        yield path(f"M{number(x)} {number(y - 9)}V{number(y + 9)}", head=False)
    for value in row.values[1:]:
        yield _dot(at(value), y, "var(--md-default-bg-color, Canvas)")
    yield _dot(first, y, "currentColor")


def _dot(x: float, y: float, fill: str) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{_DOT}" style="fill:{fill}"/>'
