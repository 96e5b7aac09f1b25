"""Compute the verdict of a run from its checks: the suite's word, and never the testee's.

`conformant` needs every required check to have run and passed, and every MUST to be exercised.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.reporting.failing import Failing, checks_in_words, failing, needed
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.record import ending
from credpool_conformance.reporting.unlisted import unlisted
from credpool_conformance.scenarios.profile import WHOLE, Profile, not_in
from credpool_conformance.specification.requirements import Requirements


class Verdict(Enum):
    """The verdict on the testee."""

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
    waiting: int = 0
    """How many checks came to no conclusion, or were not verified, for a reason that is not listed."""
    unreached: tuple[str, ...] = ()
    """The missing MUSTs that no such reason explains."""
    failing: tuple[Failing, ...] = ()
    unknown: tuple[str, ...] = ()
    """The MUSTs that are broken and on no list of known failures."""
    stale: tuple[str, ...] = ()
    """Where a list of known failures names what is not broken."""
    unlisted: tuple[str, ...] = ()
    """The failures that the list of known failures lacks, line by line, if there is such a list."""
    prerequisites: tuple[str, ...] = ()
    """The checks that were not asked for, and ran because the charge of another rests on them."""

    @property
    def good(self) -> bool:
        """Tell whether nothing went wrong that was not known to."""
        listed = not self.unknown and not self.stale and not self.waiting
        return listed and not any(self.counts.get(outcome.value) for outcome in _NEVER_LISTED)

    @property
    def accepted(self) -> bool:
        """Tell whether a run may exit with 0: what is listed is let through, and no other gap."""
        return self.good and not self.unreached and self.verdict is not Verdict.ERROR


_BAD: Final = (
    Outcome.FAIL,
    Outcome.HARNESS_ERROR,
    Outcome.UNVERIFIED,
    Outcome.INCONCLUSIVE,
)
_NEVER_LISTED: Final = (Outcome.FAIL, Outcome.HARNESS_ERROR, Outcome.UNEXPECTED_PASS)
_OPEN: Final = (Outcome.UNVERIFIED, Outcome.INCONCLUSIVE)
_KNOWN: Final = (Outcome.EXPECTED_FAIL, Outcome.UNEXPECTED_PASS)
_FAILED: Final = (Outcome.FAIL, Outcome.EXPECTED_FAIL)
_RAN: Final = (Outcome.PASS, Outcome.FAIL, Outcome.WARN, *_KNOWN)
_BEGUN: Final = (*_RAN, Outcome.INCONCLUSIVE, Outcome.HARNESS_ERROR)


def summarise(
    checks: Sequence[Check],
    requirements: Requirements,
    features: frozenset[str],
    *,
    filtered: bool,
    known: KnownFailures | None = None,
    profile: Profile = WHOLE,
    prerequisites: tuple[str, ...] = (),
) -> Summary:
    """Count the checks and come to a verdict on a pool with these features, of this profile."""
    counts = Counter(check.outcome.value for check in checks)
    coverage = _coverage(checks, requirements, features, profile)
    missing = () if filtered else tuple(i for i in coverage.unexercised if requirements.binds([i]))
    listed = known or KnownFailures()
    broken = _broken(checks, requirements, listed)
    binding = [found for found in broken if found.binding]
    waiting, explained = _gaps(checks, broken, listed)
    unreached = tuple(item for item in missing if item not in explained)
    unknown = tuple(found.requirement for found in binding if not found.known)
    verdict, reasons = _verdict(counts, len(missing), len(binding), filtered=filtered)
    return Summary(
        verdict=verdict,
        reasons=reasons,
        checks=len(checks),
        counts=counts,
        coverage=coverage,
        missing=missing,
        waiting=len(waiting),
        unreached=unreached,
        failing=broken,
        unknown=unknown,
        stale=listed.stale(checks, whole=not filtered),
        unlisted=unlisted(checks, waiting, unknown, unreached) if listed.path else (),
        prerequisites=prerequisites,
    )


def _broken(
    checks: Sequence[Check], requirements: Requirements, known: KnownFailures
) -> tuple[Failing, ...]:
    """List what is broken, the worst first."""
    found = failing(map(ending, checks))
    return tuple(_told(one, checks, requirements, known) for one in found)


def _told(
    found: Failing, checks: Sequence[Check], requirements: Requirements, known: KnownFailures
) -> Failing:
    """Add what the specification says of a broken requirement, and whether it is a known failure."""
    listed = _is_known(found, checks, known)
    told = requirements.known.get(found.requirement)
    if told is None:
        return replace(found, known=listed)
    return replace(
        found,
        reference=told.reference,
        text=told.text,
        consequence=told.consequence,
        chapter=told.chapter,
        binding=told.binding,
        known=listed,
    )


def _gaps(
    checks: Sequence[Check], broken: Sequence[Failing], known: KnownFailures
) -> tuple[list[Check], set[str]]:
    """Find the open checks that nothing listed explains, and name what the others verify."""
    excused = {found.requirement for found in broken if found.known}
    open_ = [check for check in checks if check.outcome in _OPEN]
    needs = {check.scenario.id: needed(ending(check)) or "" for check in open_}
    left = [
        c for c in open_ if (id_ := needs[c.scenario.id]) not in excused and not known.covers(id_)
    ]
    explained = [check for check in open_ if check not in left]
    verified = {reference for check in explained for reference in check.scenario.verifies}
    return left, verified


def _is_known(found: Failing, checks: Sequence[Check], known: KnownFailures) -> bool:
    """Tell whether a broken requirement is listed: by its own name, or by all its own checks."""
    if found.requirement in known.requirements:
        return True
    ended = {check.scenario.id: check.outcome for check in checks}
    listed = all(ended[id_] is Outcome.EXPECTED_FAIL for id_ in found.own)
    return listed and (bool(found.own) or known.covers(found.requirement))


def _verdict(
    counts: Counter[str], missing: int, broken: int, *, filtered: bool
) -> tuple[Verdict, tuple[str, ...]]:
    begun = sum(counts[outcome.value] for outcome in _BEGUN)
    ended = begun - counts[Outcome.HARNESS_ERROR.value]
    reasons = tuple(f"{counts[o.value]} × {o.value}" for o in (*_BAD, *_KNOWN) if counts[o.value])
    if not ended:
        what = "no check came to its end" if begun else "no check ran"
        return Verdict.ERROR, (what, *reasons)
    if filtered:
        return Verdict.FILTERED, (f"{checks_in_words(begun)} ran, not all of them", *reasons)
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


def _is_left_out(check: Check, profile: Profile) -> bool:
    """Tell whether a check says what the pool did not declare, or lies outside its profile."""
    left_out = check.outcome is Outcome.NOT_APPLICABLE
    return left_out and (check.reason is not None or not_in(check.scenario, profile) is not None)


def _coverage(
    checks: Sequence[Check],
    requirements: Requirements,
    features: frozenset[str],
    profile: Profile,
) -> Coverage:
    due = [check for check in checks if not _is_left_out(check, profile)]
    within = {reference for check in due for reference in check.scenario.verifies}
    outside = {ref for check in checks for ref in check.scenario.verifies} - within
    cited = {ref for check in checks if check.outcome in _RAN for ref in check.scenario.verifies}
    places: dict[str, list[str]] = {name: [] for name in Coverage.__slots__}
    for requirement in requirements.known.values():
        if requirement.reference in cited:
            place = "exercised"
        elif requirement.id in requirements.excluded:
            place = "excluded"
        elif (
            not (requirement.features <= features and profile.includes(requirement.id))
            or requirement.reference in outside
        ):
            place = "not_applicable"
        else:
            place = "unexercised"
        places[place].append(requirement.reference)
    return Coverage(**{name: tuple(sorted(found)) for name, found in places.items()})
