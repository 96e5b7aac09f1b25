"""The command line: what it prints, and how it exits."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import Data
from credpool_conformance.reporting.report import read_report

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
    assert "verdict: not-conformant (2 × MUST broken; 4 × fail)" in output.out


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


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--requirement", "rotate.politely"), ["strategy:known", "strategy:unknown"]),
        (("--requirement", "rotate.politely+1"), ["strategy:known", "strategy:unknown"]),
        (("--chapter", "stream", "--filter", "*whole"), ["read-whole"]),
        (("--filter", "healthy", "--filter", "dropped"), ["healthy", "dropped"]),
        (("--provider", "openai", "--filter", "wait:*-1"), ["wait:retry-after-1"]),
    ],
)
def test_scenarios_are_chosen(
    suite: list[str], capsys: pytest.CaptureFixture[str], options: tuple[str, ...], ids: list[str]
) -> None:
    """Values of one option widen the choice, several options narrow it."""
    assert main(["list", *suite, *options]) == 0
    assert [line.partition("\t")[0] for line in capsys.readouterr().out.splitlines()] == ids


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--chapter", "steam"), "--chapter 'steam' selects nothing; write one of: rotate, stream"),
        (("--provider", "acme"), "--provider 'acme' selects nothing; write one of: openai"),
        (("--requirement", "rotate"), "--requirement 'rotate' selects nothing; see `list`"),
    ],
)
def test_an_option_that_selects_nothing_says_what_there_is(
    suite: list[str], capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    """A misspelt chapter or provider is told which ones there are."""
    assert main(["list", *suite, *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "ran"),
    [(("--fail-fast",), 3), (("--max-failures", "2"), 4), (("--max-failures", "9"), 19)],
)
def test_a_run_stops_when_enough_has_failed(
    run: Command, naive: "Name", tmp_path: Path, option: tuple[str, ...], ran: int
) -> None:
    """What did not run is no part of the report, and the verdict says that it is not the whole."""
    code, output = run(naive("stdio", "WaitsTooLong"), *option)

    assert code == 1
    assert len(read_report(tmp_path / "report.ndjson").checks) == ran
    assert ("verdict: filtered" in output.out) is (ran < 19)


def test_nobody_who_reads_is_no_error() -> None:
    """`list | head` prints what `head` wants, and no traceback."""
    command = [sys.executable, "-m", "credpool_conformance", "list"]

    done = subprocess.run(  # noqa: S602 (a pipe is what this is about)
        f"{shlex.join(command)} | head -1", shell=True, capture_output=True, text=True, check=False
    )

    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


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
    said = capsys.readouterr().out
    assert "no change in 19 checks" in said
    assert "verdict: conformant / not-conformant" in said
    assert "broken now: waste rotate.retry-once+1 (2 checks)" in said
    assert "wait:retry-after-1: pass / fail" in said
    assert "healthy" not in said


def test_a_check_that_fails_otherwise_is_a_change(
    run: Command, naive: "Name", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs with the same outcomes differ by what was found broken."""
    one, two = tmp_path / "one.ndjson", tmp_path / "report.ndjson"
    run(naive("stdio", "NeverRetries"), "--filter", "retry-then-rotate")
    two.rename(one)
    run(naive("stdio", "BenchesTooLong"), "--filter", "retry-then-rotate")

    assert main(["compare", str(one), str(two)]) == 1
    said = capsys.readouterr().out
    assert "retry-then-rotate: fail, by " in said


def test_a_list_of_known_failures_is_no_change(run: Command, naive: "Name", tmp_path: Path) -> None:
    """What is listed fails as it did without the list."""
    report, first, known = (tmp_path / name for name in ("report.ndjson", "a.ndjson", "k.yaml"))
    run(naive("stdio", "WaitsTooLong"))
    report.rename(first)
    main(["report", str(first), "--format", "known-failures", "--output", str(known)])

    code, _ = run(naive("stdio", "WaitsTooLong"), "--known-failures", str(known))

    assert code == 0
    assert main(["compare", str(first), str(report)]) == 0


def test_a_report_that_cannot_be_written_exits_with_2(
    suite: list[str], naive: "Name", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run that could not be recorded."""
    (tmp_path / "file").write_text("")

    code = main(["run", *suite, "--testee", naive("stdio"), "--report", str(tmp_path / "file/x")])

    assert code == 2
    assert "cannot be written" in capsys.readouterr().err
