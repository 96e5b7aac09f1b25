"""Draw goodput as bars, in the house's style: no colours of its own, words that can be selected."""

from collections.abc import Mapping
from typing import Final

from tools.diagrams.svg import LINE, drawing, number, width, words

_BAR: Final = 300
_HIGH: Final = 18
_ROW: Final = 26
_GOOD: Final = 0.98


def bars(values: Mapping[str, float]) -> str:
    """Draw one bar for each value from 0 to 1, and a line at 0.98."""
    left = max(width(name) for name in values) + 16
    parts = []
    for row, (name, value) in enumerate(values.items()):
        top = 8 + row * _ROW
        shape = f'x="{number(left)}" y="{number(top)}" width="{number(_BAR * value)}"'
        kind = "dg-end" if value >= _GOOD else "dg-step"
        parts.append(f'<rect class="{kind}" {shape} height="{_HIGH}"/>')
        middle = top + LINE - 4
        parts.append(words((left - 8, middle), (name,), anchor="end"))
        parts.append(words((left + _BAR + 8, middle), (f"{value:.3f}",)))
    bottom = 8 + len(values) * _ROW
    at = number(left + _BAR * _GOOD)
    parts.append(f'<path d="M{at} 2V{bottom}" stroke-dasharray="4 3"/>')
    parts.append(
        words((left + _BAR * _GOOD, bottom + 12), ("0.98 of the capacity",), anchor="middle")
    )
    return drawing((left + _BAR + 70, bottom + 20), parts)
