"""Name the forms in which a scenario's replies say when a key is back, so that one can stand for another.

A form is where the hint stands and what it looks like: whoever reads `retry-after: 7` reads `600` there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.scenario import Scenario

_KEY: Final = re.compile(r"retry|reset", re.IGNORECASE)
_TEXT: Final = re.compile(r"(try again|retry|reset)\w* (in|at|after) ", re.IGNORECASE)
_LENGTH: Final = re.compile(r"\+(\d+(?:\.\d+)?)")
_SHAPES: Final = (
    ("epoch_ms", re.compile(r"\$epoch_ms|\d{13}$")),
    ("epoch", re.compile(r"\$epoch|\d{10}$")),
    ("iso", re.compile(r"\$iso|\d{4}-\d\d-\d\dT")),
    ("date", re.compile(r"\$date|\w{3}, \d")),
    ("number", re.compile(r"[-+]?[\d.]+$")),
    ("duration", re.compile(r"[\d.]+[a-z]", re.IGNORECASE)),
)


def forms(scenario: Scenario) -> set[tuple[str, str]]:
    """List the forms of the hints in the replies of a scenario."""
    replies = (reply for script in scenario.upstream.values() for reply in script)
    return {form for r in replies for form in (*_forms({**r.headers}), *_forms(r.body))}


def families(scenario: Scenario) -> set[int]:
    """List the families of status, such as 5 for a 503, of a scenario's refusals."""
    replies = (reply for script in scenario.upstream.values() for reply in script)
    return {reply.status // 100 for reply in replies if reply.status >= 400}


def lengths(words: Json) -> set[float]:
    """List the lengths of cooldowns that are written in the state of some entries."""
    return {float(number) for number in _LENGTH.findall(str(words))}


def planned_lengths(scenario: Scenario) -> set[float]:
    """List the lengths of cooldowns that a scenario expects."""
    return {one for phase in scenario.phases for one in lengths(phase.expect.state)}


def _forms(value: Json, key: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _forms(inner, name.lower())
        case list():
            for inner in value:
                yield from _forms(inner, key)
        case None:
            return
        case _ if _KEY.search(key):
            yield key, _shape(str(value))
        case str() if _TEXT.search(value):
            yield "text", ""


def _shape(value: str) -> str:
    shapes: Iterable[str] = (name for name, pattern in _SHAPES if pattern.match(value))
    return next(iter(shapes), "other")
