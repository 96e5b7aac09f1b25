"""A YAML document as a tree, within bounds and without recursion.

The file belongs to other programs too, so nothing is made of its values here: their tags, dates
and cycles are only noted. No error quotes a value, which may be a secret.
It needs a YAML parser, which is an extra.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from credpool.model.errors import BadConfig

MOST_EVENTS: Final = 15_000
"""How much there may be in a document: about half a second's work."""

MOST_TEXT: Final = 256 * 1024
"""How long it may be, in characters: a parser's work on one tag grows with its square."""

DEEPEST: Final = 100
"""How deep the document may be nested."""

_USUAL: Final = frozenset({"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is in the text, its tag and anchor included."""

    line: int
    column: int
    start: int
    end: int
    anchored: bool

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it is written."""

    at: Place
    text: str = field(repr=False)
    tag: str | None
    plain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list."""

    at: Place
    tag: str | None
    items: list["Node"] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """A mapping; `flow` if it is written in braces."""

    at: Place
    tag: str | None
    flow: bool
    pairs: list[tuple["Node", "Node"]] = field(default_factory=list, repr=False)
    keys: list["Node"] = field(default_factory=list, repr=False)


Node = Scalar | Items | Pairs


def compose(text: str) -> Node | None:
    """Return the document as a tree, or None when there is nothing in it.

    Raises:
        BadConfig: it is no YAML, has more than one document, or is beyond the bounds.
    """
    if len(text) > MOST_TEXT:
        raise BadConfig("the file", "is longer than 256 KiB; keep other programs' data elsewhere")
    composer = _Composer()
    for number, event in enumerate(_events(text)):
        if number >= MOST_EVENTS:
            what = f"holds more than {MOST_EVENTS:,} values; keep other programs' data elsewhere"
            raise BadConfig("the file", what)
        composer.take(event)
    return composer.root


class _Composer:
    """Puts a tree together from events."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Items | Pairs] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def take(self, event: Event) -> None:
        """Add what an event stands for."""
        place = _place(event)
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise BadConfig(str(place), "a second document begins; keep one")
            case ScalarEvent():
                scalar = Scalar(place, event.value, _tag(event.tag), event.style is None)
                self._add(scalar, event)
            case SequenceStartEvent():
                self._begin(Items(place, _tag(event.tag)), event)
            case MappingStartEvent():
                self._begin(Pairs(place, _tag(event.tag), bool(event.flow_style)), event)
            case CollectionEndEvent():
                self._open.pop()
            case AliasEvent():
                self._put(self._named(event, place))
            case _:
                pass

    def _named(self, event: AliasEvent, place: Place) -> Node:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise BadConfig(str(place), "an alias whose anchor is nowhere before it; write it out")
        return found

    def _begin(self, node: Items | Pairs, event: NodeEvent) -> None:
        self._add(node, event)
        self._open.append(node)
        if len(self._open) > DEEPEST:
            raise BadConfig(str(node.at), f"nested more than {DEEPEST} deep; make it flatter")

    def _add(self, node: Node, event: NodeEvent) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._put(node)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        match self._open[-1]:
            case Items(items=items):
                items.append(node)
            case Pairs(pairs=pairs, keys=keys) if keys:
                pairs.append((keys.pop(), node))
            case Pairs(keys=keys):
                keys.append(node)


def _tag(tag: object) -> str | None:
    """Return the tag that is written, unless it says what is so without it."""
    return None if tag is None or str(tag) in _USUAL else str(tag)


def _place(event: Event) -> Place:
    start, end = event.start_mark, event.end_mark
    anchored = isinstance(event, NodeEvent) and event.anchor is not None
    return Place(start.line + 1, start.column + 1, start.index, end.index, anchored)


def _events(text: str) -> Iterator[Event]:
    """Yield the events of a text; what the parser raises becomes an error without the text.

    Raises:
        BadConfig: the text is no YAML.
    """
    line = 1
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            line = event.start_mark.line + 1
            yield event
    except YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        where = (
            f"line {line}" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
        )
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError):
        where = f"line {line} or below"  # the parser's own faults, at an escape or a directive
    else:
        return
    raise BadConfig(where, "is no YAML")  # the parser's own words quote the text
