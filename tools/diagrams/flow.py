"""Draw boxes on a grid, and the arrows between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools.diagrams.svg import LINE, drawing, number, path, width, words

_PADDING: Final = 10
_MARGIN: Final = 6
_DOWN: Final = 38
_ACROSS: Final = 30
_CORNER: Final = 9
_LANE: Final = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A box with its lines, the first of them bold, at a column and a row of the grid."""

    name: str
    at: tuple[int, int]
    lines: tuple[str, ...]
    kind: str = "step"
    bold: int = 1


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow: straight where it can be, else over a corner, `down` first, or `across` first.

    One that goes `under` leaves below and enters at a side; one that goes `round` leaves and enters
    at the left, in a lane beside the grid.
    """

    source: str
    target: str
    says: str = ""
    way: str = "down"
    lane: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a box is: its middle and half of its size."""

    x: float
    y: float
    half: float
    rise: float


def flow(
    boxes: Sequence[Box], arrows: Sequence[Arrow], *, gap: float = _DOWN, alone: bool = False
) -> str:
    """Draw the boxes and the arrows, with a gap between the rows."""
    left = _MARGIN + _LANE * max((arrow.lane for arrow in arrows), default=0)
    widths, heights = _sizes(boxes)
    xs = _offsets(widths, left, _across_gap(boxes, arrows))
    ys = _offsets(heights, _MARGIN, gap)
    places = {
        box.name: _Place(
            x=xs[box.at[0]] + widths[box.at[0]] / 2,
            y=ys[box.at[1]] + heights[box.at[1]] / 2,
            half=widths[box.at[0]] / 2,
            rise=heights[box.at[1]] / 2,
        )
        for box in boxes
    }
    size = (
        max(place.x + place.half for place in places.values()) + _MARGIN,
        max(ys[row] + high for row, high in heights.items()) + _MARGIN,
    )
    parts = [_box(box, places[box.name]) for box in boxes]
    parts += [part for arrow in arrows for part in _arrow(arrow, places)]
    return drawing(size, parts, alone=alone)


def _across_gap(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> float:
    """Leave room between the columns for what is written at arrows from side to side."""
    rows = {box.name: box.at[1] for box in boxes}
    beside = [a for a in arrows if rows[a.source] == rows[a.target] or a.way == "across"]
    return max([_ACROSS, *(width(arrow.says) + 22 for arrow in beside)])


def _sizes(boxes: Sequence[Box]) -> tuple[dict[int, float], dict[int, float]]:
    """Return the width of each column and the height of each row."""
    widths: dict[int, float] = {}
    heights: dict[int, float] = {}
    for box in boxes:
        column, row = box.at
        lines = [width(line, bold=index < box.bold) for index, line in enumerate(box.lines)]
        widths[column] = max(widths.get(column, 0), max(lines) + 2 * _PADDING + _CORNER)
        heights[row] = max(heights.get(row, 0), _height(box))
    return widths, heights


def _height(box: Box) -> float:
    return LINE * len(box.lines) + 1.4 * _PADDING


def _offsets(sizes: Mapping[int, float], start: float, gap: float) -> dict[int, float]:
    found: dict[int, float] = {}
    for index in range(max(sizes) + 1):
        found[index] = start
        start += sizes[index] + gap if index in sizes else 0
    return found


def _box(box: Box, place: _Place) -> str:
    left, top = place.x - place.half, place.y - place.rise
    wide, high = 2 * place.half, 2 * place.rise
    if box.kind == "ask":
        edge = wide - 2 * _CORNER
        d = (
            f"M{number(left + _CORNER)} {number(top)}h{number(edge)}l{_CORNER} {number(high / 2)}"
            f"-{_CORNER} {number(high / 2)}h-{number(edge)}l-{_CORNER}-{number(high / 2)}z"
        )
        shape = f'<path class="dg-ask" d="{d}"/>'
    else:
        corner = number(min(high / 2, 16) if box.kind == "end" and high < 3 * LINE else 4)
        shape = (
            f'<rect class="dg-{box.kind}" x="{number(left)}" y="{number(top)}" '
            f'width="{number(wide)}" height="{number(high)}" rx="{corner}"/>'
        )
    first = place.y - LINE * (len(box.lines) - 1) / 2 + 4.5
    return shape + words((place.x, first), box.lines, bold=box.bold, anchor="middle")


def _arrow(arrow: Arrow, places: Mapping[str, _Place]) -> Iterator[str]:
    start, end = places[arrow.source], places[arrow.target]
    if arrow.way == "round":
        lane = _MARGIN + _LANE * (arrow.lane - 1)
        yield path(
            f"M{number(start.x - start.half)} {number(start.y)}H{lane}V{number(end.y)}"
            f"H{number(end.x - end.half)}"
        )
        at = (end.x - end.half - 10, end.y - 6)
        yield words(at, (arrow.says,), anchor="end") if arrow.says else ""
    elif start.y == end.y:
        yield from _straight(arrow, start, end)
    elif arrow.way == "across":
        yield from _across(arrow, start, end)
    elif arrow.way == "under":
        yield from _under(arrow, start, end)
    else:
        yield from _down(arrow, start, end)


def _straight(arrow: Arrow, start: _Place, end: _Place) -> Iterator[str]:
    side = 1 if end.x > start.x else -1
    first, last = start.x + side * start.half, end.x - side * end.half
    yield path(f"M{number(first)} {number(start.y)}H{number(last)}")
    if arrow.says:
        yield words(((first + last) / 2, start.y - 6), (arrow.says,), anchor="middle")


def _across(arrow: Arrow, start: _Place, end: _Place) -> Iterator[str]:
    """Leave at a side, and enter from above or below."""
    side = 1 if end.x > start.x else -1
    below = 1 if end.y > start.y else -1
    first = start.x + side * start.half
    yield path(
        f"M{number(first)} {number(start.y)}H{number(end.x)}V{number(end.y - below * end.rise)}"
    )
    if arrow.says:
        anchor = "start" if side > 0 else "end"
        yield words((first + side * 6, start.y - 6), (arrow.says,), anchor=anchor)


def _under(arrow: Arrow, start: _Place, end: _Place) -> Iterator[str]:
    """Leave below or above, and enter at a side."""
    side = 1 if end.x > start.x else -1
    first = start.y + (1 if end.y > start.y else -1) * start.rise
    last = end.x - side * end.half
    yield path(f"M{number(start.x)} {number(first)}V{number(end.y)}H{number(last)}")
    if arrow.says:
        yield words(
            (start.x + side * 8, end.y - 6), (arrow.says,), anchor="" if side > 0 else "end"
        )


def _down(arrow: Arrow, start: _Place, end: _Place) -> Iterator[str]:
    """Leave below or above, and turn half way, if the boxes are not in one column."""
    below = 1 if end.y > start.y else -1
    first, last = start.y + below * start.rise, end.y - below * end.rise
    turn = (first + last) / 2 if abs(last - first) < 2 * _DOWN else last - below * _DOWN / 2
    bent = f"V{number(turn)}H{number(end.x)}" if start.x != end.x else ""
    yield path(f"M{number(start.x)} {number(first)}{bent}V{number(last)}")
    if arrow.says:
        yield words((end.x + 6, last - below * 8 + 2), (arrow.says,))
