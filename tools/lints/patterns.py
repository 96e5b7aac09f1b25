"""Check that a pattern means the same in Python, JavaScript, Go (RE2) and Rust.

Spec: classification, "Portable patterns", which has the grammar in words; here it is one expression.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from tools.sources.specification import Specification

SCHEMAS: Final = ("spec/schemas", "conformance/src/credpool_conformance/schemas")
GRAMMAR: Final = "see Portable patterns in spec/classification.md"
MOST_REPEATS: Final = 1000
"""RE2 compiles no more."""

_ITEM: Final = r"[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|\\[\[\]\\^trn-]|[^\[\]\\-]"
_TOKEN: Final = re.compile(
    rf"(?P<set>\[\^?-?(?:{_ITEM})+-?\])"
    r"|(?P<open>\((?:\?:|(?!\?)))"
    r"|(?P<close>\))"
    r"|(?P<either>\|)"
    r"|(?P<repeat>[*+?]|\{[0-9]{1,4}(?:,[0-9]{1,4})?\})"
    r"|(?P<escape>\\[\^$\\.*+?()\[\]{}|trn])"
    r"|(?P<begin>\^)|(?P<end>\$)"
    r"|(?P<literal>[^\^$\\.*+?()\[\]{}|])"
)
_RANGE: Final = re.compile(r"([a-zA-Z0-9])-([a-zA-Z0-9])")
_OPERATORS: Final = ("&&", "--", "~~", "||")
"""Characters that some engines take for an operation on sets."""

_LAST_OF_UTF_16: Final = 0xFFFF
_OPENS: Final = frozenset({"", "open", "either"})
"""Behind what a branch begins."""

_CLOSES: Final = frozenset({"", "close", "either"})
"""Before what a branch ends."""


def pattern_fault(pattern: str) -> str | None:
    """Return what of a pattern is not portable, or None."""
    return next(_faults(pattern), None)


def pattern_problems(spec: Specification) -> Iterator[Problem]:
    """Find what is not portable among the patterns of the tables and of the schemas."""
    for document in spec.tables.values():
        for index, row in enumerate(map(fields, items(fields(document.data).get("rows")))):
            pattern = text(row.get("pattern"))
            fault = pattern_fault(pattern) or _case_fault(pattern) if pattern else None
            if fault:
                yield document.problem(("rows", index, "pattern"), fault, GRAMMAR)
        for name, written in fields(fields(document.data).get("grammar")).items():
            fault = (
                pattern_fault(written) or _case_fault(written) if isinstance(written, str) else None
            )
            if fault:
                yield document.problem(("grammar", name), fault, GRAMMAR)
    for folder in SCHEMAS:
        for path in sorted((spec.root / folder).rglob("*.json")):
            yield from _of_schema(path.relative_to(spec.root).as_posix(), path)


def schema_patterns(schema: Json) -> Iterator[str]:
    """Yield the patterns of a JSON Schema; a property that is called `pattern` is none."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield text(schema["pattern"])
        yield from fields(schema.get("patternProperties"))
    if isinstance(schema, dict | list):
        for part in schema.values() if isinstance(schema, dict) else schema:
            yield from schema_patterns(part)


def _of_schema(name: str, path: Path) -> Iterator[Problem]:
    source = path.read_text(encoding="utf-8")
    for pattern in dict.fromkeys(schema_patterns(json.loads(source))):
        fault = pattern_fault(pattern)
        if fault:
            line = source[: source.find(json.dumps(pattern))].count("\n") + 1
            yield Problem(name, line, fault, GRAMMAR)


def _faults(pattern: str) -> Iterator[str]:
    """Yield the faults of a pattern, the first one first."""
    position, depth, before = 0, 0, ""
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None or token.lastgroup is None:
            yield f"the pattern holds {pattern[position : position + 4]!r}, which is not portable"
            return
        kind, depth = token.lastgroup, depth + _DEPTH.get(token.lastgroup, 0)
        yield from _of_token(kind, token[0])
        yield from _of_neighbours(kind, before, depth)
        if (kind == "begin" and position) or (kind == "end" and token.end() < len(pattern)):
            yield "the pattern has an anchor that is not its first or last character"
        position, before = token.end(), kind
    if depth or before in _OPENS:
        yield "the pattern has a group or an alternative without its end"


_DEPTH: Final[Mapping[str, int]] = {"open": 1, "close": -1}


def _of_token(kind: str, token: str) -> Iterator[str]:
    if kind == "set" and any(first > last for first, last in _RANGE.findall(token)):
        yield f"the range in {token} is empty"
    if kind == "set" and any(operator in token for operator in _OPERATORS):
        yield f"the set {token} has what some engines take for an operator"
    if kind == "repeat" and any(int(n) > MOST_REPEATS for n in re.findall("[0-9]+", token)):
        yield f"{token} repeats more than {MOST_REPEATS} times"
    if any(ord(character) > _LAST_OF_UTF_16 for character in token):
        yield f"{token!r} is more than one character to JavaScript"


def _of_neighbours(kind: str, before: str, depth: int) -> Iterator[str]:
    if depth < 0:
        yield "the pattern closes a group that was not opened"
    if kind == "repeat" and before in {*_OPENS, "repeat", "begin", "end"}:
        yield "the pattern repeats nothing, or repeats twice"
    if kind in _CLOSES and before in _OPENS:
        yield "the pattern has an empty alternative"


def _case_fault(pattern: str) -> str | None:
    """Return why case cannot be ignored everywhere alike, or None."""
    letters = [character for character in pattern if character.lower() != character.upper()]
    if any(letter.isupper() or not letter.isascii() for letter in letters):
        return "the pattern has a letter that is not one of a to z; case is ignored for these alone"
    return None
