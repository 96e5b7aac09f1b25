"""Run the scenarios as tests of pytest: parametrise, run, and tell the outcome in its words.

Loaded by `pytest_plugin` when a testee is named; the tests are in `test_conformance`.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.needs import Needs
from credpool_conformance.data import find
from credpool_conformance.problems import BadInputError, StartError
from credpool_conformance.reporting import known_failures
from credpool_conformance.reporting.explanation import explanation
from credpool_conformance.reporting.failing import told
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.record import CheckRecord, check_record
from credpool_conformance.reporting.replay import replay
from credpool_conformance.reporting.verdict import Summary, summarise
from credpool_conformance.run import Options, introduction, opened
from credpool_conformance.runner import Runner
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.profile import WHOLE, Profile
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.specification.registry import Registry
from credpool_conformance.specification.requirements import Requirements


class ConformanceWarning(UserWarning):
    """A SHOULD that the testee does not meet."""


@dataclass(kw_only=True)
class Suite:
    """The suite's data for a run of pytest, and its results."""

    scenarios: Sequence[Scenario]
    registry: Registry
    requirements: Requirements
    options: Options
    checks: list[Check] = field(default_factory=list)
    features: frozenset[str] = frozenset({"core"})
    profile: Profile = WHOLE

    def summary(self) -> Summary:
        """Come to a verdict; a selection of the tests is a filtered run."""
        return summarise(
            self.checks,
            self.requirements,
            self.features,
            filtered=len(self.checks) < len(self.scenarios),
            known=self.options.known,
            profile=self.profile,
        )


_SUITE: Final = pytest.StashKey[Suite]()


class ConformanceRun:
    """The testee while tests run: it is started once, for all of them."""

    def __init__(self, suite: Suite, needs: Needs) -> None:
        """Begin without checks."""
        self._suite, self._needs = suite, needs

    def check(self, scenario: Scenario) -> tuple[Check, CheckRecord]:
        """Run one scenario; return the check, and everything there is to tell about it."""
        suite = self._suite
        check = suite.options.known.mark(self._needs.check(scenario))
        suite.checks.append(check)
        return check, check_record(check, suite.requirements, suite.options.replay)


def pytest_configure(config: pytest.Config) -> None:
    """Read the scenarios.

    Raises: pytest.UsageError when an input is bad.
    """
    try:
        config.stash[_SUITE] = _suite(config)
    except BadInputError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each scenario, with its id."""
    if "conformance_scenario" in metafunc.fixturenames:
        scenarios = metafunc.config.stash[_SUITE].scenarios
        ids = [scenario.id for scenario in scenarios]
        metafunc.parametrize("conformance_scenario", scenarios, ids=ids)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a green run red that did not exercise everything it must."""
    suite = session.config.stash[_SUITE]
    if suite.checks and session.exitstatus == pytest.ExitCode.OK and not suite.summary().accepted:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """End with the verdict."""
    suite = config.stash[_SUITE]
    if suite.checks:
        summary = suite.summary()
        because = f" ({'; '.join(summary.reasons)})" if summary.reasons else ""
        terminalreporter.section("conformance")
        for line in told(summary.failing):
            terminalreporter.line(line)
        terminalreporter.line(f"verdict: {summary.verdict.value}{because}")


@pytest.fixture(scope="session")
def conformance_run(pytestconfig: pytest.Config) -> Iterator[ConformanceRun]:
    """Start the mock provider and the testee, and end both."""
    suite = pytestconfig.stash[_SUITE]
    with opened(suite.options, suite.registry) as (mock, session):
        try:
            manifest = introduction(session)
        except StartError as error:
            pytest.exit(str(error), returncode=2)
        suite.features, suite.profile = manifest.features, manifest.profile
        runner = Runner(session, mock, suite.registry, suite.requirements)
        yield ConformanceRun(suite, Needs(runner.check, suite.scenarios))


def tell(check: Check, record: CheckRecord) -> None:
    """End a test as its check ended; what failed is told without a Python traceback."""
    match check.outcome:
        case Outcome.PASS:
            return
        case Outcome.WARN:
            warnings.warn("\n".join(explanation(record)), ConformanceWarning, stacklevel=2)
        case Outcome.NOT_APPLICABLE | Outcome.EXCLUDED | Outcome.INCONCLUSIVE:
            pytest.skip(f"{check.outcome.value}: {check.reason}")
        case Outcome.EXPECTED_FAIL:
            pytest.xfail(str(check.reason))
        case _:
            pytest.fail("\n".join(explanation(record)), pytrace=False)


def _suite(config: pytest.Config) -> Suite:
    data = find()
    registry, requirements = registries.load(data), requirement_files.load(data)
    scenarios = load(data, registry, requirements)
    testee, connector, timeout, listed = (
        config.getoption(name)
        for name in ("testee", "testee_connector", "testee_timeout", "known_failures")
    )
    known = KnownFailures()
    if listed:
        verifying = {scenario.id: scenario.ids for scenario in scenarios}
        known = known_failures.load(Path(listed), verifying, requirements.known, verifying)
    options = Options(
        testee=testee,
        connector=connector,
        timeout=timeout,
        selection=None,
        report=Path(),
        replay=replay(testee, connector, timeout),
        known=known,
    )
    return Suite(scenarios=scenarios, registry=registry, requirements=requirements, options=options)
