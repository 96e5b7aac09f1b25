"""Run scenarios against a testee, one after the other, and make a check of each.

A testee that breaks the protocol costs one check and is started again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from time import perf_counter
from typing import Final, TypeAlias

from credpool_conformance.book.yaml_lines import items
from credpool_conformance.canary import Canaries
from credpool_conformance.clock import Clock, MachineClock, VirtualClock
from credpool_conformance.coming_back import asked_back
from credpool_conformance.drive import Drive
from credpool_conformance.faults import HarnessError
from credpool_conformance.judge import judge
from credpool_conformance.judging.account import Finding
from credpool_conformance.judging.ledger import Ledger
from credpool_conformance.judging.safety import leaks
from credpool_conformance.judging.state import Wrong
from credpool_conformance.judging.step import Charge
from credpool_conformance.mock import Mock
from credpool_conformance.observed import Observed
from credpool_conformance.profile import not_in
from credpool_conformance.real_clock import moved
from credpool_conformance.registry import Registry
from credpool_conformance.requirements import Requirements
from credpool_conformance.scenario import Phase, Scenario
from credpool_conformance.session import Manifest, Session
from credpool_conformance.situation import Situation

_MOST_COSTLY_FAULTS: Final = 5

Witness: TypeAlias = Callable[[Situation, Phase, Observed], None]


class Outcome(Enum):
    """How a check ended.  The last two are given by a list of known failures only."""

    PASS = "pass"  # noqa: S105 (not a password)
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    UNVERIFIED = "unverified"
    INCONCLUSIVE = "inconclusive"
    HARNESS_ERROR = "harness-error"
    EXCLUDED = "excluded"
    EXPECTED_FAIL = "expected-fail"
    UNEXPECTED_PASS = "unexpected-pass"  # noqa: S105 (nor is this)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A scenario and what became of it."""

    scenario: Scenario
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    followed: frozenset[str] = frozenset()
    """The classes of the replies after which the testee did what was planned."""
    trace: tuple[str, ...] = field(default_factory=tuple)
    stderr: str = ""
    duration: float = 0.0

    @property
    def verified(self) -> frozenset[str]:
        """The ids of the requirements that the check verifies."""
        return frozenset(reference.partition("+")[0] for reference in self.scenario.verifies)

    @property
    def own(self) -> tuple[Finding, ...]:
        """What belongs to a requirement that the check verifies."""
        return tuple(found for found in self.findings if found.requirement in self.verified)


