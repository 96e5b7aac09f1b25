"""The report: every line fits its schema, and a report that was cut short is none."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import SCHEMAS
from credpool_conformance.problems import BadInputError
from credpool_conformance.reporting.report import ReportWriter, read_report

if TYPE_CHECKING:
    from conftest import Name, RunSuite

    Capture = pytest.CaptureFixture[str]

SECRET = "(?<!sha256:)(?<![0-9a-f])[0-9a-f]{12}"
SCHEMA = json.loads((SCHEMAS / "report.schema.json").read_text())
HEADER = {
    "record": "header",
    "report": 1,
    "suite": "1",
    "spec": "1",
    "requirements": {"count": 1, "digest": "sha256:0"},
    "testee": None,
    "connector": "stdio",
    "command": "testee",
    "clock": None,
    "filter": None,
    "scenarios": 1,
    "known_failures": None,
    "platform": "Linux",
    "generated_at": "2026-01-01T00:00:00+00:00",
}


@pytest.mark.parametrize("kind", ["Testee", "WrongReason", "Leaks"])
def test_every_line_fits_the_schema(
    run_suite: "RunSuite", naive: "Name", kind: str, tmp_path: Path
) -> None:
    """Header, checks and footer are as documented, good news or bad."""
    run_suite(naive("inprocess", kind), "inprocess")

    lines = (tmp_path / "inprocess.ndjson").read_text().splitlines()
    assert len(lines) == 21
    for line in lines:
        jsonschema.validate(json.loads(line), SCHEMA)


def test_the_header_says_what_was_tested(run_suite: "RunSuite", naive: "Name") -> None:
    """Versions, the set of requirements, the manifest, connector, clock and command are there."""
    header = run_suite(naive("stdio"), only="healthy").report.header

    assert header["spec"] == "0.1"
    assert header["requirements"]["digest"].startswith("sha256:")
    assert header["testee"]["name"] == "naive"
    assert header["clock"] == "virtual"
    assert header["connector"] == "stdio"
    assert header["filter"] == "healthy"


@pytest.mark.parametrize("keep", [0, 1, -1])
def test_a_report_that_was_cut_short_is_refused(
    run_suite: "RunSuite", naive: "Name", tmp_path: Path, keep: int
) -> None:
    """Without its footer a report says nothing."""
    run_suite(naive("stdio"), only="healthy")
    path = tmp_path / "stdio.ndjson"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:keep]))

    with pytest.raises(BadInputError, match="not a whole report"):
        read_report(path)


def test_a_report_without_its_footer_says_so(tmp_path: Path, capsys: "Capture") -> None:
    """Whatever is to be made of a run that did not end, the answer is the reason and exit code 2."""
    path = tmp_path / "cut.ndjson"
    path.write_text(json.dumps(HEADER) + "\n", encoding="utf-8")

    assert main(["report", str(path), "--format", "json"]) == 2
    said = capsys.readouterr().err
    assert f"{path}:1: no footer: not a whole report, the run did not come to its end" in said


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("[]", "not a JSON object"),
        ('"header"', "not a JSON object"),
        ("null", "not a JSON object"),
        ("{", "not JSON"),
        ("{}", "no header, check or footer"),
        ('{"record": "check"}', "not a check of this version of the suite: $: "),
    ],
)
def test_a_line_that_is_no_record_is_refused(tmp_path: Path, line: str, what: str) -> None:
    """File and line are named, and nothing is made of the rest."""
    path = tmp_path / "odd.ndjson"
    path.write_text(f"{json.dumps(HEADER)}\n{line}\n", encoding="utf-8")

    with pytest.raises(BadInputError) as caught:
        read_report(path)

    assert f"{path}:2: {what}" in str(caught.value)


def test_no_text_can_break_a_line(tmp_path: Path) -> None:
    """What Python takes for the end of a line, and half a character, are read as they were written."""
    path, odd = tmp_path / "odd.ndjson", "\u2028 \x85 \ud800"
    with ReportWriter(path) as writer:
        writer.check({"record": "check", "stderr": odd})

    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["stderr"] == odd


def test_no_secret_is_in_a_report(run_suite: "RunSuite", naive: "Name", tmp_path: Path) -> None:
    """A leak is reported by the name of its entry, wherever the secret went."""
    run_suite(naive("stdio", "FollowsWithKey"), only="redirected")

    text = (tmp_path / "stdio.ndjson").read_text()
    assert '"kind": "sent"' in text
    assert '"actual": "other:a"' in text
    assert "x-api-key: Bearer <secret of a>" in text
    assert not re.search(SECRET, text)


def test_what_a_testee_wrote_holds_no_secret_either(
    run_suite: "RunSuite", naive: "Name", tmp_path: Path
) -> None:
    """Its standard error is shown, with a name in the secret's place, even when that was cut short."""
    ran = run_suite(naive("stdio", "Leaks"), only="healthy")

    assert ran.charged() == {"healthy": ["security.no-leak said"]}
    assert "using sk-proj-<secret of a>" in str(ran.check("healthy")["stderr"])
    for text in ((tmp_path / "stdio.ndjson").read_text(), ran.screen):
        assert not re.search(SECRET, text)
