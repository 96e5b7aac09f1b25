"""Draw parts of a whole as bars, in the house's style: no colours of its own, words that can be selected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tools.diagrams.svg import LINE, drawing, number, width, words

_BAR: Final = 300
_HIGH: Final = 18
_ROW: Final = 26
_GOOD: Final = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The line that a bar shall reach, or shall stay below."""

    at: float
    label: str
    written: str = ".3f"
    below: bool = False

    def is_met(self, value: float) -> bool:
        """Return whether a value is as it shall be."""
        return value <= self.at if self.below else value >= self.at


_GOODPUT: Final = Goal(at=_GOOD, label="0.98 of the capacity")


def bars(values: Mapping[str, float], goal: Goal = _GOODPUT) -> str:
    """Draw one bar for each value from 0 to 1, and a line at the goal."""
    left = max(width(name) for name in values) + 16
    parts = []
    for row, (name, value) in enumerate(values.items()):
        top = 8 + row * _ROW
        long = number(_BAR * min(value, 1.0))
        shape = f'x="{number(left)}" y="{number(top)}" width="{long}"'
        kind = "dg-end" if goal.is_met(value) else "dg-step"
        parts.append(f'<rect class="{kind}" {shape} height="{_HIGH}"/>')
        middle = top + LINE - 4
        parts.append(words((left - 8, middle), (name,), anchor="end"))
        parts.append(words((left + _BAR + 8, middle), (format(value, goal.written),)))
    bottom = 8 + len(values) * _ROW
    at = number(left + _BAR * goal.at)
    parts.append(f'<path d="M{at} 2V{bottom}" stroke-dasharray="4 3"/>')
    parts.append(words((left + _BAR * goal.at, bottom + 12), (goal.label,), anchor="middle"))
    return drawing((left + _BAR + 70, bottom + 20), parts)
