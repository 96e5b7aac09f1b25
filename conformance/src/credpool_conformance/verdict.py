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
    missing: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Tell whether nothing went wrong that was not known to."""
        bad = (*_BAD, Outcome.UNEXPECTED_PASS)
        return not any(self.counts.get(outcome.value) for outcome in bad)

    @property
    def accepted(self) -> bool:
        """Tell whether a run may exit with 0: known failures are let through, gaps are not."""
        whole = self.verdict in (Verdict.CONFORMANT, Verdict.NOT_CONFORMANT) and not self.missing
        return self.good and (whole or self.verdict is Verdict.FILTERED)


_BAD: Final = (
    Outcome.FAIL,
    Outcome.HARNESS_ERROR,
    Outcome.UNVERIFIED,
    Outcome.INCONCLUSIVE,
)
_KNOWN: Final = (Outcome.EXPECTED_FAIL, Outcome.UNEXPECTED_PASS)
_FAILED: Final = (Outcome.FAIL, Outcome.EXPECTED_FAIL)
_RAN: Final = (Outcome.PASS, Outcome.FAIL, Outcome.WARN, *_KNOWN)


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
    unexercised = [] if filtered else coverage.unexercised
    missing = tuple(item for item in unexercised if requirements.binds([item]))
    verdict, reasons = _verdict(counts, len(missing), filtered=filtered)
    return Summary(
        verdict=verdict,
        reasons=reasons,
        checks=len(checks),
        counts=counts,
        coverage=coverage,
        missing=missing,
    )


def _verdict(
    counts: Counter[str], missing: int, *, filtered: bool
) -> tuple[Verdict, tuple[str, ...]]:
    ran = sum(counts[outcome.value] for outcome in _RAN)
    reasons = tuple(f"{counts[o.value]} × {o.value}" for o in (*_BAD, *_KNOWN) if counts[o.value])
    if not ran:
        return Verdict.ERROR, ("no check ran", *reasons)
    if filtered:
        return Verdict.FILTERED, (f"{ran} checks ran, not all of them", *reasons)
    if missing:
        reasons = (*reasons, f"{missing} × MUST not exercised")
    # A list of known failures changes no verdict: what it lists failed, what it is wrong about passed.
    if any(counts[outcome.value] for outcome in _FAILED):
        return Verdict.NOT_CONFORMANT, reasons
    if missing or any(counts[outcome.value] for outcome in _BAD):
        return Verdict.INCOMPLETE, reasons
    return Verdict.CONFORMANT, reasons


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
        elif not requirement.features <= features:
            place = "not_applicable"
        else:
            place = "unexercised"
        places[place].append(requirement.reference)
    return Coverage(**{name: tuple(sorted(found)) for name, found in places.items()})
