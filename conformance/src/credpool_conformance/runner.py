"""Run scenarios against a testee, one after the other, and make a check of each.

A testee that breaks the protocol costs one check and is started again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Final, TypeAlias

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.check_charges import CheckCharges
from credpool_conformance.charging.first_difference import Charge
from credpool_conformance.charging.safety import leaks
from credpool_conformance.charging.state import Wrong
from credpool_conformance.json_values import items
from credpool_conformance.judging.judge import judge
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.canary import Canaries
from credpool_conformance.provider.mock import Mock
from credpool_conformance.scenarios.clock import EPOCH, Clock, MachineClock, VirtualClock
from credpool_conformance.scenarios.coming_back import asked_back
from credpool_conformance.scenarios.profile import not_in
from credpool_conformance.scenarios.real_clock import is_movable, moved
from credpool_conformance.scenarios.scenario import Phase, Scenario
from credpool_conformance.specification.registry import Registry
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.testee.observed import Observed
from credpool_conformance.testee.scenario_run import ScenarioRun
from credpool_conformance.testee.session import Manifest, Session
from credpool_conformance.testee.setup import Setup

_MOST_BREAKDOWNS: Final = 5

Witness: TypeAlias = Callable[[Setup, Phase, Observed], None]


class Runner:
    """Everything that outlives a scenario: the session, the mock and the patience."""

    def __init__(
        self,
        session: Session,
        mock: Mock,
        registry: Registry,
        requirements: Requirements,
        witness: Witness | None = None,
        begins: float = EPOCH,
    ) -> None:
        """Begin with all the patience there is; a witness sees each phase before it is judged.

        A scenario `begins` at that moment, if what its replies say of time can be moved there.
        """
        self._session = session
        self._mock = mock
        self._registry = registry
        self._requirements = requirements
        self._witness = witness
        self._begins = begins
        self._breakdowns = 0
        self._breakdown = ""
        """How the testee broke down the last time."""

    def run(self, scenarios: Iterable[Scenario]) -> Iterator[Check]:
        """Make a check of each scenario, whatever the testee does; one that never starts has one."""
        for scenario in scenarios:
            check = self.check(scenario)
            yield check
            if check.outcome is Outcome.HARNESS_ERROR and self._session.manifest is None:
                return

    def check(self, scenario: Scenario) -> Check:
        """Make a check of one scenario."""
        begun = perf_counter()
        check = self._check(scenario)
        return replace(check, duration=round(perf_counter() - begun, 6))

    def _check(self, scenario: Scenario) -> Check:
        excluded = self._exclusion(scenario)
        if excluded:
            return Check(scenario=scenario, outcome=Outcome.EXCLUDED, reason=excluded)
        if self._breakdowns >= _MOST_BREAKDOWNS:
            reason = f"given up: the testee broke down in {_MOST_BREAKDOWNS} checks in a row"
            reason += f", the last time: {self._breakdown}"
            return Check(scenario=scenario, outcome=Outcome.UNVERIFIED, reason=reason)
        setup: Setup | None = None
        try:
            manifest = self._session.ensure()
            check = _not_due(scenario, manifest)
            if check is None:
                asked = self._asked(scenario, manifest)
                asked, clock = self._for_its_clock(asked, manifest)
                provider = self._registry.provider(asked.given.provider)
                setup = Setup(asked, provider, self._mock.urls, clock)
                check = replace(self._play(asked, setup, manifest), scenario=scenario)
        except HarnessError as error:  # it does not start
            self._breakdowns, self._breakdown = self._breakdowns + 1, error.what
            check = Check(
                scenario=scenario,
                outcome=Outcome.HARNESS_ERROR,
                reason=error.what,
                stderr=self._session.abandon(),
            )
        finally:
            if setup:
                setup.close()
        return _without_secrets(check, setup.canaries) if setup else check

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

    def _for_its_clock(self, scenario: Scenario, manifest: Manifest) -> tuple[Scenario, Clock]:
        """Let a pool that does not tell how long an entry is out show it, if its clock can be set."""
        if manifest.profile.real_clock:
            clock = MachineClock()
            return moved(scenario, clock.now), clock
        begins = EPOCH
        if self._begins != EPOCH and is_movable(scenario):
            begins = self._begins
            scenario = moved(scenario, begins)
        told = "until" in manifest.profile.tells
        return scenario if told else asked_back(scenario), VirtualClock(begins)

    def _play(self, scenario: Scenario, setup: Setup, manifest: Manifest) -> Check:
        scenario_run = ScenarioRun(scenario, setup, self._session, self._mock)
        self._mock.play(setup.stage(scenario_run.deliver))
        charges = CheckCharges(scenario, manifest.profile, lambda id_: self._binds(id_, manifest))
        broke, stderr = self._phases(scenario_run, charges)
        self._breakdowns = self._breakdowns + 1 if broke else 0
        self._breakdown = setup.canaries.hide(broke)
        said = [*self._session.said(), stderr, broke]
        charges.end(leaks(scenario, setup, self._mock.seen, said))
        outcome, reason = self._ended(charges, broke)
        told = bool(broke or charges.findings)
        return Check(
            scenario=scenario,
            outcome=outcome,
            reason=reason,
            findings=tuple(charges.findings),
            followed=frozenset(charges.followed),
            wires=tuple(charges.wires),
            states=tuple(charges.states),
            reached=charges.reached,
            strategy=scenario.given.strategy or "default",
            trace=setup.trace.lines if told else (),
            stderr=stderr if told else "",
        )

    def _phases(self, scenario_run: ScenarioRun, charges: CheckCharges) -> tuple[str, str]:
        """Play the phases to the end, if they come there.

        Return how the testee broke down, if it did, and what it wrote besides its messages.
        """
        try:
            for phase, seen in scenario_run.phases():
                if self._witness:
                    self._witness(scenario_run.setup, phase, seen)
                matcher = charges.matcher(phase, seen, scenario_run.setup.clock)
                found = judge(scenario_run.scenario, scenario_run.setup, phase, seen, matcher)
                charges.phase(phase, seen, found)
            if not scenario_run.runaway:
                charges.end(_unfinished(scenario_run.finish()))
        except HarnessError as error:
            return error.what, self._abandoned()
        return "", self._abandoned() if scenario_run.runaway else self._session.output()

    def _abandoned(self) -> str:
        """End a testee in the middle of a check, and return its last words."""
        self._mock.forsake()
        self._mock.release_all()
        return self._session.abandon()

    def _ended(self, charges: CheckCharges, broke: str) -> tuple[Outcome, str | None]:
        """Say how a check ended; a breakdown decides where no fault before it explains the end."""
        word, reason = charges.outcome()
        outcome = self._outcome(word, charges.own)
        if not broke:
            return outcome, reason
        if outcome is Outcome.PASS:
            return Outcome.HARNESS_ERROR, broke
        return outcome, reason or f"afterwards the testee broke down: {broke}"

    def _outcome(self, word: str, broken: Iterable[str]) -> Outcome:
        """Warn where all that is broken is a SHOULD, whatever else the check verifies."""
        known = self._requirements.known
        must = any(id_ not in known or known[id_].binding for id_ in broken)
        return Outcome.WARN if word == "fail" and not must else Outcome(word)

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
