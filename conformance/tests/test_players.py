"""Several processes play, and one judges: what comes out is what one process alone would say."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from credpool_conformance.reporting.report import read_report

KEYRING: Final = Path(__file__).parent / "testees" / "keyring.py"
SUITE: Final = (sys.executable, "-m", "credpool_conformance", "run", "--connector", "inprocess")


def ran(report: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite as a program: its processes are made of it, and of none of pytest's threads."""
    command = [*SUITE, "--report", str(report), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603


def told(report: Path) -> list[dict[str, Any]]:
    """Return what a report says of each check, whenever that was."""
    return [{k: v for k, v in c.items() if k != "duration"} for c in read_report(report).checks]


def test_two_processes_find_what_one_finds(tmp_path: Path) -> None:
    """Charges that rest on other checks, and comparisons, come out as with one, in the same order."""
    paths = tmp_path / "one.ndjson", tmp_path / "two.ndjson"
    some = ("--testee", f"{KEYRING}:Testee", "--filter", "registry-example:*")

    ended = [ran(path, *some, "--jobs", jobs) for path, jobs in zip(paths, "12", strict=True)]

    one, two = map(told, paths)
    assert {e.returncode for e in ended} == {1}
    assert {"pass", "fail", "inconclusive"} <= {check["outcome"] for check in one}
    assert two == one


def test_a_testee_that_does_not_start_ends_the_run_once(tmp_path: Path) -> None:
    """It is told as with one process, and no report is written."""
    report = tmp_path / "none.ndjson"

    ended = ran(report, "--testee", str(tmp_path / "missing.py"), "--jobs", "2")

    assert ended.returncode == 2
    assert ended.stderr.count("the testee does not start") == 1
    assert not report.exists()


def test_enough_failures_end_the_run(tmp_path: Path) -> None:
    """What other processes have played beyond is not reported."""
    report = tmp_path / "few.ndjson"

    ran(
        report,
        "--testee",
        f"{KEYRING}:Testee",
        "--chapter",
        "recovery",
        "--fail-fast",
        "--jobs",
        "2",
    )

    outcomes = [check["outcome"] for check in told(report)]
    assert outcomes.count("fail") == 1
    assert outcomes[-1] == "fail"
