"""A whole run through either connector: what passes, what fails, and for which reason."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Name, RunSuite

CONNECTORS = ("stdio", "inprocess")


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_testee_that_does_right_is_conformant(
    run_suite: "RunSuite", naive: "Name", connector: str
) -> None:
    """Every check that is due passes, the others are listed with their reason."""
    ran = run_suite(naive(connector), connector)

    outcomes = ran.outcomes()
    assert ran.verdict == "conformant"
    assert ran.charged() == {}
    assert outcomes.pop("not-mine") == "not-applicable"
    assert outcomes.pop("unseen") == "excluded"
    assert set(outcomes.values()) == {"pass"}
    assert len(outcomes) == 17


EXPECTED = {
    "NeverRetries": {
        "retry-then-rotate": ["rotate.retry-once retry"],
        "wait:retry-after-1": ["rotate.retry-once retry"],
        "wait:retry-after-2": ["rotate.retry-once retry"],
        "class:openai/rate-limit": ["- log"],
    },
    "WaitsTooLong": {
        "wait:retry-after-1": ["rotate.retry-once wait"],
        "wait:retry-after-2": ["rotate.retry-once wait"],
    },
    "WrongReason": {
        "retry-then-rotate": ["rotate.retry-once class"],
        "wait:retry-after-1": ["rotate.retry-once class"],
        "wait:retry-after-2": ["rotate.retry-once class"],
        "class:openai/rate-limit": ["- log", "rotate.second class"],
    },
    "BenchesTooLong": {
        "retry-then-rotate": ["rotate.retry-once until", "rotate.retry-once out"],
        "exhausted": ["rotate.second until", "rotate.second returns"],
        "overlap": ["rotate.second until"],
    },
    "FollowsWithKey": {"redirected": ["security.redirect sent"]},
}


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_a_testee_that_does_wrong_fails_the_right_checks(
    run_suite: "RunSuite", naive: "Name", connector: str, kind: str
) -> None:
    """A broken rule turns exactly its own checks red, for the right reason, in both connectors."""
    ran = run_suite(naive(connector, kind), connector)

    assert ran.verdict == "not-conformant"
    assert ran.charged() == EXPECTED[kind]


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize(
    ("kind", "outcome", "charged"),
    [
        ("Leaks", "pass", "security.no-leak said"),
        ("Tampers", "pass", "security.caller-headers header"),
        ("AsksForEver", "fail", "rotate.retry-once endless"),
    ],
)
def test_what_is_wrong_everywhere_is_found_anywhere(
    run_suite: "RunSuite", naive: "Name", connector: str, kind: str, outcome: str, charged: str
) -> None:
    """A leak, a lost header and an endless loop are found in any check, and are no fault of its subject."""
    ran = run_suite(naive(connector, kind), connector, only="healthy")

    assert ran.outcomes() == {"healthy": outcome}
    assert ran.charged() == {"healthy": [charged]}
    assert [found["requirement"] for found in ran.broken()] == [charged.split(maxsplit=1)[0]]


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_leak_beside_the_subject_is_never_conformant(
    run_suite: "RunSuite", naive: "Name", connector: str
) -> None:
    """Every check passes, and the verdict is what was found beside."""
    ran = run_suite(naive(connector, "Leaks"), connector)

    assert "fail" not in ran.outcomes().values()
    assert ran.verdict == "not-conformant"
    assert ran.broken()[0]["severity"] == "secret"


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_drained_stream_fails(
    run_suite: "RunSuite", naive: "Name", connector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is read to its end before the caller sees any of it is still pending."""
    monkeypatch.setattr("credpool_conformance.testee.session.STREAM_GRACE", 0.2)

    ran = run_suite(naive(connector, "Drains"), connector, only="streamed")

    found, *_ = ran.check("streamed")["findings"]
    assert found["actual"] == "pending"
    assert found["expected"] == "streaming 200"


def test_a_testee_without_a_clock_seam_is_not_asked_to_wait(
    run_suite: "RunSuite", naive: "Name"
) -> None:
    """What depends on a clock that can be set is not applicable, and the verdict names the clock."""
    ran = run_suite(naive("stdio", "RealClock"))

    assert ran.verdict == "conformant"
    assert ran.outcomes()["exhausted"] == "pass"
    check = ran.check("wait:retry-after-1")
    assert check["outcome"] == "not-applicable"
    assert check["reason"] == "the check times a wait, and the pool runs on the real clock"
    assert "profile: on the real clock" in ran.screen


def test_a_failure_tells_the_whole_story(run_suite: "RunSuite", naive: "Name") -> None:
    """Requirement, consequence, difference, trace and replay command are on the screen."""
    ran = run_suite(naive("stdio", "WaitsTooLong"), only="wait:retry-after-1")

    for part in (
        "FAIL wait:retry-after-1: The retry waits as long as it was told",
        "rotate.retry-once+1 A pool MUST try once more.",
        "If broken: Keys are wasted.",
        "phase 1, wait: the pool waited for another time than it should",
        "      expected [2]\n      actual   [13.0]",
        "→ POST /v1/chat/completions [a]",
        "… waits 13 s (retry)",
        "+13         ← 200 (a[1])",
        "replay: replay-me --filter 'wait:retry-after-1'",
    ):
        assert part in ran.screen


def test_a_filtered_run_is_never_conformant(run_suite: "RunSuite", naive: "Name") -> None:
    """The verdict of a part says that it is a part."""
    ran = run_suite(naive("stdio"), only="healthy")

    assert ran.outcomes() == {"healthy": "pass"}
    assert ran.verdict == "filtered"
