"""A testee on the machine's clock is judged on that one, whatever day and zone it is."""

import io
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from credpool_conformance import clock, verdict
from credpool_conformance.clock import MachineClock
from credpool_conformance.data import find
from credpool_conformance.judging.plan import attempts
from credpool_conformance.match import Matcher
from credpool_conformance.matrix.trial import read_suite
from credpool_conformance.report import read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenario import Scenario

HERE = Path(__file__).parent
SAMPLE = 5
TIMELESS = ("exhaustion", "pools", "recovery", "security", "selection")
"""Chapters whose scripts name no date: others expect the day on which the suite usually begins."""


@pytest.mark.parametrize("days", [30, -30])
def test_the_reference_is_right_on_the_machines_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A month away, in a zone west of Greenwich, nothing is charged to it; lengths are judged too."""
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    shifted = SimpleNamespace(time=lambda: time.time() + days * 86400)
    monkeypatch.setattr(clock, "time", shifted)
    data = find()
    assert data.default_testee is not None
    suite = read_suite(data, data.default_testee)
    chosen = [s for s in suite.scenarios if s.chapter in TIMELESS and not _waits(s)][::SAMPLE]
    command = f"{sys.executable} {HERE / 'testees' / 'real_clock.py'} {days}"
    options = Options(
        testee=command,
        connector="stdio",
        timeout=30,
        selection="a sample",
        report=tmp_path / "real.ndjson",
        replay="replay",
    )

    summary = run(chosen, suite.registry, suite.requirements, options, io.StringIO())

    report = read_report(options.report)
    assert summary.verdict is verdict.Verdict.FILTERED
    assert [check["id"] for check in report.checks if check["findings"]] == []
    assert summary.counts["pass"] > len(chosen) / 2
    assert {*summary.counts} <= {"pass", "unverified", "excluded"}


def test_a_moment_may_be_earlier_by_the_time_that_has_passed() -> None:
    """A cooldown that began before the phase ended has less left, and never more."""
    matcher = Matcher(early=2.0, late=1.0)

    assert matcher.matches("exhausted rate_limited +60", "exhausted rate_limited +58.4")
    assert matcher.matches({"returns": 60}, {"returns": 60.9})
    assert not matcher.matches("exhausted rate_limited +60", "exhausted rate_limited +57.9")
    assert not matcher.matches("exhausted rate_limited +60", "exhausted rate_limited +62")
    assert not matcher.matches({"a": 3}, {"a": 2})


def test_nobody_moves_the_machines_clock() -> None:
    """A scenario that wants another time is not played on it."""
    machine = MachineClock()
    before = machine.now

    machine.advance(3600)
    machine.move_to(before + 3600)

    assert machine.now < before + 3600


def _waits(scenario: Scenario) -> bool:
    """Tell whether a pool may sleep in this scenario, which a real clock would make real."""
    return any(step.action == "retry" for phase in scenario.phases for step in attempts(phase))
