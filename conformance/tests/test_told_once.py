"""What a testee sends or breaks besides is told once, by its cause; shown on the library with one fault more."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from credpool_conformance.json_values import fields, items
from credpool_conformance.reporting.explanation import explanation
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.selection import Selection
from tools.mutants.reference_run import Suite

Told = Callable[..., list[CheckRecord]]
SURPLUS: Final = Path(__file__).parent / "testees" / "surplus.py"
TWICE: Final = "rotation-passes-benched-entries-over"
"""A check of two calls; nothing is wrong with the first before the second begins."""
SOME: Final = (
    TWICE,
    "refresh-token-stays-when-the-reply-has-none",
    "throttle-is-remembered-by-the-next-call",
    "token-with-time-left-is-sent-as-it-is",
    "two-calls-refresh-once",
)
BROKE: Final = {
    "BreaksDown": "the testee raised RuntimeError: the reason is here",
    "Garbles": "call wants a reply with wait or result, not \"['bogus']\"",
    "Hangs": "no reply to call within 0.5 s",
}


@pytest.fixture
def told(suite: Suite, tmp_path: Path) -> Told:
    """Run some checks of the real suite, and return their records."""

    def tell(of: str, *ids: str) -> list[CheckRecord]:
        selection = Selection(ids=[*ids])
        options = Options(
            testee=f"{SURPLUS}:{of}",
            connector="inprocess",
            timeout=0.5,
            selection=selection.words,
            report=tmp_path / "part.ndjson",
            replay="replay-me",
        )
        some = selection.of(suite.scenarios, suite.requirements)
        run(some, suite.registry, suite.requirements, options, None, all_=suite.scenarios)
        return [*report_of(tmp_path).checks]

    return tell


def report_of(folder: Path) -> Report:
    """Read the report of the run before."""
    return read_report(folder / "part.ndjson")


def charged(check: CheckRecord) -> list[str]:
    """List what a check was charged with."""
    return [f"{f['requirement'] or '-'} {f['kind']}" for f in check["findings"]]


@pytest.mark.parametrize("often", ["Once", "Always", "Repeats", "RepeatsOnce", "Looking"])
def test_a_request_too_many_is_told_once(told: Told, often: str) -> None:
    """Whether it looks like the caller's or not, once or after each call: it is one request too many."""
    checks = told(often, *SOME)

    assert {check["id"]: charged(check) for check in checks} == {
        TWICE: ["recover.bounded on"],
        "refresh-token-stays-when-the-reply-has-none": ["oauth.refresh-token.replaced on"],
        "throttle-is-remembered-by-the-next-call": ["recover.bounded same"],
        "token-with-time-left-is-sent-as-it-is": ["oauth.window.mandatory on"],
        "two-calls-refresh-once": ["oauth.single-flight on"],
    }


@pytest.mark.parametrize("when", ["Posts", "PostsOnce", "PostsAtOpening"])
def test_a_token_request_too_many_is_told_once(told: Told, when: str) -> None:
    """Also when nobody has begun a call yet; a pool of keys is not told that it refreshes too early."""
    checks = told(when, *SOME[:-1])

    assert {check["id"]: charged(check) for check in checks} == {
        TWICE: ["recover.bounded refresh"],
        "refresh-token-stays-when-the-reply-has-none": ["oauth.refresh-token.replaced refresh"],
        "throttle-is-remembered-by-the-next-call": ["recover.bounded refresh"],
        "token-with-time-left-is-sent-as-it-is": ["oauth.window.mandatory refresh"],
    }


def test_a_request_before_the_first_call_is_told(told: Told) -> None:
    """It is in no phase, and takes the reply that was for the call: what comes of that is not told."""
    (check,) = told("AtOpening", "throttle-is-remembered-by-the-next-call")

    assert charged(check) == ["request.unchanged request"]
    assert check["findings"][0]["actual"] == "another request: GET /models"
    assert check["reason"] == "needs request.unchanged first"


