"""The forms of a report: what each reader finds, and that none says more than the report."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import SCHEMAS
from credpool_conformance.json_values import Json, fields, items
from credpool_conformance.reporting.formats import FORMATS
from credpool_conformance.reporting.report import Report

if TYPE_CHECKING:
    from conftest import Name, RunSuite

Changed = Callable[..., Report]
ODD = "<b>&amp;</b> \x1b[31m \x00 ```` \ufffe"
OUTCOMES = json.loads((SCHEMAS / "report.schema.json").read_text())["$defs"]["check"]["properties"]
ELEMENTS = {
    "pass": None,
    "warn": "system-out",
    "fail": "failure",
    "unexpected-pass": "failure",
    "harness-error": "error",
    "unverified": "error",
    "inconclusive": "skipped",
    "not-applicable": "skipped",
    "excluded": "skipped",
    "expected-fail": "skipped",
}


@pytest.fixture
def report(run_suite: "RunSuite", naive: "Name") -> Report:
    """Run a testee that waits too long."""
    return run_suite(naive("inprocess", "WaitsTooLong"), "inprocess").report


@pytest.fixture
def changed(report: Report) -> Changed:
    """Change the first check of the report."""

    def change(**values: Json) -> Report:
        first, *rest = report.checks
        return replace(report, checks=({**first, **values}, *rest))

    return change


def far_off(report: Report, failures: int, requirements: int) -> Report:
    """Make a report of many failures of that of a few, each with a long trace."""
    first = next(check for check in report.checks if check["outcome"] == "fail")
    finding = {**fields(items(first["findings"])[0]), "expected": ["a"] * 60, "actual": ["b"] * 60}
    checks, own = [], {f"rule.number-{number}": [] for number in range(requirements)}
    for number in range(failures):
        id_, rule = (
            f"check-of-a-rule:provider/number-{number}",
            f"rule.number-{number % requirements}",
        )
        own[rule].append(id_)
        found = [{**finding, "requirement": rule}]
        trace = [*items(first["trace"]), *["x" * 200] * 30]
        told = {"id": id_, "verifies": [f"{rule}+1"], "findings": found, "trace": trace}
        checks.append({**first, **told, "requirements": {}})
    entry = fields(items(report.footer["failing"])[0])
    failing = [
        {
            **entry,
            "requirement": rule,
            "reference": f"{rule}+1",
            "own": ids,
            "chapter": "recovery.md",
        }
        for rule, ids in own.items()
    ]
    footer = {**report.footer, "failing": failing}
    return replace(report, checks=tuple(checks), footer=footer)


def test_the_document_fits_its_schema(report: Report) -> None:
    """One JSON document has all that the lines had."""
    schema = json.loads((SCHEMAS / "report-document.schema.json").read_text())
    lines = json.loads((SCHEMAS / "report.schema.json").read_text())

    document = json.loads(FORMATS["json"](report))

    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["checks"] == [*map(dict, report.checks)]
    del document["footer"]["verdict"]
    assert not jsonschema.Draft202012Validator(schema).is_valid(document)
    assert schema["$defs"] == lines["$defs"], "copy the records into the schema of the document"


def test_junit_counts_and_tells_what_failed(report: Report) -> None:
    """A suite for each chapter, a case for each check, the story as the failure's text."""
    root = ET.fromstring(FORMATS["junit"](report))  # noqa: S314 (our own)

    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("19", "2", "2")
    assert [suite.get("name") for suite in root] == ["rotate", "stream"]
    failure = root.find(".//testcase[@name='wait:retry-after-1']/failure")
    assert failure is not None
    assert failure.get("type") == "fail"
    for part in ("rotate.retry-once+1 A pool MUST try once more.", "expected [2]", "replay: "):
        assert part in str(failure.text)


