"""One fault is charged once, and alike whatever else runs: shown on a pool such as people write."""

from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import IO, Final

import pytest

from credpool_conformance.json_values import fields, items
from credpool_conformance.reporting import known_failures
from credpool_conformance.reporting.explanation import explanation
from credpool_conformance.reporting.formats import FORMATS
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.selection import Selection
from tools.mutants.reference_run import Suite

Part = Callable[..., Report]
RESTS: Final = {
    "cooldown.hint.forms": "cooldown.hint",
    "cooldown.clamp": "cooldown.hint",
    "cooldown.skew": "cooldown.hint",
    "cooldown.sole": "cooldown.hint",
    "cooldown.hint.lies": "cooldown.hint",
    "recover.outage-guard": "cooldown.hint",
}
"""Requirements, and what a breach of each rests on in a pool that reads no hint."""
KEYRING: Final = Path(__file__).parent / "testees" / "keyring.py"


@pytest.fixture(scope="module")
def part(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Run a part of the real suite on the keyring, or on one of its relatives."""

    def run_it(
        of: str = "Testee",
        *,
        known: KnownFailures | None = None,
        out: IO[str] | None = None,
        **only: list[str],
    ) -> Report:
        path = tmp_path_factory.mktemp("part") / "part.ndjson"
        selection = Selection(**only)
        options = Options(
            testee=f"{KEYRING}:{of}",
            connector="inprocess",
            timeout=10,
            selection=selection.words,
            report=path,
            replay="replay-me",
            known=known or KnownFailures(),
        )
        some = selection.of(suite.scenarios, suite.requirements)
        run(some, suite.registry, suite.requirements, options, out, all_=suite.scenarios)
        return read_report(path)

    return run_it


@pytest.fixture(scope="module")
def cooldowns(part: Part) -> Report:
    """Run the requirements on how long a cooldown is, which rest on others."""
    return part(requirements=["cooldown.c*"])


@pytest.fixture(scope="module")
def screen() -> StringIO:
    """Take what a run shows of `rests`."""
    return StringIO()


@pytest.fixture(scope="module")
def rests(part: Part, screen: StringIO) -> Report:
    """Run the requirements that rest on another one, and the registry's examples."""
    return part(requirements=[*RESTS, "classify.registry"], out=screen)


def broken(report: Report) -> list[object]:
    """List what was found broken."""
    return [fields(found)["requirement"] for found in items(report.footer["failing"])]


@pytest.mark.parametrize(("requirement", "needs"), RESTS.items())
def test_what_rests_on_another_fault_is_no_fault_of_its_own(
    rests: Report, requirement: str, needs: str
) -> None:
    """A pool that reads no hint, or keeps a class's rule nowhere, is told so once."""
    reasons = {
        check["reason"]
        for check in rests.checks
        if any(str(cited).partition("+")[0] == requirement for cited in items(check["verifies"]))
    }

    assert requirement not in broken(rests)
    assert f"needs {needs} first" in reasons


def test_a_form_that_is_read_stands_for_no_other(part: Part) -> None:
    """Who reads the seconds of `Retry-After` is judged by those, and not by moments."""
    report = part("ReadsRetryAfter", requirements=["cooldown.clamp", "cooldown.skew"])

    outcomes = {str(check["id"]): check["outcome"] for check in report.checks}
    assert outcomes["hint-is-kept-within-bounds:years"] == "pass"
    assert outcomes["far-moment-is-kept-within-bounds:plan"] == "inconclusive"
    assert outcomes["past-hint-is-the-shortest-cooldown:negative"] == "fail"
    assert "cooldown.skew" not in broken(report)


def test_a_part_charges_as_the_whole(part: Part, cooldowns: Report) -> None:
    """One check alone, a requirement and a chapter end alike; what was run beside has no record."""
    alone = part(ids=["hint-is-kept-within-bounds:years"])

    (check,) = alone.checks
    same = next(c for c in cooldowns.checks if c["id"] == check["id"])
    assert check["outcome"] == same["outcome"] == "inconclusive"
    assert check["reason"] == same["reason"] == "needs cooldown.hint first"
    assert items(alone.footer["prerequisites"])
    assert alone.footer["checks"] == 1


def test_a_list_of_the_whole_holds_for_a_part(
    part: Part, cooldowns: Report, suite: Suite, tmp_path: Path
) -> None:
    """It covers what comes to no conclusion, and nobody is told to take out what a part does not see."""
    listed = tmp_path / "known.yaml"
    listed.write_text(FORMATS["known-failures"](cooldowns), encoding="utf-8")
    verifying = {scenario.id: scenario.ids for scenario in suite.scenarios}
    known = known_failures.load(listed, verifying, suite.requirements.known, verifying)

    for only in ({"requirements": ["cooldown.clamp"]}, {"ids": ["hint-replaces-the-default:*"]}):
        footer = part(known=known, **only).footer
        assert "fail" not in fields(footer["counts"])
        assert all(fields(found)["known"] for found in items(footer["failing"]))


def test_a_report_has_one_record_for_each_check(cooldowns: Report) -> None:
    """Whoever counts the records gets the numbers of the footer, whatever was run beside them."""
    checks, footer = cooldowns.checks, cooldowns.footer

    assert items(footer["prerequisites"])
    assert len({check["id"] for check in checks}) == len(checks) == footer["checks"]
    assert Counter(check["outcome"] for check in checks) == footer["counts"]


def test_the_screen_says_nothing_that_it_takes_back(rests: Report, screen: StringIO) -> None:
    """Each `FAIL` on the screen is a failure in the end, and each failure is there."""
    shown = {
        line.split()[1].rstrip(":")
        for line in screen.getvalue().splitlines()
        if line.startswith("FAIL ")
    }

    assert shown == {check["id"] for check in rests.checks if check["outcome"] == "fail"}


def test_a_fault_that_a_gateway_may_repeat_says_so(part: Part) -> None:
    """It names the declaration for which it is no breach, and with it there is none."""
    some = "overload-benches-nobody:openai/overloaded"

    (check,) = part(ids=[some]).checks
    (declared,) = part("RepeatsFaults", ids=[some]).checks

    assert check["outcome"] == "fail"
    assert '"retries_faults": true' in "\n".join(explanation(check))
    assert declared["outcome"] != "fail"


def test_a_redirect_that_is_not_followed_breaks_nothing(part: Part) -> None:
    """Nobody has to follow one, so what lies behind it does not apply."""
    strangers = part("StaysWhereItIs", ids=["stranger-cannot-bench:*"])
    within = part("StaysWhereItIs", ids=["redirect-within-the-origin-*"])

    assert {check["outcome"] for check in strangers.checks} == {"not-applicable"}
    assert broken(strangers) == broken(within) == []


def test_a_pool_of_one_strategy_is_asked_for_no_other(part: Part) -> None:
    """It has no knob, so the adapter has nothing to refuse."""
    report = part(requirements=["select.unknown-strategy"])

    assert {check["outcome"] for check in report.checks} == {"not-applicable"}


def test_an_exception_is_charged_to_the_entry_that_raised(part: Part) -> None:
    """No request was sent, so none was one too many."""
    report = part(ids=["entries-without-a-secret-are-not-chosen:fill-first"])

    assert broken(report) == ["select.available"]


def test_a_pool_that_does_not_stream_is_told_so_alone(part: Part) -> None:
    """What it makes of a stream that breaks is no other fault."""
    report = part(ids=["broken-stream-is-not-repeated"])

    assert {*broken(report)} <= {"recover.stream.not-drained", "recover.bounded"}
    assert "reply.unchanged" not in broken(report)
