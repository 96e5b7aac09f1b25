"""Compute the verdict of a run from its checks: the suite's word, and never the testee's.

`conformant` needs every required check to have run and passed, and every MUST to be exercised.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from credpool_conformance.requirements import Requirements
from credpool_conformance.runner import Check, Outcome


class Verdict(Enum):
    """What the run says about the testee."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not-conformant"
    INCOMPLETE = "incomplete"
    ERROR = "error"
    FILTERED = "filtered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Where each requirement stands after a run, by its reference."""

    exercised: tuple[str, ...]
    unexercised: tuple[str, ...]
    not_applicable: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The end of a run."""

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: int
    counts: Mapping[str, int]
    coverage: Coverage

    @property
    def good(self) -> bool:
        """Tell whether nothing that ran went wrong."""
        return not any(self.counts.get(outcome.value) for outcome in _BAD)


_BAD: Final = (Outcome.FAIL, Outcome.HARNESS_ERROR, Outcome.UNVERIFIED)
_RAN: Final = (Outcome.PASS, Outcome.FAIL, Outcome.WARN)


def summarise(
    checks: Sequence[Check],
    requirements: Requirements,
    features: frozenset[str],
    *,
    filtered: bool,
) -> Summary:
    """Count the checks and come to a verdict."""
    counts = Counter(check.outcome.value for check in checks)
    coverage = _coverage(checks, requirements, features)
    verdict, reasons = _verdict(counts, coverage, requirements, filtered=filtered)
    return Summary(
        verdict=verdict, reasons=reasons, checks=len(checks), counts=counts, coverage=coverage
    )


def _verdict(
    counts: Counter[str], coverage: Coverage, requirements: Requirements, *, filtered: bool
) -> tuple[Verdict, tuple[str, ...]]:
    ran = sum(counts[outcome.value] for outcome in _RAN)
    bad = tuple(f"{counts[o.value]} × {o.value}" for o in _BAD if counts[o.value])
    if not ran:
        return Verdict.ERROR, ("no check ran", *bad)
    if filtered:
        return Verdict.FILTERED, (f"{ran} checks ran, not all of them", *bad)
    if counts[Outcome.FAIL.value]:
        return Verdict.NOT_CONFORMANT, bad
    missing = [item for item in coverage.unexercised if requirements.binds([item])]
    if missing:
        bad = (*bad, f"{len(missing)} × MUST not exercised")
    return (Verdict.INCOMPLETE, bad) if bad else (Verdict.CONFORMANT, ())


def _coverage(
    checks: Sequence[Check], requirements: Requirements, features: frozenset[str]
) -> Coverage:
    cited = {ref for check in checks if check.outcome in _RAN for ref in check.scenario.verifies}
    places: dict[str, list[str]] = {name: [] for name in Coverage.__slots__}
    for requirement in requirements.known.values():
        if requirement.reference in cited:
            place = "exercised"
        elif requirement.id in requirements.excluded:
            place = "excluded"
        elif requirement.feature not in features:
            place = "not_applicable"
        else:
            place = "unexercised"
        places[place].append(requirement.reference)
    return Coverage(**{name: tuple(sorted(found)) for name, found in places.items()})
