"""Draw who tells whom what, one after the other: a lane for each, and an arrow for each message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tools.diagrams.svg import LINE, drawing, number, path, width, words, wrap

_MARGIN: Final = 8
_TOP: Final = 26
_LEAST: Final = 84
_LOOP: Final = 26


@dataclass(frozen=True, slots=True)
class Message:
    """An arrow from a lane to another, or to itself."""

    source: str
    target: str
    says: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A line that is said across all lanes."""

    says: str


Step = Message | Note


def sequence(
    lanes: Sequence[str], steps: Sequence[Step], *, most: int = 34, alone: bool = False
) -> str:
    """Draw the lanes from left to right, and the steps from top to bottom."""
    places, right = _places(lanes, steps, most)
    parts: list[str] = []
    y = float(_TOP + 10)
    for step in steps:
        lines = wrap(step.says, most)
        y += LINE * len(lines) + (9 if lines else 13)
        parts.append(_step(step, lines, places, y, right))
    high = y + 14
    return drawing((right, high), [*_lanes(places, high), *parts], alone=alone)


def _places(
    lanes: Sequence[str], steps: Sequence[Step], most: int
) -> tuple[dict[str, float], float]:
    """Give each lane its place, so far apart that every message has room; return the right edge."""
    order = {name: index for index, name in enumerate(lanes)}
    gaps = [_LEAST, *(max(_LEAST, (width(a) + width(b)) / 2 + 20) for a, b in pairwise(lanes)), 0.0]
    gaps[0] = max(width(lanes[0], bold=True) / 2 + _MARGIN, 24)
    last = width(lanes[-1], bold=True) / 2 + _MARGIN
    notes = 0.0
    for step in steps:
        wide = max((width(line) for line in wrap(step.says, most)), default=0) + 18
        if isinstance(step, Note):
            notes = max(notes, wide + _MARGIN)
            continue
        first, end = sorted((order[step.source], order[step.target]))
        if first == end:
            gaps[first + 1] = max(gaps[first + 1], wide + _LOOP)
        elif (lacks := wide - sum(gaps[first + 1 : end + 1])) > 0:
            gaps[end] += lacks
    places = {name: sum(gaps[: index + 1]) for name, index in order.items()}
    return places, max(places[lanes[-1]] + max(last, gaps[-1]), notes)


def _lanes(places: dict[str, float], high: float) -> Iterator[str]:
    names = [words((x, 18), (name,), bold=1, anchor="middle") for name, x in places.items()]
    lines = "".join(f"M{number(x)} {_TOP}V{number(high)}" for x in places.values())
    yield f'{"".join(names)}<path class="dg-lane" stroke-opacity=".35" d="{lines}"/>'


def _step(
    step: Step, lines: Sequence[str], places: dict[str, float], y: float, right: float
) -> str:
    first = y - 5 - LINE * (len(lines) - 1)
    if isinstance(step, Note):
        high = LINE * len(lines) + 4
        top = number(y - high + 2)
        band = f'<path class="dg-note" stroke="none" d="M0 {top}h{number(right)}v{high}H0z"/>'
        return band + words((_MARGIN, first), lines)
    start, end = places[step.source], places[step.target]
    if start == end:
        loop = f"M{number(start)} {number(y - 14)}h{_LOOP - 8}v14H{number(start + 2)}"
        return path(loop, dashed=step.dashed) + words((start + _LOOP, first), lines)
    said = words(((start + end) / 2, first), lines, anchor="middle")
    return path(f"M{number(start)} {number(y)}H{number(end)}", dashed=step.dashed) + said