def test_every_outcome_has_a_place_in_junit(changed: Changed) -> None:
    """Only a pass is bare; what did not run is not green, and what is missing is an error."""
    assert set(OUTCOMES["outcome"]["enum"]) == ELEMENTS.keys()
    for outcome, element in ELEMENTS.items():
        case = ET.fromstring(FORMATS["junit"](changed(outcome=outcome))).find(".//testcase")  # noqa: S314

        assert case is not None
        assert [child.tag for child in case] == ([element] if element else [])


def test_junit_takes_any_text(changed: Changed) -> None:
    """What XML cannot say is replaced, so the file can be read."""
    root = ET.fromstring(FORMATS["junit"](changed(outcome="fail", stderr=ODD, reason=ODD)))  # noqa: S314

    failure = root.find(".//failure")
    assert failure is not None
    assert "<b>&amp;</b> \N{REPLACEMENT CHARACTER}[31m" in str(failure.text)


def test_markdown_sums_up(report: Report) -> None:
    """Testee, verdict, the worst with its smallest story, and a row for each chapter."""
    summary = FORMATS["markdown"](report)

    assert summary.startswith("# naive 1: not-conformant\n")
    assert "## The worst of it" in summary
    assert "`rotate.retry-once+1` (2 checks): A pool MUST try once more." in summary
    assert "*If broken:* Keys are wasted." in summary
    assert "| rotate | " in summary
    assert summary.count("<details open>") == 1
    assert "... " not in summary


def test_markdown_holds_a_bounded_number_of_stories(report: Report) -> None:
    """A summary has a size that a page can hold, and says what it leaves out."""
    summary = FORMATS["markdown"](far_off(report, failures=500, requirements=100))

    assert len(summary) < 65_000
    told = summary.count("<details")
    assert told > 5
    assert f"{100 - told} more are in the report." in summary


def test_markdown_cannot_be_broken_out_of(changed: Changed) -> None:
    """A fence is longer than any in the text, and a title is no markup."""
    summary = FORMATS["markdown"](changed(outcome="fail", stderr=ODD, title="<script>"))

    assert "\n`````text\n" in summary
    assert "<script>" not in summary.partition("`````text")[0]


def test_the_page_tells_a_failure_in_full(report: Report) -> None:
    """Requirement, consequence, both values, the trace and the command."""
    page = FORMATS["html"](report)

    for part in (
        '<article id="check:wait:retry-after-1">',
        "A pool MUST try once more.",
        "<em>If broken:</em> Keys are wasted.",
        "expected [2]\nactual   [13.0]",
        '<pre class="trace"><div>',
        "→ POST /v1/chat/completions [a]",
        "… waits 13 s (retry)",
        "replay-me --filter 'wait:retry-after-1'",
        '<span class="not-conformant">not-conformant</span>',
    ):
        assert part in page


def test_the_page_needs_nothing_else(changed: Changed) -> None:
    """Nothing is loaded, nothing runs, and what a testee says is text."""
    page = FORMATS["html"](changed(outcome="fail", stderr=ODD, title='"><img src=x>'))

    assert "default-src 'none'" in page
    loads = r"<(?:script|link|img|iframe|object|form)\b|<[^>]*src=|<[^>]*href=\"[^#]|url\("
    assert not re.findall(loads, page)
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_the_worst_comes_first(report: Report, form: str) -> None:
    """Three requirements are told before everything else, in the report's own order."""
    page = FORMATS[form](far_off(report, failures=20, requirements=5))

    places = [page.index(f"rule.number-{number}") for number in range(4)]
    assert places == sorted(places)
    worst, found, rest = page.partition("All 5 broken requirements")
    assert found
    assert "rule.number-2" in worst
    assert "rule.number-3" in rest
    assert "rule.number-3" not in worst


def test_a_page_of_many_failures_is_small(report: Report) -> None:
    """Five hundred failures fit into a megabyte: one example of each requirement, the rest in a line."""
    page = FORMATS["html"](far_off(report, failures=500, requirements=40))

    assert len(page.encode()) < 1_000_000
    assert page.count("<summary>HTTP and clock</summary>") == 40