class Runner:
    """Everything that outlives a scenario: the session, the mock and the patience."""

    def __init__(
        self,
        session: Session,
        mock: Mock,
        registry: Registry,
        requirements: Requirements,
        witness: Witness | None = None,
    ) -> None:
        """Begin with all the patience there is; a witness sees each phase before it is judged."""
        self._session = session
        self._mock = mock
        self._registry = registry
        self._requirements = requirements
        self._witness = witness
        self._costly_faults = 0

    def run(self, scenarios: Iterable[Scenario]) -> Iterator[Check]:
        """Make a check of each scenario, whatever the testee does; one that never starts has one."""
        for scenario in scenarios:
            begun = perf_counter()
            check = self._check(scenario)
            yield _timed(check, perf_counter() - begun)
            if check.outcome is Outcome.HARNESS_ERROR and self._session.manifest is None:
                return

    def _check(self, scenario: Scenario) -> Check:
        excluded = self._exclusion(scenario)
        if excluded:
            return Check(scenario=scenario, outcome=Outcome.EXCLUDED, reason=excluded)
        if self._costly_faults >= _MOST_COSTLY_FAULTS:
            reason = f"given up after {_MOST_COSTLY_FAULTS} starts or replies that did not come"
            return Check(scenario=scenario, outcome=Outcome.UNVERIFIED, reason=reason)
        situation: Situation | None = None
        try:
            manifest = self._session.ensure()
            check = _not_due(scenario, manifest)
            if check is None:
                asked = self._asked(scenario, manifest)
                asked, clock = self._for_its_clock(asked, manifest)
                provider = self._registry.provider(asked.given.provider)
                situation = Situation(asked, provider, self._mock.urls, clock)
                check = replace(self._play(asked, situation, manifest), scenario=scenario)
        except HarnessError as error:
            self._mock.release_all()
            self._costly_faults = self._costly_faults + 1 if error.costly else 0
            check = Check(
                scenario=scenario,
                outcome=Outcome.HARNESS_ERROR,
                reason=error.what,
                trace=situation.trace.lines if situation else (),
                stderr=self._session.abandon(),
            )
        else:
            self._costly_faults = 0
        finally:
            if situation:
                situation.close()
        return _without_secrets(check, situation.canaries) if situation else check

    @staticmethod
    def _asked(scenario: Scenario, manifest: Manifest) -> Scenario:
        """Name the first strategy where nobody names one, and the default is not the subject.

        Only for a testee that lists it: a pool with another default is then judged for the rest too.
        """
        given = scenario.given
        own = any(reference.startswith("select.default") for reference in scenario.verifies)
        listed = "fill_first" in items(manifest.raw.get("strategies"))
        if own or not listed or given.strategy is not None or given.home is not None:
            return scenario
        return replace(scenario, given=replace(given, strategy="fill_first"))

    @staticmethod
    def _for_its_clock(scenario: Scenario, manifest: Manifest) -> tuple[Scenario, Clock]:
        """Let a pool that does not tell how long an entry is out show it, if its clock can be set."""
        if manifest.profile.real_clock:
            clock = MachineClock()
            return moved(scenario, clock.now), clock
        told = "until" in manifest.profile.tells
        return scenario if told else asked_back(scenario), VirtualClock()

    def _play(self, scenario: Scenario, situation: Situation, manifest: Manifest) -> Check:
        drive = Drive(scenario, situation, self._session, self._mock)
        self._mock.play(situation.stage(drive.deliver))
        ledger = Ledger(scenario, manifest.profile, lambda id_: self._binds(id_, manifest))
        stderr = self._phases(drive, ledger)
        said = [*self._session.said(), stderr]
        ledger.end(leaks(scenario, situation, self._mock.seen, said))
        word, reason = ledger.outcome()
        return Check(
            scenario=scenario,
            outcome=self._outcome(scenario, word),
            reason=reason,
            findings=tuple(ledger.findings),
            followed=frozenset(ledger.followed),
            trace=situation.trace.lines if ledger.findings else (),
            stderr=stderr if ledger.findings else "",
        )

    def _phases(self, drive: Drive, ledger: Ledger) -> str:
        """Play the phases to the end, and return what the testee wrote besides its messages."""
        try:
            for phase, seen in drive.phases():
                if self._witness:
                    self._witness(drive.situation, phase, seen)
                matcher = ledger.matcher(phase, seen, drive.situation.clock)
                found = judge(drive.scenario, drive.situation, phase, seen, matcher)
                ledger.phase(phase, seen, found)
            if not drive.runaway:
                ledger.end(_unfinished(drive.finish()))
        except HarnessError:
            if not ledger.findings:
                raise
            self._mock.release_all()
            return self._session.abandon()
        return self._session.abandon() if drive.runaway else self._session.output()

    def _outcome(self, scenario: Scenario, word: str) -> Outcome:
        if word == "fail" and not self._requirements.binds(scenario.verifies):
            return Outcome.WARN
        return Outcome(word)

    def _binds(self, requirement: str, manifest: Manifest) -> bool:
        found = self._requirements.known.get(requirement)
        declared = found is None or found.features <= manifest.features
        return declared and manifest.profile.binds(requirement)

    def _exclusion(self, scenario: Scenario) -> str | None:
        reasons = [
            self._requirements.excluded.get(reference.partition("+")[0])
            for reference in scenario.verifies
        ]
        return reasons[0] if all(reasons) else None


def _not_due(scenario: Scenario, manifest: Manifest) -> Check | None:
    missing = sorted(set(scenario.features) - manifest.features)
    if missing:
        reason = f"feature not declared: {', '.join(missing)}"
        return Check(scenario=scenario, outcome=Outcome.NOT_APPLICABLE, reason=reason)
    if undeclared := not_in(scenario, manifest.profile):
        return Check(scenario=scenario, outcome=Outcome.NOT_APPLICABLE, reason=undeclared)
    return None


def _unfinished(names: list[str]) -> Iterator[Wrong]:
    if names:
        charge = Charge("unfinished", ("recover.stream.not-drained",))
        yield Wrong(charge, "every call has ended", f"still under way: {', '.join(names)}")


def _without_secrets(check: Check, canaries: Canaries) -> Check:
    """Take the secrets out of whatever a testee may have said; a trace never has any."""
    findings = (
        replace(f, expected=canaries.hide_in(f.expected), actual=canaries.hide_in(f.actual))
        for f in check.findings
    )
    reason = None if check.reason is None else canaries.hide(check.reason)
    stderr = canaries.hide(check.stderr)
    return replace(check, reason=reason, findings=tuple(findings), stderr=stderr)


def _timed(check: Check, seconds: float) -> Check:
    return replace(check, duration=round(seconds, 6))
