"""Measure and wrap text, and write the parts of a drawing as SVG.

A drawing has no colours of its own: it takes those of the page around it, and where it stands alone,
as in a chapter on a forge, black or white. Its text can be selected and searched.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

FOLDER: Final = "docs/assets/diagrams"
SIZE: Final = 13
LINE: Final = 17
_BOLD: Final = 1.07
_NARROW: Final = frozenset("iljtfrI.,:;'|!()[]{} ")
_WIDE: Final = frozenset("mwMW@—…")
_TEXT: Final = re.compile(r"<text.*?</text>")
_BOLDER: Final = ' font-weight="600"'
_ENDED: Final = ' marker-end="url(#dg-head)"'
_STYLE: Final = (
    "<style>.dg{color:#1b2a2f}@media (prefers-color-scheme:dark){.dg{color:#dfe7e9}}</style>"
)
_HEADS: Final = (
    '<defs><marker id="dg-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
    'markerHeight="8" orient="auto-start-reverse"><path d="M0 .5 8 4 0 7.5z" '
    'fill="currentColor"/></marker></defs>'
)


def figure(content: str, label: str, *, scrolls: bool = True) -> str:
    """Put a drawing, or the line that takes one in, on a page."""
    focus = ' tabindex="0"' if scrolls else ""  # what scrolls can be reached by the keyboard
    opened = f'<figure class="diagram" role="group" aria-label="{escape(label)}"{focus}>'
    return f"{opened}\n{content}\n</figure>"


def width(text: str, *, bold: bool = False) -> float:
    """Estimate how wide a text is, rather too wide than too narrow."""
    ems = sum(
        0.33 if c in _NARROW else 0.92 if c in _WIDE else 0.7 if c.isupper() else 0.58 for c in text
    )
    return ems * SIZE * (_BOLD if bold else 1)


def wrap(text: str, most: int) -> tuple[str, ...]:
    """Break a text into lines of about as many letters, between words."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def drawing(size: tuple[float, float], parts: Iterable[str], *, alone: bool = False) -> str:
    """Put a drawing together, in one line, its words above its lines.

    One that may stand `alone` brings its own black and white.
    """
    wide, high = (number(value) for value in size)
    least = number(0.62 * size[0])
    head = (
        f'<svg class="dg" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
        f'width="{wide}" style="min-width:{least}px" font-family="system-ui,sans-serif" '
        f'font-size="{SIZE}" fill="none" stroke="currentColor">'
    )
    drawn = "".join(parts)
    said = "".join(_TEXT.findall(drawn))
    words = f'<g fill="currentColor" stroke="none">{said}</g>'
    return "".join([head, _STYLE if alone else "", _HEADS, _TEXT.sub("", drawn), words, "</svg>"])


def words(at: tuple[float, float], lines: Sequence[str], *, bold: int = 0, anchor: str = "") -> str:
    """Write lines of text, the first of them below `at`, some of them bold."""
    x, y = at
    place = f' text-anchor="{anchor}"' if anchor else ""
    rows = [
        f'<text x="{number(x)}" y="{number(y + index * LINE)}"{place}'
        f"{_BOLDER if index < bold else ''}>{escape(line, quote=False)}</text>"
        for index, line in enumerate(lines)
    ]
    return "".join(rows)


def path(d: str, *, dashed: bool = False, head: bool = True) -> str:
    """Write a line, with its arrow head."""
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<path d="{d}"{dashes}{_ENDED if head else ""}/>'


def number(value: float) -> str:
    """Write a number as shortly as a drawing needs it."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
