"""What the suite's own tests share: a small specification, and a way to run it."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from credpool_conformance.data import Data, find
from credpool_conformance.json_values import fields, items
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.loader import load
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from tools.mutants.reference_run import Suite, read_suite

HERE = Path(__file__).parent
TESTEES = HERE / "testees"


@dataclass(frozen=True)
class Ran:
    """A finished run: its report, and what was on the screen."""

    report: Report
    screen: str

    @property
    def verdict(self) -> object:
        """Read the verdict."""
        return self.report.footer["verdict"]

    def outcomes(self) -> dict[str, object]:
        """Read the outcome of each check."""
        return {str(check["id"]): check["outcome"] for check in self.report.checks}

    def charged(self) -> dict[str, list[str]]:
        """List what was charged in each check: the requirement, if it is anybody's, and the kind."""
        found: dict[str, list[str]] = {}
        for check in self.report.checks:
            for finding in map(fields, items(check["findings"])):
                words = f"{finding['requirement'] or '-'} {finding['kind']}"
                found.setdefault(str(check["id"]), []).append(words)
        return found

    def broken(self) -> list[dict[str, object]]:
        """List the requirements that the run found broken, the worst first."""
        return [dict(fields(found)) for found in items(self.report.footer["failing"])]

    def check(self, name: str) -> dict[str, object]:
        """Find one check."""
        return dict(next(check for check in self.report.checks if check["id"] == name))


RunSuite = Callable[..., Ran]
Name = Callable[..., str]


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Read the real specification and all its scenarios, once."""
    data = find()
    assert data.default_testee is not None
    return read_suite(data, data.default_testee)


@pytest.fixture
def tree() -> Data:
    """Find the small specification."""
    return Data(spec=HERE / "suite_tree/spec", scenarios=HERE / "suite_tree/scenarios")


@pytest.fixture
def run_suite(tree: Data, tmp_path: Path) -> RunSuite:
    """Run the small specification's scenarios against a testee, and read the report."""

    def run_it(
        testee: str,
        connector: str = "stdio",
        only: str | None = None,
        timeout: float = 30,
        known: KnownFailures | None = None,
    ) -> Ran:
        registry, requirements = registries.load(tree), requirement_files.load(tree)
        scenarios = load(tree, registry, requirements)
        if only:
            scenarios = tuple(item for item in scenarios if item.id == only)
        report, screen = tmp_path / f"{connector}.ndjson", io.StringIO()
        options = Options(
            testee=testee,
            connector=connector,
            timeout=timeout,
            selection=only,
            report=report,
            replay="replay-me",
            known=known or KnownFailures(),
        )
        run(scenarios, registry, requirements, options, screen)
        return Ran(read_report(report), screen.getvalue())

    return run_it


@pytest.fixture
def naive() -> Name:
    """Name the naive rotator, or one of its worse relatives, for a connector."""

    def name(connector: str, kind: str = "Testee") -> str:
        path = TESTEES / "naive.py"
        return f"{path}:{kind}" if connector == "inprocess" else f"{sys.executable} {path} {kind}"

    return name


@pytest.fixture
def faux() -> Name:
    """Name a testee that misbehaves."""
    return lambda mode: f"{sys.executable} {TESTEES / 'faux.py'} {mode}"
