"""The suite as tests of pytest: `pytest --pyargs credpool_conformance --testee …`.

One test for each scenario, made by `pytest_suite`; not a test of the suite itself.
"""

import pytest

from credpool_conformance.pytest_suite import ConformanceRun, tell
from credpool_conformance.scenarios.scenario import Scenario


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask for what cannot be guessed."""
    if not metafunc.config.getoption("testee", None):
        pytest.fail("name a testee: pytest --pyargs credpool_conformance --testee …", pytrace=False)


def test_conformance(conformance_run: ConformanceRun, conformance_scenario: Scenario) -> None:
    """The testee does what the scenario's requirements say."""
    tell(*conformance_run.check(conformance_scenario))
