"""The values of those parts of a YAML document that are asked for (YAML 1.2, the core schema).

What other programs keep beside them is left alone, whatever it is.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from credpool.config.yaml_tree import Items, Node, Pairs, Scalar, compose
from credpool.model.errors import BadConfig

_MOST_BUILT: Final = 50_000
_DEEPEST_BUILT: Final = 20
_TAG: Final = "tag:yaml.org,2002:"
_INT: Final = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, object]] = MappingProxyType(
    {
        **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
        **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
        **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
        **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    }
)


def own_values(text: str, names: Collection[str]) -> dict[str, object]:
    """Return the values at the top of a document that have one of the names.

    Raises:
        BadConfig: it is not a mapping, or cannot be read.
    """
    root = compose(text)
    if root is None or is_nothing(root):
        return {}
    if not isinstance(root, Pairs):
        raise BadConfig(str(root.at), "expected a mapping with names at its top")
    return _Builder().mapping(root, 0, names)


def is_nothing(node: Node) -> bool:
    """Return whether the node is null, written or not."""
    return (
        isinstance(node, Scalar)
        and node.tag is None
        and node.plain
        and (node.text in _WORDS and _WORDS[node.text] is None)
    )


class _Builder:
    """Makes values of nodes; how many it makes is bounded, however often they are referred to."""

    def __init__(self) -> None:
        self._built = 0

    def mapping(
        self, node: Pairs, depth: int, names: Collection[str] | None = None
    ) -> dict[str, object]:
        """Return the values of a mapping, of some names or of all."""
        found: dict[str, object] = {}
        for key, value in self._effective(node, depth):
            if names is not None and key.text not in names:  # spec: config.others+1
                continue
            if key.text in found:
                raise BadConfig(str(key.at), "the name is given twice; keep one")
            found[_sound(key)] = self._value(value, depth + 1)
        return found

    def _effective(self, node: Pairs, depth: int) -> Iterator[tuple[Scalar, Node]]:
        """Yield the pairs of a mapping, and those that it merges and does not have itself."""
        own = {key.text for key, _ in node.pairs if isinstance(key, Scalar)}
        for key, value in node.pairs:
            self._count(key, depth)
            if not isinstance(key, Scalar):
                if depth > 0:
                    raise BadConfig(str(key.at), "a name is a text, not a list or a mapping")
            elif not (key.plain and key.text == "<<"):
                yield key, value
            else:
                for name, merged in self._merged(value, depth + 1):
                    if name.text not in own:
                        own.add(name.text)
                        yield name, merged

    def _merged(self, node: Node, depth: int) -> Iterator[tuple[Scalar, Node]]:
        self._count(node, depth)
        for source in node.items if isinstance(node, Items) else [node]:
            if not isinstance(source, Pairs):
                raise BadConfig(str(node.at), "only mappings can be merged")
            yield from self._effective(source, depth + 1)

    def _value(self, node: Node, depth: int) -> object:
        self._count(node, depth)
        match node:
            case Scalar():
                return _scalar(node)
            case Items(tag=None):
                return [self._value(item, depth + 1) for item in node.items]
            case Pairs(tag=None):
                return self.mapping(node, depth)
            case _:
                raise _unknown_tag(node)

    def _count(self, node: Node, depth: int) -> None:
        self._built += 1
        if depth > _DEEPEST_BUILT:
            raise BadConfig(str(node.at), "nested too deep, or within itself; write it out")
        if self._built > _MOST_BUILT:
            what = f"more than {_MOST_BUILT:,} values, each reference counted; write less"
            raise BadConfig(str(node.at), what)


def _scalar(node: Scalar) -> object:
    if node.tag is None:
        return _resolved(_sound(node)) if node.plain else _sound(node)
    make = _MAKERS.get(node.tag)
    if make is None:
        raise _unknown_tag(node)
    found = make(_sound(node))
    if isinstance(found, _Nothing):
        raise BadConfig(str(node.at), "the value is not what its tag says; correct either")
    return found


def _resolved(text: str) -> object:
    """Return the value of a plain scalar, by the core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text.startswith("0") and text[1:2] in "ox" else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _sound(node: Scalar) -> str:
    """Return the text, if it can be written anywhere."""
    if any("\ud800" <= character <= "\udfff" for character in node.text):
        raise BadConfig(str(node.at), "half a character, such as \\ud800; write the whole one")
    return node.text


class _Nothing:
    """The description of a text that its tag does not allow."""


def _of(*types: type) -> Callable[[str], object]:
    def make(text: str) -> object:
        found = _resolved(text)
        return found if type(found) in types else _Nothing()

    return make


def _float(text: str) -> object:
    found = _of(int, float)(text)
    return float(found) if isinstance(found, int) else found


_MAKERS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "!": str,
        f"{_TAG}str": str,
        f"{_TAG}int": _of(int),
        f"{_TAG}float": _float,
        f"{_TAG}bool": _of(bool),
        f"{_TAG}null": _of(type(None)),
    }
)


def _unknown_tag(node: Node) -> BadConfig:
    return BadConfig(str(node.at), "a tag that is not known here; write the value itself")
