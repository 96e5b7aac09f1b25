"""Compute the verdict of a run from its checks: the suite's word, and never the testee's.

`conformant` needs every required check to have run and passed, and every MUST to be exercised.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from credpool_conformance.book.yaml_lines import Json
from credpool_conformance.failing import Failing, failing
from credpool_conformance.known_failures import KnownFailures
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
    failing: tuple[Failing, ...] = ()
    unknown: tuple[str, ...] = ()
    """The MUSTs that are broken and on no list of known failures."""
    stale: tuple[str, ...] = ()
    """Where a list of known failures names what is not broken."""

    @property
    def good(self) -> bool:
        """Tell whether nothing went wrong that was not known to."""
        bad = (*_BAD, Outcome.UNEXPECTED_PASS)
        return not self.unknown and not self.stale and not any(self.counts.get(outcome.value) for outcome in bad)

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
    known: KnownFailures | None = None,
) -> Summary:
    """Count the checks and come to a verdict."""
    counts = Counter(check.outcome.value for check in checks)
    coverage = _coverage(checks, requirements, features)
    unexercised = [] if filtered else coverage.unexercised
    missing = tuple(item for item in unexercised if requirements.binds([item]))
    broken = failing([record(check) for check in checks])
    binding = [found for found in broken if requirements.obliges(found.requirement)]
    listed = known or KnownFailures()
    verdict, reasons = _verdict(counts, len(missing), len(binding), filtered=filtered)
    return Summary(
        verdict=verdict,
        reasons=reasons,
        checks=len(checks),
        counts=counts,
        coverage=coverage,
        missing=missing,
        failing=broken,
        unknown=tuple(found.requirement for found in binding if not _is_known(found, checks, listed)),
        stale=listed.stale(checks),
    )


def record(check: Check) -> dict[str, Json]:
    """Write of a check what says which requirements it found broken."""
    findings: list[Json] = [
        {"requirement": f.requirement, "kind": f.kind, "severity": f.severity} for f in check.findings
    ]
    verifies: list[Json] = [*check.scenario.verifies]
    ended = check.outcome.value
    return {"id": check.scenario.id, "outcome": ended, "verifies": verifies, "findings": findings}


def _is_known(found: Failing, checks: Sequence[Check], known: KnownFailures) -> bool:
    """Tell whether a broken requirement is listed: by its own name, or by all its own checks."""
    if found.requirement in known.requirements:
        return True
    ended = {check.scenario.id: check.outcome for check in checks}
    return bool(found.own) and all(ended[id_] is Outcome.EXPECTED_FAIL for id_ in found.own)


def _verdict(
    counts: Counter[str], missing: int, broken: int, *, filtered: bool
) -> tuple[Verdict, tuple[str, ...]]:
    ran = sum(counts[outcome.value] for outcome in _RAN)
    reasons = tuple(f"{counts[o.value]} × {o.value}" for o in (*_BAD, *_KNOWN) if counts[o.value])
    if not ran:
        return Verdict.ERROR, ("no check ran", *reasons)
    if filtered:
        return Verdict.FILTERED, (f"{ran} checks ran, not all of them", *reasons)
    if broken:
        reasons = (f"{broken} × MUST broken", *reasons)
    if missing:
        reasons = (*reasons, f"{missing} × MUST not exercised")
    # A list of known failures changes no verdict: what it lists failed, what it is wrong about passed.
    if broken or any(counts[outcome.value] for outcome in _FAILED):
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
