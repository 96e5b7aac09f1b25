"""Keep account of one check: each difference once, with the requirement whose it is.

The check fails only if that is one which it verifies.  It is inconclusive if the requests left the
plan before its subject was reached, or if all that can be seen follows from another fault.
What differs is named by `check_charges`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.charging.state import Wrong
from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.profile import Profile
from credpool_conformance.scenarios.scenario import Release, Scenario
from credpool_conformance.specification.charges import table

_FIRST: Final = frozenset({"order", "out", "nothing"})
_CAUSES: Final = frozenset({"status", "killed", "until", "models", "class", "ids", "counts"})
_FOLLOW: Final = frozenset({*_FIRST, "events", "store", "listing", "exhausted", "returns"})
_STATES: Final = frozenset({"status", "killed", "until"})
_STEPS: Final = frozenset({"same", "on", "after", "target", "endless"})
_IN_PLACE: Final = (
    'the pool is a gateway that repeats a 5xx by itself, and declares `"retries_faults": true`'
)
_SAFE: Final = (
    "security.",
    "exhaust.same-provider",
    "affinity.private",
    "request.",
    "oauth.refresh-token.apart",
    "oauth.access-token.apart",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference and the requirement whose it is; a note on the adapter has none."""

    phase: int
    kind: str
    requirement: str | None
    others: tuple[str, ...] = ()
    """The other requirements of the check that this difference may break as well."""
    severity: str
    expected: Json
    actual: Json
    about: str | None = None
    """The class of the reply that the pool took for another one's, if that is what happened."""
    unless: str | None = None
    """The declarations under which this is no breach."""


class Account:
    """The account of one check; `now` is the number of the phase that is judged."""

    def __init__(self, scenario: Scenario, profile: Profile, binds: Callable[[str], bool]) -> None:
        """Begin with nothing charged; `binds` tells which requirements are for this pool at all."""
        self.findings: list[Finding] = []
        self.derailed: Finding | None = None
        """Why the requests left the plan."""
        self.now = 0
        self.in_place = False
        """Whether this phase sends a request again in place after a fault, as a gateway may."""
        self._scenario = scenario
        self._profile = profile
        self._binds = binds
        self._unsure: Finding | None = None
        self._states: dict[str, Finding] = {}
        self._subject = _subject(scenario)

    def is_mine(self, kind: str, owners: Sequence[str]) -> bool:
        """Tell whether a difference would break what the check verifies."""
        return any(id_ in self._scenario.ids for id_ in self._owners(kind, owners))

    def charge(self, number: int, wrong: Wrong, *, blocks: bool = False) -> None:
        """Charge a difference to a verified requirement that it decides, or else to its owner."""
        kind = wrong.charge.kind
        if kind in self._profile.untold:
            return
        if kind in _STATES and (cause := self._states.get(_entry(wrong))) and cause.phase < number:
            self._unsure = self._unsure or cause
            return
        if kind in _FOLLOW and (cause := self._cause()):
            if kind in _FIRST:
                self.derailed = self.derailed or cause
            self._unsure = self._unsure or cause
            return
        finding = self._entered(number, wrong)
        if kind in _STATES:
            self._states.setdefault(_entry(wrong), finding)
        if blocks and self.derailed is None:
            self.derailed = finding

    def _entered(self, number: int, wrong: Wrong) -> Finding:
        """Enter a difference, once for each owner and kind."""
        kind = wrong.charge.kind
        found = self._owners(kind, wrong.charge.owners)
        binding = [id_ for id_ in found if self._binds(id_)]
        owner, others = next(iter(binding), None), binding[1:]
        known = any((f.requirement, f.kind) == (owner, kind) for f in self.findings)
        finding = Finding(
            phase=number,
            kind=kind,
            requirement=owner,
            others=tuple(others if owner else found),
            severity=table().severity(owner, kind) if owner else "telling",
            expected=wrong.expected,
            actual=wrong.actual,
            about=wrong.charge.about,
            unless=_IN_PLACE if self.in_place and kind in _STEPS else table().kinds[kind].unless,
        )
        if not known:
            self.findings.append(finding)
        return finding

    @property
    def cause(self) -> Finding | None:
        """Find why not everything could be compared."""
        return self.derailed or self._unsure

    def outcome(self, *, complete: bool) -> tuple[str, str | None]:
        """Say how the check ended, and what it needs first if it came to no conclusion.

        A check of what may never be sent has come to its subject when it is `complete`: all that was to
        be sent was sent, whatever came between.
        """
        if any(finding.requirement in self._scenario.ids for finding in self.findings):
            return "fail", None
        reached = all(
            id_.startswith(_SAFE) and id_ != "security.redirect.reply" for id_ in self._scenario.ids
        )
        cause = self._unsure if reached and complete else self.cause
        if cause is None:
            return "pass", None
        if cause.requirement is None:
            rules = " or ".join(cause.others) or "a call without repeats"
            return "not-applicable", f"needs {rules}, which is not for this pool"
        return "inconclusive", f"needs {cause.requirement} first"

    def _cause(self) -> Finding | None:
        """Find a fault of another requirement from which the rest may follow."""
        found = (
            f
            for f in self.findings
            if f.kind in _CAUSES and f.requirement not in self._scenario.ids
        )
        return next(found, None)

    def _owners(self, kind: str, owners: Sequence[str]) -> list[str]:
        """List the verified requirements that a difference can break; if there are none, its owner."""
        mine = [id_ for id_ in owners if id_ in self._scenario.ids and not self._is_early(id_)]
        mine += [id_ for id_ in self._scenario.ids if self._decides(id_, kind)]
        return [*dict.fromkeys(mine)] or [*owners[:1]]

    def _is_early(self, requirement: str) -> bool:
        """Tell whether this phase only sets the scene for a requirement."""
        return table().rule(requirement).late and 0 < self.now < self._subject

    def _decides(self, requirement: str, kind: str) -> bool:
        if kind in self._scenario.decides:
            return True
        return not self._is_early(requirement) and table().decides(requirement, kind)


def _subject(scenario: Scenario) -> int:
    """Find the phase that a `late` requirement is about: a held reply's release, or the last."""
    phases = enumerate(scenario.phases, 1)
    releases = (number for number, phase in phases if isinstance(phase.action, Release))
    return next(releases, sum(phase.back is None for phase in scenario.phases))


def _entry(wrong: Wrong) -> str:
    """Name the entry whose state is wrong: what it is in a later phase follows from that."""
    return str(wrong.actual).partition(":")[0]
