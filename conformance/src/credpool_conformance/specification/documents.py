"""Read YAML and remember the line of every key and item, so a lint can point at it.

Dates stay text, because JSON Schema knows no dates; a key given twice is an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import jsonschema
import yaml

from credpool_conformance.json_values import Json
from credpool_conformance.problems import Problem, UnreadableError

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML without libyaml: slower, and otherwise the same
    from yaml import SafeLoader  # type: ignore[assignment]

Where: TypeAlias = tuple[str | int, ...]
_REMEMBERED: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file: its data, and the line each part of it stands on."""

    path: str
    data: Json
    lines: Mapping[Where, int]

    def line(self, *where: str | int) -> int:
        """Find the line of a part, or of the nearest part around it."""
        for end in range(len(where), 0, -1):
            if where[:end] in self.lines:
                return self.lines[where[:end]]
        return 1

    def problem(self, where: Where, what: str, fix: str) -> Problem:
        """Report a fault of the part at `where`."""
        return Problem(self.path, self.line(*where), what, fix)


@lru_cache(maxsize=_REMEMBERED)
def parse(path: str, source: str) -> Document:
    """Parse one YAML document; the same text gives the same document.

    Raises: UnreadableError when it is not YAML, or a key is given twice.
    """
    lines: dict[Where, int] = {}
    try:
        loader = _Loader(source)
        node = loader.get_single_node()
        data = _build(loader, node, (), lines) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = Problem(
            path, mark.line + 1 if mark else 1, str(error.problem), "write valid YAML"
        )
        raise UnreadableError(problem) from error
    except yaml.YAMLError as error:
        raise UnreadableError(Problem(path, 1, str(error), "write valid YAML")) from error
    return Document(path=path, data=data, lines=lines)


def violations(document: Document, schema: Mapping[str, object]) -> Iterator[Problem]:
    """Check a document against a JSON Schema and point at the line of each fault."""
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(document.data), key=lambda found: found.json_path):
        leaf = jsonschema.exceptions.best_match([error])
        where: Where = tuple(leaf.absolute_path)
        name = leaf.json_path.removeprefix("$").removeprefix(".") or "the file"
        schema_path = "/".join(map(str, leaf.absolute_schema_path))
        yield document.problem(where, f"{name}: {leaf.message}", f"see {schema_path} of its schema")


class _Loader(SafeLoader):
    """The safe loader without dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in SafeLoader.yaml_implicit_resolvers.items()
}


def _build(loader: _Loader, node: yaml.Node, where: Where, lines: dict[Where, int]) -> Json:
    match node:
        case yaml.MappingNode():
            return _build_mapping(loader, node, where, lines)
        case yaml.SequenceNode():
            sequence: list[Json] = []
            for index, child in enumerate(node.value):
                lines[*where, index] = child.start_mark.line + 1
                sequence.append(_build(loader, child, (*where, index), lines))
            return sequence
        case _:
            scalar: Json = loader.construct_object(node)
            return scalar


def _build_mapping(
    loader: _Loader, node: yaml.MappingNode, where: Where, lines: dict[Where, int]
) -> dict[str, Json]:
    mapping: dict[str, Json] = {}
    for key_node, child in node.value:
        key = str(loader.construct_object(key_node))
        if key in mapping:
            mark = key_node.start_mark
            raise yaml.MarkedYAMLError(problem=f"key {key!r} is given twice", problem_mark=mark)
        lines[*where, key] = key_node.start_mark.line + 1
        mapping[key] = _build(loader, child, (*where, key), lines)
    return mapping
