"""Checks that begin on another day, and in another zone."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from credpool.providers import hints
from credpool_conformance.arguments import parser
from credpool_conformance.cli import main
from credpool_conformance.reporting.report import read_report
from credpool_conformance.scenarios.clock import EPOCH, VirtualClock

REFERENCE = Path(__file__).parents[1] / "testees" / "reference.py"
LEAP_DAY = "2028-02-29T12:00:00Z"
DATES = "hint-form:retry-after-[0-9]"


@pytest.fixture(autouse=True)
def zone_of_the_machine() -> Iterator[None]:
    """Put the machine's zone back."""
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    os.environ.update({} if before is None else {"TZ": before})
    time.tzset()


def outcomes(tmp_path: Path, *options: str) -> Mapping[str, tuple[str, str]]:
    """Run the checks of a date in a header, and return the outcome and the replay line of each."""
    report = tmp_path / "report.ndjson"
    chosen = ("--filter", DATES, "--report", str(report), "--connector", "inprocess")
    main(["run", "--testee", str(REFERENCE), *chosen, *options])
    checks = read_report(report).checks
    return {str(c["id"]): (str(c["outcome"]), str(c["replay"])) for c in checks}


@pytest.mark.parametrize("begin", [LEAP_DAY, "2026-10-25T00:59:30Z"])
def test_a_right_pool_is_right_on_any_day_and_in_any_zone(tmp_path: Path, begin: str) -> None:
    """The dates of the replies are moved with the day."""
    found = outcomes(tmp_path, "--begin", begin, "--zone", "Asia/Kolkata")

    assert found
    assert {outcome for outcome, _ in found.values()} == {"pass"}


def test_a_pool_that_reads_dates_in_its_own_zone_is_found_where_that_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In UTC nobody sees the fault, and the line that repeats a check says where it was seen."""
    read = hints.FORMS["http-date"]

    def as_local(text: str, now: float) -> float | None:
        there = read(text, now)
        return None if there is None else there + time.timezone

    monkeypatch.setattr(hints, "FORMS", {**hints.FORMS, "http-date": as_local})

    at_home = outcomes(tmp_path, "--zone", "UTC")
    abroad = outcomes(tmp_path, "--zone", "Asia/Kolkata", "--begin", LEAP_DAY)

    assert {outcome for outcome, _ in at_home.values()} == {"pass"}
    assert "fail" in {outcome for outcome, _ in abroad.values()}
    replays = {replay for _, replay in abroad.values()}
    assert all("--begin 2028-02-29T12:00:00+00:00 --zone Asia/Kolkata" in r for r in replays)


@pytest.mark.parametrize(
    "options",
    [
        ("--begin", "2028-02-29T12:00:00"),
        ("--begin", "noon"),
        ("--zone", "Mars/Olympus"),
        ("--zone", "/etc"),
    ],
    ids=["a moment without a zone", "no moment", "no zone", "a path"],
)
def test_what_is_no_moment_or_no_zone_is_refused(
    options: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the option and a value that would do."""
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["run", *options])

    assert caught.value.code == 2
    assert f"argument {options[0]}: must be a " in capsys.readouterr().err


def test_a_clock_counts_from_its_beginning() -> None:
    """What has passed is counted from the moment at which the check began."""
    clock = VirtualClock(EPOCH + 86400)

    clock.advance(5)

    assert clock.now == EPOCH + 86405
    assert clock.elapsed == 5