def test_every_link_leads_somewhere(report: Report) -> None:
    """Contents, requirements and checks are linked to places that are there, and there once."""
    page = FORMATS["html"](far_off(report, failures=60, requirements=7))

    places = re.findall(r' id="([^"]*)"', page)
    links = re.findall(r'href="#([^"]*)"', page)
    assert len(places) == len(set(places))
    assert len(links) > 60
    assert set(links) <= set(places)


def test_a_page_links_to_the_specification(report: Report) -> None:
    """Where that is published is said on the command line."""
    page = FORMATS["html"](replace(far_off(report, 3, 3), site="https://spec.example/latest/"))

    assert 'href="https://spec.example/latest/spec/recovery/#rule.number-0"' in page


def test_what_does_not_apply_is_no_zero(report: Report) -> None:
    """A chapter of a feature that nobody declared says so."""
    checks = tuple(
        {**check, "outcome": "not-applicable", "reason": "why"} for check in report.checks
    )

    page = FORMATS["html"](replace(report, checks=checks))

    assert "rotate: 15 not-applicable" in page
    assert "0 of" not in page


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "json"])
def test_no_conclusion_is_told_and_no_pass(changed: Changed, form: str) -> None:
    """What a check needs first is there in every form."""
    told = FORMATS[form](changed(outcome="inconclusive", reason="needs rotate.second first"))

    assert "inconclusive" in told
    if form in ("html", "markdown"):
        assert "No conclusion in 1 check" in told
    assert "rotate.second" in told


def test_what_only_others_have_met_fails_in_junit(report: Report) -> None:
    """A requirement without a failing check of its own has a case, unless a list knows of it."""
    met = {**fields(items(report.footer["failing"])[0]), "own": [], "beside": ["healthy"]}

    def cases(failing: dict[str, Json]) -> list[ET.Element]:
        footer = {**report.footer, "failing": [failing]}
        root = ET.fromstring(FORMATS["junit"](replace(report, footer=footer)))  # noqa: S314
        return root.findall("testsuite[@name='seen beside']/testcase/failure")

    assert len(cases(met)) == 1
    assert not cases({**met, "known": True})


@pytest.mark.parametrize(
    ("verdict", "colour"),
    [
        ("conformant", "brightgreen"),
        ("not-conformant", "red"),
        ("incomplete", "orange"),
        ("error", "red"),
        ("filtered", "lightgrey"),
    ],
)
def test_a_badge_says_the_verdict(report: Report, verdict: str, colour: str) -> None:
    """Green is for `conformant` alone."""
    footer = {**report.footer, "verdict": verdict}

    badge = fields(json.loads(FORMATS["badge"](replace(report, footer=footer))))

    assert badge == {
        "schemaVersion": 1,
        "label": "credential pool 0.1",
        "message": verdict.replace("-", " "),
        "color": colour,
    }


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_can_be_written_to_a_file(
    report: Report, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file has what standard output has without `--output`."""
    lines = tmp_path / "inprocess.ndjson"

    assert main(["report", str(lines), "--format", form, "--output", str(tmp_path / "out")]) == 0
    assert main(["report", str(lines), "--format", form]) == 0
    written = (tmp_path / "out").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written == FORMATS[form](report)


def test_a_testee_that_never_started_has_a_report_too(report: Report) -> None:
    """Without a manifest there is still a verdict to show."""
    nameless = replace(report, header={**report.header, "testee": None})

    for form in ("markdown", "html"):
        assert "A testee that did not start" in FORMATS[form](nameless)


def test_a_file_that_cannot_be_written_exits_with_2(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder may not exist."""
    output = tmp_path / "none" / "out"
    lines = str(tmp_path / "inprocess.ndjson")

    assert report.checks
    assert main(["report", lines, "--format", "badge", "--output", str(output)]) == 2
    assert f"{output}: cannot be written" in capsys.readouterr().err
