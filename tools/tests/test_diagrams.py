"""A drawing holds what it shows: no box upon another, no word outside its box or the picture."""

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.diagrams.flow import Arrow, Box, flow
from tools.diagrams.sequence import Message, Note, sequence
from tools.diagrams.svg import FOLDER, width, wrap

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).parents[2]
DRAWINGS = sorted((ROOT / FOLDER).glob("*.svg"))


def read(drawing: str) -> ET.Element:
    """Parse a drawing."""
    return ET.fromstring(drawing)  # noqa: S314  ours


def size(svg: ET.Element) -> tuple[float, float]:
    """Return how wide and how high it is."""
    _, _, wide, high = map(float, svg.attrib["viewBox"].split())
    return wide, high


def boxes(svg: ET.Element) -> list[tuple[float, float, float, float]]:
    """Return the rectangles, as their edges: left, top, right, bottom."""
    found = []
    for rect in svg.iter(f"{SVG}rect"):
        x, y, wide, high = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x, y, x + wide, y + high))
    return found


def test_there_are_drawings() -> None:
    """An empty folder would pass every test."""
    assert len(DRAWINGS) >= 8


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_boxes_stand_apart_and_words_inside_the_picture(path: Path) -> None:
    """What is drawn can be read: in one piece, and within the edges."""
    svg = read(path.read_text(encoding="utf-8"))
    wide, high = size(svg)

    for (a, b, c, d), (e, f, g, h) in combinations(boxes(svg), 2):
        assert c <= e or g <= a or d <= f or h <= b
    for left, top, right, bottom in boxes(svg):
        assert min(left, top) >= 0
        assert right <= wide
        assert bottom <= high
    for word in svg.iter(f"{SVG}text"):
        half = {"middle": 0.5, "end": 1.0}.get(word.attrib.get("text-anchor", ""), 0.0)
        start = float(word.attrib["x"]) - half * width(word.text or "")
        assert start >= -1, word.text
        assert start + width(word.text or "") <= wide + 1, word.text


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_has_the_colours_of_its_page(path: Path) -> None:
    """A colour of its own would be lost in the other scheme."""
    text = path.read_text(encoding="utf-8")

    assert not {f'{name}="#' for name in ("fill", "stroke")} & {*text.split()}
    assert "\n\n" not in text  # an empty line ends a block of HTML in Markdown


def test_an_arrow_ends_at_the_side_that_it_comes_from() -> None:
    """Straight where both are in one row or column; over a corner where it is asked."""
    two = (Box("a", (0, 0), ("one",)), Box("b", (1, 1), ("two",)))

    across = read(flow(two, [Arrow("a", "b", "x", "across")]))
    under = read(flow(two, [Arrow("a", "b", "y", "under")]))

    (first,), (second,) = (
        [path.attrib["d"] for path in svg.iter(f"{SVG}path") if "marker-end" in path.attrib]
        for svg in (across, under)
    )
    assert first.index("H") < first.index("V")
    assert second.index("V") < second.index("H")


def test_a_lane_has_room_for_the_longest_message() -> None:
    """Words between two lanes do not reach over a third."""
    said = "a message of some length"
    svg = read(sequence(["a", "b", "c"], [Message("a", "b", said), Note("an hour later")]))
    names = {word.text: float(word.attrib["x"]) for word in svg.iter(f"{SVG}text")}

    assert names["b"] - names["a"] > width(said)


def test_a_text_is_broken_between_words() -> None:
    """No line is longer than asked, unless a single word is."""
    assert wrap("one two three", 8) == ("one two", "three")
    assert wrap("", 8) == ()
