"""The page of a run: what it shows, and when it is refused."""

import json
from pathlib import Path

import pytest

from tools.pages import run_report

RULE = {"text": "A pool MUST rotate.", "consequence": "Callers wait.", "chapter": "recovery.md"}
FINDING = {"phase": 1, "kind": "stop", "requirement": "a.b", "others": [], "severity": "stuck"}
FINDING |= {"expected": ["b"], "actual": ["a"]}
FAILING = {**RULE, "requirement": "a.b", "reference": "a.b+1", "severity": "stuck"}
FAILING |= {"own": ["first-check:one"], "beside": [], "kinds": ["stop"]}
FAILING |= {"binding": True, "known": False}


def report(path: Path, *, connector: str = "stdio", outcome: str = "pass", day: str = "1") -> Path:
    """Write a report of one check and return its path."""
    coverage = {"exercised": ["a.b+1"], "unexercised": ["a.c+1"]}
    coverage |= {"not_applicable": [], "excluded": []}
    records: list[dict[str, object]] = [
        {
            "record": "header",
            "report": 1,
            "suite": "suite 1",
            "spec": "spec 1",
            "requirements": {"count": 2, "digest": "sha256:0"},
            "command": "some-testee",
            "clock": "virtual",
            "filter": None,
            "scenarios": 1,
            "known_failures": None,
            "platform": "Linux",
            "testee": {"name": "some-pool", "version": "2.0", "language": "Go"},
            "connector": connector,
            "generated_at": day,
        },
        {
            "record": "check",
            "id": "first-check:one",
            "title": "It rotates",
            "chapter": "recovery",
            "outcome": outcome,
            "verifies": ["a.b+1"],
            "requirements": {"a.b": {**RULE, "reference": "a.b+1"}},
            "features": [],
            "consequence": "The caller waits.",
            "reason": None,
            "findings": [] if outcome == "pass" else [FINDING],
            "trace": [],
            "stderr": "",
            "scenario": "recovery.yaml:3",
            "replay": "run --filter 'first-check:one'",
            "duration": float(day),
        },
        {
            "record": "footer",
            "verdict": "conformant",
            "reasons": [],
            "checks": 1,
            "counts": {outcome: 1},
            "failing": [] if outcome == "pass" else [FAILING],
            "coverage": coverage,
            "duration": float(day),
        },
    ]
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return where the page goes."""
    return tmp_path / "page.md"


def test_a_page_shows_the_testee_the_verdict_and_each_check(tmp_path: Path, page: Path) -> None:
    """A reader learns who was judged, the verdict, and the outcome of every check."""
    status = run_report.main([str(report(tmp_path / "a")), "--write", str(page)])

    text = page.read_text(encoding="utf-8")
    assert status == 0
    assert "**some-pool** 2.0 (Go)" in text
    assert "**conformant**" in text
    assert "| [It rotates](../spec/scenarios/recovery.md#first-check) | `a.b` | pass |" in text
    assert "Exercised by no check: `a.c+1`." in text


def test_a_page_does_not_change_with_the_day(tmp_path: Path, page: Path) -> None:
    """The same outcomes on another day give the same page, so it can be committed."""
    run_report.main([str(report(tmp_path / "a", day="1")), "--write", str(page)])

    assert run_report.main([str(report(tmp_path / "b", day="2")), "--check", str(page)]) == 0


def test_a_page_of_other_outcomes_is_out_of_date(
    tmp_path: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that says pass when the run failed is refused, with the command that writes it."""
    run_report.main([str(report(tmp_path / "a")), "--write", str(page)])

    status = run_report.main([str(report(tmp_path / "b", outcome="fail")), "--check", str(page)])

    assert status == 1
    assert "nox -s generate" in capsys.readouterr().err


def test_connectors_that_differ_are_named_with_what_failed(tmp_path: Path, page: Path) -> None:
    """A check with two outcomes is named, and its failure shown with the connector."""
    reports = [
        str(report(tmp_path / "a")),
        str(report(tmp_path / "b", connector="inprocess", outcome="fail")),
    ]
    run_report.main([*reports, "--write", str(page)])

    text = page.read_text(encoding="utf-8")
    assert "The connectors differ in `first-check:one`." in text
    assert "**`first-check:one`**, in process: fail. It rotates." in text
    assert "- stuck `a.b+1`: Callers wait." in text
    assert "phase 1, stop: the call ended although untried entries are left: " in text
    assert 'expected `["b"]`, saw `["a"]`' in text


@pytest.mark.parametrize("content", ["", "{}\n", "not json\n", '{"record": "header"}\n'])
def test_an_unfinished_report_is_refused(
    content: str, tmp_path: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no finished report gives no page, and an error with its line."""
    broken = tmp_path / "broken"
    broken.write_text(content, encoding="utf-8")

    assert run_report.main([str(broken), "--write", str(page)]) == 2
    assert not page.exists()
    assert f"{broken}:1: " in capsys.readouterr().err


def test_what_is_broken_comes_first(tmp_path: Path, page: Path) -> None:
    """A requirement that any run found broken is listed with what it means, before its checks."""
    run_report.main([str(report(tmp_path / "a", outcome="fail")), "--write", str(page)])

    text = page.read_text(encoding="utf-8")
    assert "| stuck | `a.b+1` | 1 check | Callers wait. |" in text
    assert (
        text.index("## What is broken") < text.index("## What failed") < text.index("## Recovery")
    )
