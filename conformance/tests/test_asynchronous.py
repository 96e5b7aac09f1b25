"""The library comes to the same outcomes through its asynchronous clients as through its blocking ones."""

import sys
from pathlib import Path
from typing import Final

import pytest

from credpool_conformance.reporting.comparison import changes
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.selection import Selection
from tools.mutants.reference_run import Suite

TESTEES: Final = Path(__file__).parents[1] / "testees"
SOME: Final = (
    "killed-in-a-refresh",
    "later-failure-counts-for-the-next-call*",
    "login-by-code",
    "retry-waits-for-a-short-hint*",
    "stream-occupies-until-it-ends",
    "two-calls-refresh-once",
)
"""Checks of streams, leases, waits, refreshes, a login, and a process that is killed."""


@pytest.mark.parametrize("connector", ["inprocess", "stdio"])
def test_asynchronous_clients_come_to_the_same_outcomes(
    suite: Suite, tmp_path: Path, connector: str
) -> None:
    """In process they are `httpx` clients, and in the program `httpx2` ones, asked for by `--async`."""
    reference, twin = str(TESTEES / "reference.py"), str(TESTEES / "reference_async.py")
    as_program = f"{sys.executable} {reference} --async"

    def report(testee: str, name: str) -> Report:
        selection = Selection(ids=[*SOME])
        options = Options(
            testee=testee,
            connector=connector,
            timeout=10,
            selection=selection.words,
            report=tmp_path / name,
            replay="replay-me",
        )
        some = selection.of(suite.scenarios, suite.requirements)
        run(some, suite.registry, suite.requirements, options, None, all_=suite.scenarios)
        return read_report(tmp_path / name)

    blocking = report(reference, "blocking.ndjson")
    tasks = report(twin if connector == "inprocess" else as_program, "tasks.ndjson")

    assert changes(blocking, tasks) == []
    assert {check["outcome"] for check in tasks.checks} == {"pass"}
