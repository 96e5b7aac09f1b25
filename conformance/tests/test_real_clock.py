"""A testee on the machine's clock is judged on that one, whatever day and zone it is."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "programs"))

from another_day import SUITE, judged

from credpool_conformance.json_values import Json
from credpool_conformance.reporting.verdict import Verdict
from credpool_conformance.scenarios.clock import EPOCH, MachineClock
from credpool_conformance.scenarios.match import Matcher
from credpool_conformance.scenarios.real_clock import moved, unfit
from credpool_conformance.scenarios.scenario import Scenario

SAMPLE = 15
"""One check in so many runs here; `nox -s conformance` runs them all."""
DAY = 86400


@pytest.fixture(autouse=True)
def west_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where a date without a zone is another moment than in the specification."""
    monkeypatch.setenv("TZ", "America/Los_Angeles")


def replaced(given: Scenario, body: Json) -> Scenario:
    """Let `a` answer with a body."""
    reply = next(reply for replies in given.upstream.values() for reply in replies)
    return replace(given, upstream={"a": (replace(reply, body=body),)})


def scenario(id_: str) -> Scenario:
    """Find a scenario."""
    return next(found for found in SUITE.scenarios if found.id == id_)


@pytest.mark.parametrize("days", [30, -30])
def test_the_reference_is_right_on_the_machines_clock(tmp_path: Path, days: int) -> None:
    """A month away nothing is charged to it; what needs another clock is not applicable, and says so."""
    chosen = SUITE.scenarios[::SAMPLE]

    summary, report = judged(chosen, tmp_path, days, out=io.StringIO())

    assert summary.verdict is Verdict.FILTERED
    assert [check["id"] for check in report.checks if check["findings"]] == []
    assert {*summary.counts} <= {"pass", "not-applicable", "excluded"}
    assert summary.counts["pass"] > len(chosen) * 0.8
    left_out = [check for check in report.checks if check["outcome"] == "not-applicable"]
    assert all(str(c["reason"]).endswith("the pool runs on the real clock") for c in left_out)


def test_a_pool_that_is_wrong_is_wrong_on_the_machines_clock(tmp_path: Path) -> None:
    """Cooldowns of half the length are found: the clock that nobody sets excuses nothing."""
    chosen = [s for s in SUITE.scenarios if s.id.startswith("cooldown-without-a-hint")]

    summary, report = judged(chosen, tmp_path, 30, "halved", out=io.StringIO())

    assert [check["outcome"] for check in report.checks] == ["fail"] * len(chosen)
    assert [found.requirement for found in summary.failing] == ["cooldown.default"]
    assert summary.failing[0].kinds == ("until",)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, 23 Nov 2026 00:01:00 GMT", "Tue, 24 Nov 2026 00:01:00 GMT"),
        ("Monday, 23-Nov-26 00:01:00 GMT", "Tuesday, 24-Nov-26 00:01:00 GMT"),
        ("Mon Nov 30 00:00:00 2026", "Tue Dec  1 00:00:00 2026"),
        ("2026-11-23t01:01:00.500+01:00", "2026-11-24t01:01:00.500+01:00"),
        ("resets at 2026-11-23 09:38:28", "resets at 2026-11-24 09:38:28"),
        ("1795395600", "1795482000"),
        (1795392600000, 1795479000000),
        ({"resets_at": [1795395600.5]}, {"resets_at": [1795482000.5]}),
        (1738888888, 1738888888),
        ("Mon, 99 Nov 2026 00:01:00 GMT", "Mon, 99 Nov 2026 00:01:00 GMT"),
        ("2026-11-23", "2026-11-23"),
        (True, True),
    ],
)
def test_a_date_is_moved_to_the_day_of_the_run(written: Json, read: Json) -> None:
    """All forms of a moment near the beginning of a scenario move, and nothing else does."""
    given = scenario("cooldown-ends-to-the-second")

    later = moved(replaced(given, written), EPOCH + DAY)

    assert later.upstream["a"][0].body == read


def test_the_providers_own_clock_is_not_moved() -> None:
    """A `Date` header says what time it is there, and is what a calendar is read by."""
    given = scenario("midnight-in-los-angeles:summer")

    assert moved(given, EPOCH + DAY).upstream["a"][0].headers["date"] == (
        "Thu, 15 Jul 2027 18:00:00 GMT"
    )
    assert unfit(given) is None


@pytest.mark.parametrize(
    ("id_", "why"),
    [
        ("cooldown-ends-to-the-second", "the check moves the clock"),
        ("two-calls-refresh-once", "one call waits for another in the check"),
        ("equal-ends-keep-the-earlier-report", "the clock stands still in the check"),
        ("hint-in-a-text:text-28", "the length of a cooldown depends on the day"),
        (
            "hint-of-the-registry-example:groq/spend-limit",
            "the length of a cooldown depends on the day",
        ),
        ("hint-in-a-text:text-21", "the length of a cooldown depends on the day"),
        ("hint-in-a-text:text-9", None),
        ("registry-example:groq/spend-limit", None),
        ("hint-form:retry-after-17", None),
    ],
)
def test_what_a_real_clock_cannot_show_has_a_reason(id_: str, why: str | None) -> None:
    """Whatever is left out says why; a date that can be moved, or makes no difference, is no reason."""
    assert unfit(scenario(id_)) == why


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
