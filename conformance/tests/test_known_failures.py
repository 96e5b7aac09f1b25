"""Known failures: what a list lets through, what it never hides, and when it is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import Data
from credpool_conformance.problems import BadInputError
from credpool_conformance.reporting import known_failures
from credpool_conformance.reporting.formats import FORMATS

if TYPE_CHECKING:
    from conftest import Name, Ran, RunSuite

IDS = frozenset({"healthy", "wait:retry-after-1", "wait:retry-after-2"})
BOTH = """
wait:retry-after-1: {reason: we round up}
wait:retry-after-2: {reason: we round up, kind: wait}
"""


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Return where the list is."""
    return tmp_path / "known.yaml"


def test_a_listed_failure_is_expected(run_suite: "RunSuite", naive: "Name", listed: Path) -> None:
    """It is told with its reason, in the report too, and the verdict stays what it was."""
    listed.write_text(BOTH, encoding="utf-8")

    ran = run_suite(naive("stdio", "WaitsTooLong"), known=known_failures.load(listed, IDS))

    assert ran.outcomes()["wait:retry-after-1"] == "expected-fail"
    assert ran.check("wait:retry-after-2")["reason"] == "known: we round up"
    assert ran.verdict == "not-conformant"
    assert ran.report.footer["counts"]["expected-fail"] == 2
    assert ran.report.header["known_failures"] == str(listed)
    assert "FAIL" not in ran.screen


def test_a_failure_of_another_kind_is_not_known(
    run_suite: "RunSuite", naive: "Name", listed: Path
) -> None:
    """A check that fails in other kinds than the list says fails, and says both."""
    listed.write_text("wait:retry-after-1: {reason: odd, kind: [same, status]}", encoding="utf-8")

    ran = run_suite(
        naive("stdio", "WaitsTooLong"),
        only="wait:retry-after-1",
        known=known_failures.load(listed, IDS),
    )

    assert ran.outcomes() == {"wait:retry-after-1": "fail"}
    assert "known.yaml:1 knows it to fail in same, status, and it failed in wait" in ran.screen


def test_a_stale_entry_fails(run_suite: "RunSuite", naive: "Name", listed: Path) -> None:
    """A check that passes again has to leave the list, whose line is named."""
    listed.write_text("\nhealthy: {reason: it was broken}", encoding="utf-8")

    ran = run_suite(naive("stdio"), only="healthy", known=known_failures.load(listed, IDS))

    assert ran.outcomes() == {"healthy": "unexpected-pass"}
    reason = "known.yaml:2 lists it as failing (it was broken); remove the entry"
    assert reason in str(ran.check("healthy")["reason"])
    assert "UNEXPECTED PASS healthy" in ran.screen


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("WaitsTooLong", BOTH, 0),
        ("WaitsTooLong", "wait:retry-after-1: {reason: we round up}", 1),
        ("Testee", "", 0),
        ("Testee", BOTH, 1),
    ],
)
def test_the_exit_code_follows_the_list(
    tree: Data, naive: "Name", listed: Path, kind: str, text: str, code: int
) -> None:
    """All listed: 0; one more, or one that passes: 1."""
    listed.write_text(text, encoding="utf-8")
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios)]
    known = ["--known-failures", str(listed), "--report", str(listed.with_name("r.ndjson"))]

    assert main(["run", *suite, "--testee", naive("stdio", kind), *known]) == code


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "\nno-such-check: {reason: why}",
            "2: no check or requirement is called 'no-such-check'; name an id",
        ),
        ("healthy:\n", "1: healthy has no reason; write `healthy: {reason: "),
        ("healthy: {kind: wait}", "1: healthy has no reason"),
        ("healthy: {reason: '  '}", "1: healthy has no reason"),
        ("healthy: we know", "1: healthy has no reason"),
        ("healthy:\n  reason: why\n  kind: luck", "3: unknown kind 'luck'; write one of: order"),
        ("healthy:\n  reason: why\n  since: 3", "3: unknown key 'since'"),
        ("- healthy", "1: not a map of check ids"),
        ("healthy: }", "1: "),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(listed: Path, text: str, problem: str) -> None:
    """File and line, what is wrong and what to write."""
    listed.write_text(text, encoding="utf-8")

    with pytest.raises(BadInputError) as caught:
        known_failures.load(listed, IDS)

    assert f"{listed}:{problem}" in str(caught.value)


