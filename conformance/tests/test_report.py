"""The report: every line fits its schema, and a report that was cut short is none."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from credpool_conformance.data import SCHEMAS
from credpool_conformance.faults import BadInputError
from credpool_conformance.report import read_report

if TYPE_CHECKING:
    from conftest import Name, RunSuite

SCHEMA = json.loads((SCHEMAS / "report.schema.json").read_text())


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


def test_no_secret_is_in_a_report(run_suite: "RunSuite", naive: "Name", tmp_path: Path) -> None:
    """A leak is reported by the name of its entry, and not repeated but in the captured output."""
    run_suite(naive("stdio", "FollowsWithKey"), only="redirected")

    text = (tmp_path / "stdio.ndjson").read_text()
    assert "the secret of a in a request [other:a]" in text
    assert "sk-" not in text
