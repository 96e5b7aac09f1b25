"""The replay command: what a failure prints can be run as it is, and shows the same failure."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import Data
from credpool_conformance.reporting.explanation import explanation
from credpool_conformance.reporting.report import read_report

if TYPE_CHECKING:
    from conftest import Name

TESTEES = Path(__file__).parent / "testees"
FAILED = "wait:retry-after-1"


@pytest.mark.parametrize("connector", ["stdio", "inprocess"])
def test_the_printed_command_shows_the_failure_again(
    tree: Data,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    connector: str,
) -> None:
    """A shell runs the line from any folder; the first report is left alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(TESTEES / "naive.py", tmp_path / "my naive.py")
    program = f"{shlex.quote(sys.executable)} 'my naive.py' WaitsTooLong"
    testee = "my naive.py:WaitsTooLong" if connector == "inprocess" else program
    known, report = tmp_path / "a b.yaml", tmp_path / "first run.ndjson"
    known.write_text(f"{FAILED}: {{reason: we know}}\n", encoding="utf-8")
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios), "--timeout", "30"]
    suite += ["--testee", testee, "--connector", connector]
    main(["run", *suite, "--report", str(report), "--known-failures", str(known)])
    first = read_report(report)
    (check,) = (check for check in first.checks if check["id"] == FAILED)

    command = str(check["replay"])
    again = subprocess.run(  # noqa: S602 (as a person would)
        command,
        shell=True,
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert again.returncode == 1
    assert check["outcome"] == "expected-fail"
    assert "\n".join(explanation({**check, "outcome": "fail", "reason": None})) in again.stdout
    assert re.search(r"replay: (.*)", again.stdout)[1] == command
    assert read_report(report) == first
    assert "wait:retry-after-2" in capsys.readouterr().out


def test_a_part_has_a_report_of_its_own(
    tree: Data, naive: "Name", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--report` a replay does not replace the report it comes from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("credpool_conformance.cli.find", lambda: tree)
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios)]

    main(["run", *suite, "--testee", naive("stdio"), "--filter", "healthy"])
    main(["run", *suite, "--testee", naive("stdio")])

    assert len(read_report(tmp_path / "conformance-part.ndjson").checks) == 1
    assert len(read_report(tmp_path / "conformance-report.ndjson").checks) == 19
