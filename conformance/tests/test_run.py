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
    assert ran.aspects() == {}
    assert outcomes.pop("not-mine") == "not-applicable"
    assert outcomes.pop("unseen") == "excluded"
    assert set(outcomes.values()) == {"pass"}
    assert len(outcomes) == 17


EXPECTED = {
    "NeverRetries": {
        "retry-then-rotate": ["wire", "attempts"],
        "wait:retry-after-1": ["wire", "outcome", "attempts", "waits", "exhausted", "state"],
        "wait:retry-after-2": ["wire", "outcome", "attempts", "waits", "exhausted", "state"],
        "class:openai/rate-limit": ["attempts"],
    },
    "WaitsTooLong": {"wait:retry-after-1": ["waits"], "wait:retry-after-2": ["waits"]},
    "WrongReason": {
        "retry-then-rotate": ["attempts"],
        "wait:retry-after-1": ["attempts"],
        "wait:retry-after-2": ["attempts"],
        "class:openai/rate-limit": ["attempts"],
    },
    "BenchesTooLong": {
        "retry-then-rotate": ["state"],
        "exhausted": ["exhausted", "state"],
        "overlap": ["state"],
    },
    "FollowsWithKey": {"redirected": ["wire", "canary"]},
}


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_a_testee_that_does_wrong_fails_the_right_checks(
    run_suite: "RunSuite", naive: "Name", connector: str, kind: str
) -> None:
    """A broken rule turns exactly its own checks red, for the right reason, in both connectors."""
    ran = run_suite(naive(connector, kind), connector)

    assert ran.verdict == "not-conformant"
    assert ran.aspects() == EXPECTED[kind]


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize(
    ("kind", "aspects"),
    [
        ("Leaks", ["canary"]),
        ("Tampers", ["wire"]),
        ("AsksForEver", ["wire", "outcome", "attempts"]),
    ],
)
def test_what_is_wrong_everywhere_is_found_anywhere(
    run_suite: "RunSuite", naive: "Name", connector: str, kind: str, aspects: list[str]
) -> None:
    """A secret on standard error, a lost header and an endless loop fail the simplest check."""
    ran = run_suite(naive(connector, kind), connector, only="healthy")

    assert ran.outcomes() == {"healthy": "fail"}
    assert ran.aspects() == {"healthy": aspects}


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_drained_stream_fails(
    run_suite: "RunSuite", naive: "Name", connector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is read to its end before the caller sees any of it is still pending."""
    monkeypatch.setattr("credpool_conformance.session.STREAM_GRACE", 0.2)

    ran = run_suite(naive(connector, "Drains"), connector, only="streamed")

    failures = ran.check("streamed")["failures"]
    assert failures[0]["actual"] == "pending"
    assert failures[0]["expected"] == "streaming 200"


def test_a_testee_without_a_clock_seam_is_left_unverified(
    run_suite: "RunSuite", naive: "Name"
) -> None:
    """What depends on time is not judged, and the verdict says that something is missing."""
    ran = run_suite(naive("stdio", "RealClock"))

    assert ran.verdict == "incomplete"
    assert ran.outcomes()["wait:retry-after-1"] == "unverified"
    assert ran.outcomes()["exhausted"] == "pass"


def test_a_failure_tells_the_whole_story(run_suite: "RunSuite", naive: "Name") -> None:
    """Requirement, consequence, difference, trace and replay command are on the screen."""
    ran = run_suite(naive("stdio", "WaitsTooLong"), only="wait:retry-after-1")

    for part in (
        "FAIL wait:retry-after-1: The retry waits as long as it was told",
        "rotate.retry-once+1 A pool MUST try once more.",
        "If broken: The retry is spent too early.",
        "phase 1, waits\n    expected [2]\n    actual   [3.0]",
        "→ POST /v1/chat/completions [a]",
        "… waits 3 s (retry)",
        "+3          ← 200 (a[1])",
        "replay: replay-me --filter 'wait:retry-after-1'",
    ):
        assert part in ran.screen


def test_a_filtered_run_is_never_conformant(run_suite: "RunSuite", naive: "Name") -> None:
    """The verdict of a part says that it is a part."""
    ran = run_suite(naive("stdio"), only="healthy")

    assert ran.outcomes() == {"healthy": "pass"}
    assert ran.verdict == "filtered"
