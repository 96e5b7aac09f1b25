"""The command line: what it prints, and how it exits."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import Data

if TYPE_CHECKING:
    from conftest import Name


class Output(Protocol):
    """What was printed."""

    out: str
    err: str


Command = Callable[..., tuple[int, Output]]


@pytest.fixture
def suite(tree: Data) -> list[str]:
    """Name the small specification on a command line."""
    return ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios)]


@pytest.fixture
def run(suite: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the suite from the command line."""

    def run_it(testee: str, *more: str) -> tuple[int, Output]:
        report = tmp_path / "report.ndjson"
        code = main(["run", *suite, "--testee", testee, "--report", str(report), *more])
        return code, capsys.readouterr()

    return run_it


def test_a_conformant_testee_exits_with_0(run: Command, naive: "Name") -> None:
    """The verdict and the report's path end the output."""
    code, output = run(naive("stdio"))

    assert code == 0
    assert "verdict: conformant" in output.out
    assert "report.ndjson" in output.out


def test_a_testee_that_is_not_conformant_exits_with_1(run: Command, naive: "Name") -> None:
    """One failure is enough."""
    code, output = run(naive("inprocess", "WrongReason"), "--connector", "inprocess")

    assert code == 1
    assert "verdict: not-conformant (4 × fail)" in output.out


def test_the_replay_command_replays(run: Command, naive: "Name") -> None:
    """A filter by the id of a check runs that check, and says so."""
    code, output = run(naive("stdio", "WaitsTooLong"), "--filter", "wait:retry-after-1")

    assert code == 1
    assert "--filter 'wait:retry-after-1'" in output.out
    assert "1/1  1 fail" in output.out


def test_a_filter_takes_a_glob(run: Command, naive: "Name") -> None:
    """Some checks that all pass are good, and no verdict about the whole."""
    code, output = run(naive("stdio"), "--filter", "wait:*")

    assert code == 0
    assert "verdict: filtered (2 checks ran, not all of them)" in output.out


def test_a_filter_that_selects_nothing_exits_with_2(run: Command, naive: "Name") -> None:
    """A misspelt filter is not a green run."""
    code, output = run(naive("stdio"), "--filter", "wiat:*")

    assert code == 2
    assert "'wiat:*' selects nothing" in output.err


def test_bad_scenarios_exit_with_2(
    tree: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File and line are named."""
    (tmp_path / "bad.yaml").write_text("schema: 1\nscenarios:\n  - id: BAD\n")

    code = main(["list", "--spec", str(tree.spec), "--scenarios", str(tmp_path)])

    assert code == 2
    assert "bad.yaml:3: " in capsys.readouterr().err


def test_the_scenarios_are_listed(suite: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each, with its title."""
    code = main(["list", *suite, "--filter", "he*"])

    assert code == 0
    assert capsys.readouterr().out == "healthy\tA healthy entry is used\n"


def test_reports_are_compared(
    run: Command, naive: "Name", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same outcomes exit with 0, others with 1 and are named."""
    run(naive("stdio"))
    (tmp_path / "report.ndjson").rename(tmp_path / "good.ndjson")
    run(naive("stdio", "WaitsTooLong"))

    same = main(["compare", *[str(tmp_path / "good.ndjson")] * 2])
    other = main(["compare", str(tmp_path / "good.ndjson"), str(tmp_path / "report.ndjson")])

    assert (same, other) == (0, 1)
    assert "wait:retry-after-1: pass / fail" in capsys.readouterr().out


def test_a_report_that_cannot_be_written_exits_with_2(
    suite: list[str], naive: "Name", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run that could not be recorded."""
    (tmp_path / "file").write_text("")

    code = main(["run", *suite, "--testee", naive("stdio"), "--report", str(tmp_path / "file/x")])

    assert code == 2
    assert "cannot be written" in capsys.readouterr().err