def test_a_header_that_is_lost_is_told_beside_a_request_too_many(told: Told) -> None:
    """Those are two faults: each request of the caller's shows the first."""
    (check,) = told("LosesAHeaderAndRepeats", "token-with-time-left-is-sent-as-it-is")

    assert charged(check) == ["security.caller-headers header", "oauth.window.mandatory on"]


def test_a_header_is_not_missed_in_what_was_never_sent(told: Told) -> None:
    """A pool that gives up too early is told that, and nothing of the requests that did not come."""
    (check,) = told("GivesUp", "account-of-the-login-is-named")

    assert charged(check) == ["recover.table stop"]


@pytest.mark.parametrize("kind", BROKE)
def test_a_breakdown_is_told_by_its_cause(told: Told, kind: str) -> None:
    """The second call brings it, and the check says how."""
    (check,) = told(kind, TWICE)

    assert (check["outcome"], check["reason"]) == ("harness-error", BROKE[kind])
    assert check["trace"]


@pytest.mark.parametrize(
    ("kind", "beside"),
    [
        ("LogsNothing", ["- log"]),
        ("LosesAHeader", ["security.caller-headers header"]),
        ("AsksAndBreaksDown", ["recover.bounded on"]),
    ],
)
def test_a_breakdown_is_no_pass(told: Told, kind: str, beside: list[str]) -> None:
    """What the check does not verify, and was found before, is told beside it."""
    (check,) = told(kind, TWICE)

    assert check["outcome"] == "harness-error"
    assert check["reason"] == BROKE["BreaksDown"]
    assert charged(check) == beside


def test_a_breakdown_after_a_failure_is_told_with_it(told: Told) -> None:
    """The check fails by what it verifies, and says that the testee did not come to the end."""
    (check,) = told("AsksAndBreaksDown", "refresh-token-stays-when-the-reply-has-none")

    assert check["outcome"] == "fail"
    assert charged(check) == ["oauth.refresh-token.replaced on"]
    assert f"  afterwards the testee broke down: {BROKE['BreaksDown']}" in explanation(check)


def test_who_is_given_up_is_told_why(told: Told) -> None:
    """Checks that are not run any more have the last breakdown in their reason, failed ones counted."""
    checks = told("AsksAndBreaksDown", "missing-plan-rotates*", "expired-token*", SOME[1])

    (last,) = {str(c["reason"]) for c in checks if c["outcome"] == "unverified"}
    assert last == (
        "given up: the testee broke down in 5 checks in a row, the last time: "
        + BROKE["BreaksDown"]
    )


def test_who_does_not_start_again_is_told_why(told: Told) -> None:
    """Three failed starts are enough, and the reason stays."""
    checks = told("StartsOnce", *SOME, "rate-limited-retries-once-then-rotates")

    reasons = [str(check["reason"]) for check in checks]
    assert reasons[-1] == (
        "the testee failed to start 3 times, and is not tried again: "
        "the testee cannot be started: the lock is still there"
    )


def test_a_testee_that_waits_for_itself_is_told_so(told: Told) -> None:
    """A request of `configure` gets a reply that is held: the time that runs out is no cause."""
    (check,) = told("PostsAtOpening", "two-calls-refresh-once")

    assert check["outcome"] == "harness-error"
    assert check["reason"] == (
        "no reply to configure within 0.5 s, and a request of the testee waits for the reply 'token'"
    )


def test_a_secret_in_a_breakdown_is_a_leak(told: Told, tmp_path: Path) -> None:
    """What a testee says last is an output as any other, and shown without the secret."""
    (check,) = told("SpillsASecret", TWICE)

    assert check["outcome"] == "harness-error"
    assert charged(check) == ["security.no-leak said"]
    assert check["reason"] == "the testee raised RuntimeError: cannot use <secret of a>"
    assert [fields(f)["severity"] for f in items(report_of(tmp_path).footer["failing"])] == [
        "secret"
    ]
