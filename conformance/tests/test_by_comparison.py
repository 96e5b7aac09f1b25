"""What a pool does is compared with what it does elsewhere, where it keeps to other rules than these."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

from credpool.model.terms import AuthType
from credpool.providers import classify
from credpool.providers.registry import Provider, Rule, provider
from credpool.providers.reply import Reply as Refusal
from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.by_comparison import ByComparison
from credpool_conformance.charging.check import Check, Outcome, Phases
from credpool_conformance.data import find
from credpool_conformance.json_values import fields
from credpool_conformance.judging.plan import attempts
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.scenario import Reply, Scenario
from credpool_conformance.scenarios.selection import Selection
from tools.mutants.reference_run import Suite, read_suite

Does = Callable[[Reply], Phases]
HOPS: Final = (("a", "b"), ("a", "b"))
BENCHES: Final = (("a", "b"), ("b",))
STAYS: Final = (("a",), ("a",))
ASIDE: Final = Finding(
    phase=1,
    kind="on",
    requirement="recover.table",
    severity="loss",
    expected=["a"],
    actual=["a", "b"],
)


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Read the specification and all scenarios, once."""
    data = find()
    assert data.default_testee is not None
    return read_suite(data, data.default_testee)


@pytest.fixture(scope="module")
def scenarios(suite: Suite) -> Mapping[str, Scenario]:
    """Return the scenarios by their ids."""
    return {scenario.id: scenario for scenario in suite.scenarios}


def judged(scenarios: Mapping[str, Scenario], id_: str, does: Does) -> Check:
    """Judge a check that a pool's own rules left without a conclusion."""

    def played(scenario: Scenario) -> Check:
        wires = does(next(iter(scenario.upstream.values()))[0])
        return Check(
            scenario=scenario,
            outcome=Outcome.INCONCLUSIVE,
            reason="needs recover.table first",
            findings=(ASIDE,),
            wires=wires,
            states=tuple(() for _ in wires),
        )

    plain = [s for s in scenarios.values() if "classify.unknown-code" in s.ids]
    return ByComparison(played, plain).judge(played(scenarios[id_]))


def same_for_all(_: Reply) -> Phases:
    """Try the next key and rest this one, whatever came."""
    return BENCHES


def by_status(reply: Reply) -> Phases:
    """Try the next key after whatever is wrong with a request, whatever the reply says."""
    return BENCHES if reply.status in (401, 402, 429) else STAYS if reply.status > 499 else HOPS


def test_what_the_status_says_alone_is_understood(scenarios: Mapping[str, Scenario]) -> None:
    """A pool that tries the next key after any 400 has not misread this one; the rule is broken aside."""
    check = judged(scenarios, "registry-example:generic/context-length", by_status)

    assert check.outcome is Outcome.PASS
    assert check.findings == (ASIDE,)


def test_words_that_change_nothing_were_not_read(scenarios: Mapping[str, Scenario]) -> None:
    """An overload under a 429 that is treated like any 429 is taken for a throttle."""
    check = judged(scenarios, "registry-example:cerebras/queue-full", by_status)

    assert check.outcome is Outcome.FAIL
    (finding,) = check.own
    assert (finding.kind, finding.about) == ("unread", "overloaded")
    assert finding.expected == [{"wire": [*wire]} for wire in STAYS]
    assert finding.actual == [{"wire": [*wire]} for wire in BENCHES]


def test_words_that_lead_where_the_plain_reply_does_were_read(
    scenarios: Mapping[str, Scenario],
) -> None:
    """Whatever this pool does after an overload, it does it here too, and not after a plain 429."""

    def reads(reply: Reply) -> Phases:
        return HOPS if reply.status == 503 or "queue" in str(reply.body) else BENCHES

    check = judged(scenarios, "registry-example:cerebras/queue-full", reads)

    assert check.outcome is Outcome.PASS
    assert check.reason is None


def test_any_status_of_a_class_is_an_example_of_it(scenarios: Mapping[str, Scenario]) -> None:
    """A pool may take a 408 for something else than a 500, and still know a fault of the server."""

    def reads(reply: Reply) -> Phases:
        is_fault = reply.status == 502 or "cancelled" in str(reply.body).lower()
        return STAYS if is_fault else BENCHES if reply.status == 408 else HOPS

    check = judged(scenarios, "registry-example:gemini/cancelled", reads)

    assert check.outcome is Outcome.PASS


def test_a_status_that_is_treated_like_the_replys_own_is_no_example(
    scenarios: Mapping[str, Scenario],
) -> None:
    """What the pool does with a 404 it does with any 429 too; its 400 tells that this one was not read."""

    def reads(reply: Reply) -> Phases:
        return BENCHES if reply.status in (404, 429) else STAYS

    check = judged(scenarios, "registry-example:generic/request-too-large", reads)

    assert check.outcome is Outcome.FAIL
    assert check.own[0].expected == [{"wire": [*wire]} for wire in STAYS]


