"""Testees that break the protocol: the runner survives, says what happened, and goes on."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Name, RunSuite

BROKEN = {
    "crash-at-start": "exit code 3",
    "exit-at-hello": "exit code 4",
    "other-protocol": "speaks protocol 99",
    "exit-mid-call": "the testee ended: exit code 7",
    "killed-mid-call": "the testee ended: killed by signal 9",
    "hang": "no reply to call within 0.5 s",
    "hang-and-ignore-sigterm": "no reply to call within 0.5 s",
    "garbage": "not a JSON message: 'Traceback",
    "not-an-object": "not a JSON object",
    "not-utf-8": "the testee wrote garbage",
    "newline-flood": "not a JSON message",
    "endless-line": "a line without an end",
    "unknown-feature": "at $.hello.features[0]: \"'shared-stores' does not match",
    "half-a-line": "half a line, then: exit code 0",
    "wrong-seq": "a reply that nobody asked for",
    "no-seq": "a reply that nobody asked for",
    "two-replies": "a reply that nobody asked for",
    "reply-flood": "a reply that nobody asked for",
    "echo": "call wants a reply with wait or result",
    "wrong-kind": "call wants a reply with wait or result",
    "malformed-result": "a malformed result.reply: at $.result.status",
    "own-error": "answered call with an error: the reason is here",
}
EXPLAINED = ("crash-at-start", "exit-at-hello", "exit-mid-call", "garbage")


@pytest.mark.parametrize("mode", BROKEN)
def test_a_testee_that_breaks_the_protocol_is_a_harness_error(
    run_suite: "RunSuite", faux: "Name", mode: str
) -> None:
    """The check says what happened, and the verdict is no verdict about the pool."""
    ran = run_suite(faux(mode), only="healthy", timeout=0.5)

    check = ran.check("healthy")
    assert check["outcome"] == "harness-error"
    assert BROKEN[mode] in check["reason"]
    assert ran.verdict == "error"
    assert "replay: replay-me --filter 'healthy'" in ran.screen
    if mode in EXPLAINED:
        assert "the reason is here" in check["stderr"]
        assert "the reason is here" in ran.screen


@pytest.mark.parametrize("mode", ["split-writes", "chatty-stderr", "never-ends", "good"])
def test_a_testee_that_is_only_odd_passes(run_suite: "RunSuite", faux: "Name", mode: str) -> None:
    """Bytes that trickle, a flood on standard error and a process that stays are no faults."""
    ran = run_suite(faux(mode), only="healthy")

    assert ran.outcomes() == {"healthy": "pass"}


def test_a_testee_that_makes_its_replies_up_fails(run_suite: "RunSuite", faux: "Name") -> None:
    """A result that no request stands behind is a failure of the pool: what was sent counts."""
    ran = run_suite(faux("never-sends"), only="healthy")

    assert ran.outcomes() == {"healthy": "fail"}
    assert ran.charged()["healthy"] == ["rotate.retry-once out"]


def test_a_call_that_waits_without_end_is_a_failure(run_suite: "RunSuite", faux: "Name") -> None:
    """The harness ends the call: whoever waits for ever is stuck, and has broken no protocol."""
    ran = run_suite(faux("waits-for-ever"), only="healthy", timeout=0.5)

    assert ran.outcomes() == {"healthy": "fail"}
    assert ran.charged()["healthy"] == ["rotate.retry-once endless"]


def test_a_testee_that_declares_what_it_has_not_fails(run_suite: "RunSuite", faux: "Name") -> None:
    """A feature that is declared is checked, and is not applicable where it is not."""
    honest = run_suite(faux("good"), only="not-mine")
    lying = run_suite(faux("lying-manifest"), only="not-mine")

    assert honest.outcomes() == {"not-mine": "not-applicable"}
    assert lying.outcomes() == {"not-mine": "fail"}
    assert "Processes disagree." in lying.screen


def test_a_crash_costs_one_check(
    run_suite: "RunSuite", faux: "Name", monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each crash the testee is started again, and the run goes on to its end."""
    monkeypatch.setattr("credpool_conformance.testee.session.STREAM_GRACE", 0.1)

    ran = run_suite(faux("exit-mid-call"), timeout=1)

    outcomes = ran.outcomes()
    assert outcomes["healthy"] == "harness-error"
    assert outcomes["strategy:known"] == "pass"
    assert outcomes["read-whole"] == "harness-error"
    assert len(outcomes) == 19
    assert ran.verdict == "incomplete"


def test_a_testee_that_never_starts_is_given_up(run_suite: "RunSuite", faux: "Name") -> None:
    """The first start that fails ends the run, and the one check says why."""
    ran = run_suite(faux("crash-at-start"))

    assert [*ran.outcomes().values()] == ["harness-error"]
    assert "exit code 3" in str(ran.report.checks[0]["reason"])
    assert ran.verdict == "error"
    assert ran.report.header["testee"] is None


def test_a_command_that_does_not_exist_is_a_harness_error(run_suite: "RunSuite") -> None:
    """What the operating system says is passed on."""
    ran = run_suite("./no-such-testee", only="healthy")

    assert "No such file" in ran.check("healthy")["reason"]
    assert ran.verdict == "error"


@pytest.mark.parametrize("testee", ["no_such_module:Testee", "json:Testee", "/no/such/file.py"])
def test_a_python_testee_that_does_not_load_is_a_harness_error(
    run_suite: "RunSuite", testee: str
) -> None:
    """In process, too, a testee that cannot be made is reported."""
    ran = run_suite(testee, "inprocess", only="healthy")

    assert "cannot be started" in ran.check("healthy")["reason"]
    assert ran.verdict == "error"
