"""Run scenarios against the reference in this process, changed or not, and tell which went red."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Final

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.data import Data
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.runner import Runner, Witness
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.specification.registry import Registry
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.testee.connectors import lean
from credpool_conformance.testee.connectors.inprocess import InProcessConnector
from credpool_conformance.testee.session import Session
from tools.mutants.mutant import Change
from tools.mutants.patching import LIBRARY, TESTEE, VoidError, load_testee, patched
from tools.mutants.reach import Reach

_FINE: Final = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.EXCLUDED})
# In process nothing takes time, so whoever takes any is stuck.
_PATIENCE: Final = 3.0
_GRACE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Red:
    """A check that did not pass: how it ended, and what was charged to whom."""

    outcome: str
    charged: tuple[tuple[str, str], ...]
    """Requirement and kind of each difference, with all that it may break."""

    def kinds(self, requirement: str) -> frozenset[str]:
        """Tell in which ways a requirement was broken."""
        return frozenset(kind for id_, kind in self.charged if id_ == requirement)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of a run: how many checks ran, which were red, which found a fault of another."""

    ran: int = 0
    red: Mapping[str, Red] = field(default_factory=dict)
    passed_over: Mapping[str, Red] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    void: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The data of every run, read once."""

    scenarios: tuple[Scenario, ...]
    registry: Registry
    requirements: Requirements
    testee: Path


def read_suite(data: Data, testee: Path) -> Suite:
    """Read the specification and the scenarios.

    Raises: BadInputError when they cannot be used.
    """
    registry, requirements = registries.load(data), requirement_files.load(data)
    scenarios = load(data, registry, requirements)
    return Suite(scenarios=scenarios, registry=registry, requirements=requirements, testee=testee)


def prepare(suite: Suite, modules: Iterable[str]) -> None:
    """Do once what each process of a change would do first: import, and look at what was imported."""
    load_testee(suite.testee)
    for name in modules:
        import_module(name)
    lean.prepare()


def baseline(suite: Suite, scenarios: Sequence[Scenario], reach: Reach) -> RunResult:
    """Run the reference as it is, with a `Reach` watching."""

    def begins(scenario: Scenario) -> None:
        reach.scenario = scenario.id

    with reach.watching():
        return _run(suite, scenarios, begins)


def watched(
    suite: Suite,
    scenarios: Sequence[Scenario],
    begins: Callable[[Scenario], None],
    patience: float,
) -> frozenset[str]:
    """Run the reference as it is, and return the library's modules that it needed.

    Raises: AssertionError when it is red.
    """
    load_testee(suite.testee)
    result = _run(suite, scenarios, begins, patience)
    assert not result.red, f"red without a change: {', '.join(result.red)}"
    return frozenset(name for name in sys.modules if name.partition(".")[0] == LIBRARY)


def attempt(suite: Suite, scenarios: Sequence[Scenario], change: type[Change]) -> RunResult:
    """Run the reference with a change; one that cannot be made is void."""
    load_testee(suite.testee)
    used: set[str] = set()
    try:
        with patched(change.patches(), noticed=used.add):
            result = _run(suite, scenarios, lambda _: None)
    except VoidError as error:
        return RunResult(void=str(error))
    return replace(result, used=frozenset(used))


def checks(
    suite: Suite,
    scenarios: Iterable[Scenario],
    witness: Witness | None = None,
    patience: float = _PATIENCE,
) -> Iterator[Check]:
    """Run the reference as it stands in this process; the witness sees each phase."""
    loopback = Loopback()
    connector = InProcessConnector(f"{TESTEE}:Testee", loopback.mock)
    session = Session(connector, patience, grace=_GRACE)
    try:
        with lean.lean():
            runner = Runner(session, loopback.mock, suite.registry, suite.requirements, witness)
            yield from runner.run(scenarios)
    finally:
        session.close()
        loopback.close()


def _run(
    suite: Suite,
    scenarios: Sequence[Scenario],
    begins: Callable[[Scenario], None],
    patience: float = _PATIENCE,
) -> RunResult:
    def announced() -> Iterator[Scenario]:
        for scenario in scenarios:
            begins(scenario)
            yield scenario

    made = [*checks(suite, announced(), patience=patience)]
    red = {check.scenario.id: _red(check) for check in made if check.outcome not in _FINE}
    passed_over = {
        check.scenario.id: _red(check)
        for check in made
        if check.scenario.id not in red and any(f.requirement for f in check.findings)
    }
    ran = sum(check.outcome not in (Outcome.NOT_APPLICABLE, Outcome.EXCLUDED) for check in made)
    return RunResult(ran=ran, red=red, passed_over=passed_over)


def _red(check: Check) -> Red:
    charged = dict.fromkeys(
        (id_, finding.kind)
        for finding in check.findings
        for id_ in (finding.requirement or "", *finding.others)
    )
    return Red(check.outcome.value, tuple(charged))