@pytest.mark.parametrize(
    ("id_", "why"),
    [
        (
            "registry-example:cerebras/queue-full",
            "a pool that does the same with all shows nothing",
        ),
        ("registry-example:anthropic/organization-disabled", "no status alone means this class"),
        ("ten-throttled-keys-are-all-tried", "it is about no class"),
        ("rejected-key-rotates-and-comes-back:openai", "nor is this"),
    ],
)
def test_what_shows_nothing_stays_without_a_conclusion(
    scenarios: Mapping[str, Scenario], id_: str, why: str
) -> None:
    """Nothing passes or fails by a comparison that tells nothing apart."""
    check = judged(scenarios, id_, same_for_all)

    assert check.outcome is Outcome.INCONCLUSIVE, why


def test_a_reply_that_is_treated_like_no_other_shows_nothing(
    scenarios: Mapping[str, Scenario],
) -> None:
    """A third behaviour fits neither class."""

    def odd(reply: Reply) -> Phases:
        return (("a", "a", "b"), ("b",)) if "queue" in str(reply.body) else by_status(reply)

    assert judged(scenarios, "registry-example:cerebras/queue-full", odd).outcome is (
        Outcome.INCONCLUSIVE
    )


def test_the_state_tells_apart_what_the_requests_do_not(scenarios: Mapping[str, Scenario]) -> None:
    """A pool that rotates after everything still kills the key for one and rests it for the other."""

    def played(scenario: Scenario) -> Check:
        looks = scenario.phases[0].expect.state is None
        status = scenario.upstream["a"][0].status
        told = ("a: dead -" if status == 403 else "a: exhausted - +60",) if looks else ()
        return Check(
            scenario=scenario,
            outcome=Outcome.INCONCLUSIVE,
            wires=BENCHES,
            states=tuple(told for _ in BENCHES),
        )

    plain = [s for s in scenarios.values() if "classify.unknown-code" in s.ids]
    check = played(scenarios["registry-example:openai/unsupported-region"])

    assert ByComparison(played, plain).judge(check).outcome is Outcome.FAIL


def test_no_providers_own_rule_reads_a_plain_status_otherwise(suite: Suite) -> None:
    """What a status means alone, it means with each provider whose example is judged by it."""
    plain = {
        s.upstream["a"][0].status: attempts(s.phases[0])[0].failure
        for s in suite.scenarios
        if "classify.unknown-code" in s.ids
    }
    about = [s for s in suite.scenarios if s.id.startswith("registry-example:")]

    otherwise = {
        s.id
        for s in about
        if attempts(s.phases[0])[0].failure == plain.get(s.upstream["a"][0].status)
        and wordless(s) != attempts(s.phases[0])[0].failure
    }

    assert otherwise == set()


def wordless(scenario: Scenario) -> str:
    """Return the class of a reply that says nothing but its status."""
    reply = Refusal(scenario.upstream["a"][0].status, {"content-type": "application/json"}, b"{}")
    auth_type = AuthType(scenario.given.entries[0].auth_type)
    verdict = classify.classify(reply, provider(scenario.given.provider), auth_type, now=0)
    return verdict.failure.value


def of_hints(suite: Suite, path: Path) -> Report:
    """Run every check of hints on the reference as it is now, in this process."""
    data = find()
    options = Options(
        testee=str(data.default_testee),
        connector="inprocess",
        timeout=10,
        selection="hints",
        report=path,
        replay="replay-me",
    )
    some = Selection(requirements=["cooldown.hint*"]).of(suite.scenarios, suite.requirements)
    run(some, suite.registry, suite.requirements, options, StringIO(), all_=suite.scenarios)
    return read_report(path)


def test_a_pool_with_another_usual_cooldown_reads_what_is_no_hint(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passes every check of hints, with the usual cooldown charged beside; one that reads none fails.

    No readable hint is as long as a usual cooldown, or the one that reads none would pass there.
    """
    rule_for = classify.rule_for

    def resting(reply: Refusal, known: Provider, auth_type: AuthType) -> Rule:
        return replace(rule_for(reply, known, auth_type), cooldown=7.25)

    monkeypatch.setattr(classify, "rule_for", resting)
    reads = of_hints(suite, tmp_path / "reads.ndjson")
    monkeypatch.setattr(classify, "read_hint", lambda *_, **__: None)
    blind = of_hints(suite, tmp_path / "blind.ndjson")

    usual = {c["id"] for c in reads.checks if "cooldown.default" in charged(c)}
    passed = {c["id"] for c in blind.checks if c["outcome"] == "pass"}
    ended = {c["outcome"] for c in reads.checks if "cooldown.hint.lies+2" not in c["verifies"]}
    assert ended <= {"pass", "not-applicable"}
    assert passed - usual == set()
    assert len(passed & usual) > 50


def charged(check: CheckRecord) -> set[object]:
    """Return the requirements that the findings of a check name."""
    return {fields(finding).get("requirement") for finding in check["findings"]}
