"""Choose the check that shows a requirement to a reader: the one with the least in it.

`spec/examples.yaml` names another check where the smallest one is not telling, and says why a
requirement has no example.  Nothing is played here: see `credpool_conformance.examples`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.book.problems import Problem
from credpool_conformance.book.requirements import CORE, Requirement
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import Json, fields, items, text, violations

_STRING: Final = {"type": "string", "minLength": 1}
_SCHEMA: Final = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {"id": _STRING, "check": _STRING, "none": _STRING},
        "oneOf": [{"required": ["check"]}, {"required": ["none"]}],
    },
}
_FIX: Final = "write a small scenario that shows it, or `none` and why in spec/examples.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a check shows, as text."""

    check: str
    title: str
    text: str


def choices(book: Book) -> Mapping[str, str]:
    """Find the id of the check that shows each requirement; those without an example are left out."""
    chosen: dict[str, str] = {}
    for id_, requirement in book.requirements.items():
        named = _named(book).get(id_, {})
        checks = list(_checks(book, requirement))
        if "check" in named:
            chosen[id_] = text(named["check"])
        elif checks and "none" not in named:
            chosen[id_] = text(min(checks, key=lambda case: _size(case, requirement))["id"])
    return chosen


def missing_example(book: Book, id_: str) -> str:
    """Tell why a requirement has no example, if that is written down."""
    return text(_named(book).get(id_, {}).get("none"))


def choice_problems(book: Book) -> Iterator[Problem]:
    """Find choices that cannot be meant, and requirements of the core that nothing shows."""
    yield from violations(book.examples, _SCHEMA)
    for index, entry in enumerate(map(fields, items(book.examples.data))):
        yield from _choice(book, index, text(entry.get("id")), text(entry.get("check")))
    shown = choices(book)
    for id_, requirement in book.requirements.items():
        reasoned = missing_example(book, id_) or id_ in book.excluded
        if requirement.feature == CORE and id_ not in shown and not reasoned:
            path = f"spec/{requirement.chapter}"
            yield Problem(path, requirement.line, f"{id_} has no example", _FIX)


def _choice(book: Book, index: int, id_: str, check: str) -> Iterator[Problem]:
    where = (index,)
    requirement = book.requirements.get(id_)
    if requirement is None:
        yield book.examples.problem(where, f"{id_} is no requirement", "remove the entry")
    elif check and check not in {text(case["id"]) for case in _checks(book, requirement)}:
        what, fix = f"no check {check} verifies {id_}", "name one that does, with its case"
        yield book.examples.problem(where, what, fix)
    elif [text(fields(entry).get("id")) for entry in items(book.examples.data)].count(id_) > 1:
        yield book.examples.problem(where, f"{id_} stands twice", "keep one")


def _named(book: Book) -> Mapping[str, Mapping[str, Json]]:
    entries = map(fields, items(book.examples.data))
    return {text(entry.get("id")): entry for entry in entries}


def _checks(book: Book, requirement: Requirement) -> Iterator[Mapping[str, Json]]:
    for scenario in book.checks[requirement.id]:
        for case in scenario.cases:
            if requirement.reference in items(case.get("verifies")):
                yield case


def _size(case: Mapping[str, Json], requirement: Requirement) -> tuple[int, int]:
    """Weigh a check: first what has nothing to do with the requirement, then all that happens."""
    strange = set(map(text, items(case.get("features")))) - set(requirement.features)
    phases = [fields(phase) for phase in items(case.get("phases"))]
    requests = sum(len(items(fields(phase.get("expect")).get("attempts"))) for phase in phases)
    entries = items(fields(case.get("given")).get("entries"))
    return len(strange), len(phases) + requests + len(entries) + len(items(case.get("verifies")))