def test_a_bad_list_exits_with_2(
    tree: Data, naive: "Name", listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run by a list that is wrong, even when a filter leaves its entries out."""
    listed.write_text('{"healthy": {"reason": "why"},\n "gone": {"reason": "why"}}')
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios), "--filter", "wait:*"]

    code = main(["run", *suite, "--testee", naive("stdio"), "--known-failures", str(listed)])

    assert code == 2
    assert f"{listed}:2: no check or requirement is called 'gone'" in capsys.readouterr().err


def made(ran: "Ran", path: Path) -> str:
    """Make a list of what a run has failed, and keep it."""
    listed = FORMATS["known-failures"](ran.report)
    path.write_text(listed, encoding="utf-8")
    return listed


@pytest.mark.parametrize("kind", ["WaitsTooLong", "WrongReason", "NeverRetries", "Testee"])
def test_a_list_is_made_that_covers_all(
    tree: Data, run_suite: "RunSuite", naive: "Name", listed: Path, kind: str
) -> None:
    """A run that knows what the run before it failed has nothing more to say."""
    made(run_suite(naive("inprocess", kind), "inprocess"), listed)
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios)]
    suite += ["--testee", naive("inprocess", kind), "--connector", "inprocess"]

    again = ["--known-failures", str(listed), "--report", str(listed.with_name("r.ndjson"))]
    assert main(["run", *suite, *again]) == 0


def test_a_list_is_short(run_suite: "RunSuite", naive: "Name", listed: Path) -> None:
    """All cases of one check are a pattern, all checks of one requirement its id."""
    ran = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess")

    assert '"wait:*":\n  reason: "waste: rotate.retry-once"\n' in made(ran, listed)

    rest = [
        c for c in ran.report.checks if c["outcome"] == "fail" or "rotate" not in str(c["verifies"])
    ]
    whole = replace(ran, report=replace(ran.report, checks=tuple(rest)))
    assert '"rotate.retry-once":\n  reason: "waste: Keys are wasted."\n' in made(whole, listed)


def test_a_list_keeps_the_reasons_that_were_given(
    run_suite: "RunSuite", naive: "Name", listed: Path
) -> None:
    """What somebody wrote about a check is in the next list too."""
    listed.write_text(BOTH.replace("wait:retry-after-2", "healthy"), encoding="utf-8")
    known = known_failures.load(listed, IDS)
    ran = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess", only=None, known=known)
    some = [c for c in ran.report.checks if c["id"] != "wait:retry-after-2"]

    listed_again = made(replace(ran, report=replace(ran.report, checks=tuple(some))), listed)

    assert '"wait:retry-after-1":\n  reason: "we round up"\n  kind: ["wait"]' in listed_again
    assert "healthy" not in listed_again


def test_no_list_holds_a_testee_that_breaks(
    run_suite: "RunSuite", faux: Callable[[str], str], listed: Path
) -> None:
    """A crash is named at the top, and nowhere else."""
    listed_all = made(run_suite(faux("exit-mid-call"), only="healthy"), listed)

    assert "# No list can hold these: 1 x harness-error." in listed_all
    assert "healthy" not in listed_all


def test_what_was_only_seen_beside_is_listed_by_its_name(
    run_suite: "RunSuite", naive: "Name", listed: Path
) -> None:
    """A requirement whose own checks pass has no failing check to list."""
    ran = run_suite(naive("inprocess", "WaitsTooLong"), "inprocess")
    (entry,) = ran.broken()
    met = {**entry, "own": [], "beside": ["healthy"], "requirement": "rotate.second"}
    footer = {**ran.report.footer, "failing": [met]}

    text = made(replace(ran, report=replace(ran.report, footer=footer)), listed)

    assert '"rotate.second":\n  reason: ' in text
