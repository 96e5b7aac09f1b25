"""Choose the check that shows a requirement to a reader: the one with the least in it.

`spec/examples.yaml` names another check where the smallest one is not telling, and says why a
requirement has no example.  Nothing is played here: see `tools.examples`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.documents import violations
from tools.sources.requirements import CORE, Requirement
from tools.sources.specification import Specification

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
    """A check's example, as text."""

    check: str
    title: str
    text: str


def choices(spec: Specification) -> Mapping[str, str]:
    """Find the id of the check that shows each requirement; those without an example are left out."""
    chosen: dict[str, str] = {}
    for id_, requirement in spec.requirements.items():
        named = _named(spec).get(id_, {})
        checks = list(_checks(spec, requirement))
        if "check" in named:
            chosen[id_] = text(named["check"])
        elif checks and "none" not in named:
            chosen[id_] = text(min(checks, key=lambda case: _size(case, requirement))["id"])
    return chosen


def missing_example(spec: Specification, id_: str) -> str:
    """Tell why a requirement has no example, if that is written down."""
    return text(_named(spec).get(id_, {}).get("none"))


def choice_problems(spec: Specification) -> Iterator[Problem]:
    """Find choices that cannot be meant, and requirements of the core that nothing shows."""
    yield from violations(spec.examples, _SCHEMA)
    for index, entry in enumerate(map(fields, items(spec.examples.data))):
        yield from _choice(spec, index, text(entry.get("id")), text(entry.get("check")))
    shown = choices(spec)
    for id_, requirement in spec.requirements.items():
        reasoned = missing_example(spec, id_) or id_ in spec.excluded
        if requirement.feature == CORE and id_ not in shown and not reasoned:
            path = f"spec/{requirement.chapter}"
            yield Problem(path, requirement.line, f"{id_} has no example", _FIX)


def _choice(spec: Specification, index: int, id_: str, check: str) -> Iterator[Problem]:
    where = (index,)
    requirement = spec.requirements.get(id_)
    if requirement is None:
        yield spec.examples.problem(where, f"{id_} is no requirement", "remove the entry")
    elif check and check not in {text(case["id"]) for case in _checks(spec, requirement)}:
        what, fix = f"no check {check} verifies {id_}", "name one that does, with its case"
        yield spec.examples.problem(where, what, fix)
    elif [text(fields(entry).get("id")) for entry in items(spec.examples.data)].count(id_) > 1:
        yield spec.examples.problem(where, f"{id_} is listed twice", "keep one")


def _named(spec: Specification) -> Mapping[str, Mapping[str, Json]]:
    entries = map(fields, items(spec.examples.data))
    return {text(entry.get("id")): entry for entry in entries}


def _checks(spec: Specification, requirement: Requirement) -> Iterator[Mapping[str, Json]]:
    for scenario in spec.checks[requirement.id]:
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
