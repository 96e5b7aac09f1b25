"""Run scenarios against a testee, one after the other, and make a check of each.

A testee that breaks the protocol costs one check and is started again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from time import perf_counter
from typing import Final, TypeAlias

from credpool_conformance.drive import Drive
from credpool_conformance.faults import HarnessError
from credpool_conformance.judge import Failure, judge, judge_secrets
from credpool_conformance.mock import Mock
from credpool_conformance.observed import Observed
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
    failures: tuple[Failure, ...] = ()
    trace: tuple[str, ...] = field(default_factory=tuple)
    stderr: str = ""
    duration: float = 0.0


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
        """Make a check of each scenario, whatever the testee does."""
        for scenario in scenarios:
            begun = perf_counter()
            check = self._check(scenario)
            yield _timed(check, perf_counter() - begun)

    def _check(self, scenario: Scenario) -> Check:
        excluded = self._exclusion(scenario)
        if excluded:
            return Check(scenario=scenario, outcome=Outcome.EXCLUDED, reason=excluded)
        if self._costly_faults >= _MOST_COSTLY_FAULTS:
            reason = f"given up after {_MOST_COSTLY_FAULTS} starts or replies that did not come"
            return Check(scenario=scenario, outcome=Outcome.UNVERIFIED, reason=reason)
        provider = self._registry.provider(scenario.given.provider)
        situation = Situation(scenario, provider, self._mock.urls)
        try:
            manifest = self._session.ensure()
            check = _not_due(scenario, manifest) or self._play(scenario, situation, manifest)
        except HarnessError as error:
            self._mock.release_all()
            self._costly_faults = self._costly_faults + 1 if error.costly else 0
            return Check(
                scenario=scenario,
                outcome=Outcome.HARNESS_ERROR,
                reason=error.what,
                trace=situation.trace.lines,
                stderr=self._session.abandon(),
            )
        finally:
            situation.close()
        self._costly_faults = 0
        return check

    def _play(self, scenario: Scenario, situation: Situation, manifest: Manifest) -> Check:
        drive = Drive(scenario, situation, self._session, self._mock)
        self._mock.play(situation.stage(drive.deliver))
        failures: list[Failure] = []
        timeless = manifest.clock == "real"
        for phase, seen in drive.phases():
            if self._witness:
                self._witness(situation, phase, seen)
            failures += judge(scenario, situation, phase, seen, timeless=timeless)
            if failures:
                break
        if drive.runaway:
            stderr = self._session.abandon()
        else:
            failures += _unfinished(drive.finish(), judged=bool(failures))
            stderr = self._session.output()
        said = [*self._session.said(), stderr]
        failures += judge_secrets(situation, self._mock.seen, said)
        failed = Outcome.FAIL if self._requirements.binds(scenario.verifies) else Outcome.WARN
        return Check(
            scenario=scenario,
            outcome=failed if failures else Outcome.PASS,
            failures=tuple(failures),
            trace=situation.trace.lines if failures else (),
            stderr=stderr if failures else "",
        )

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
    if manifest.clock == "real" and scenario.timed:
        reason = "the testee runs on the real clock"
        return Check(scenario=scenario, outcome=Outcome.UNVERIFIED, reason=reason)
    return None


def _unfinished(names: list[str], *, judged: bool) -> list[Failure]:
    if judged or not names:
        return []
    actual = f"still under way: {', '.join(names)}"
    return [Failure(phase=0, aspect="outcome", expected="every call has ended", actual=actual)]


def _timed(check: Check, seconds: float) -> Check:
    return Check(
        scenario=check.scenario,
        outcome=check.outcome,
        reason=check.reason,
        failures=check.failures,
        trace=check.trace,
        stderr=check.stderr,
        duration=round(seconds, 6),
    )
