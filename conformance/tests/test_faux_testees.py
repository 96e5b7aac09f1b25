"""Testees that break the protocol: the runner survives, says what happened, and goes on."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import Data
from credpool_conformance.problems import StartError

if TYPE_CHECKING:
    from conftest import Name, RunSuite

UNSTARTED = {
    "crash-at-start": "exit code 3",
    "exit-at-hello": "exit code 4",
    "other-protocol": "speaks protocol 99",
    "garbage-at-start": "not a JSON message: 'a banner",
    "unknown-feature": "at $.hello.features[0]: \"'shared-stores' does not match",
}
BROKEN = {
    "exit-mid-call": "the testee ended: exit code 7",
    "killed-mid-call": "the testee ended: killed by signal 9",
    "hang": "no reply to call within 0.5 s",
    "hang-and-ignore-sigterm": "no reply to call within 0.5 s",
    "garbage": "not a JSON message: 'Traceback",
    "not-an-object": "not a JSON object",
    "not-utf-8": "the testee wrote garbage",
    "newline-flood": "not a JSON message",
    "endless-line": "a line without an end",
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
EXPLAINED = ("exit-mid-call", "garbage")


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

    ran = run_suite(faux("exit-in-a-stream"), timeout=1)

    outcomes = [*ran.outcomes().values()]
    assert "pass" in outcomes[outcomes.index("harness-error") :]
    assert len(outcomes) == 19


def test_a_testee_that_breaks_down_in_each_call_is_given_up(
    run_suite: "RunSuite", faux: "Name"
) -> None:
    """After five in a row the rest is not tried, and the end says why."""
    ran = run_suite(faux("exit-mid-call"), timeout=1)

    ended = [*ran.outcomes().values()]
    assert ended.count("harness-error") == 5
    assert "unverified" in ended
    end = ran.screen.partition("verdict: ")[2]
    assert "given up: the testee broke down in 5 checks in a row" in end
    assert "the last time: the testee ended: exit code" in end
    assert "not exercised:" not in ran.screen


@pytest.mark.parametrize("mode", UNSTARTED)
def test_a_testee_that_does_not_start_ends_the_run(
    run_suite: "RunSuite", faux: "Name", tmp_path: Path, mode: str
) -> None:
    """The first start that fails ends it, says why, and leaves the last report alone."""
    (tmp_path / "stdio.ndjson").write_text("the report of yesterday")

    with pytest.raises(StartError, match=re.escape(UNSTARTED[mode])):
        run_suite(faux(mode))

    assert (tmp_path / "stdio.ndjson").read_text() == "the report of yesterday"


def test_a_command_that_does_not_exist_does_not_start(run_suite: "RunSuite") -> None:
    """What the operating system says is passed on."""
    with pytest.raises(StartError, match="No such file"):
        run_suite("./no-such-testee", only="healthy")


def test_a_testee_that_is_silent_is_waited_for_once(
    run_suite: "RunSuite", faux: "Name", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a start is its own, and passes once."""
    monkeypatch.setattr("credpool_conformance.testee.session.START_UP", 0.2)

    with pytest.raises(StartError, match=re.escape("no reply to hello within 0.2 s")):
        run_suite(faux("silent"), timeout=0.1)


def test_a_start_error_takes_one_screen(
    tree: Data, faux: "Name", capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 2, and tells no scenario's story."""
    suite = ["--spec", str(tree.spec), "--scenarios", str(tree.scenarios)]

    code = main(["run", *suite, "--testee", faux("crash-at-start")])

    told = capsys.readouterr()
    assert code == 2
    assert told.err.startswith("the testee does not start: the testee ended: exit code 3\n")
    assert "the reason is here" in told.err
    assert len((told.out + told.err).splitlines()) < 24
    assert "FAIL" not in told.out + told.err
    assert "requirement" not in told.out + told.err


@pytest.mark.parametrize("testee", ["no_such_module:Testee", "json:Testee", "/no/such/file.py"])
def test_a_python_testee_that_does_not_load_does_not_start(
    run_suite: "RunSuite", testee: str
) -> None:
    """In process, too, a testee that cannot be made is reported."""
    with pytest.raises(StartError, match="cannot be started"):
        run_suite(testee, "inprocess", only="healthy")
