"""Scenarios and what their scripts need: neutral where they can be, and said where they cannot."""

from dataclasses import replace

import pytest

from credpool_conformance.charging.prerequisites import RETRY, needed, superfluous, unnamed
from credpool_conformance.data import find
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.reference_run import Suite, read_suite


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Read the specification and all scenarios."""
    data = find()
    assert data.default_testee is not None
    return read_suite(data, data.default_testee)


def test_a_script_that_needs_another_rule_says_so(suite: Suite) -> None:
    """A pool that does not retry must not fail what has nothing to do with retries."""
    assert [scenario.id for scenario in suite.scenarios if unnamed(scenario)] == []


def test_nothing_is_named_that_no_case_needs(suite: Suite) -> None:
    """What a text names is needed by one of its cases at least."""
    superfluous_in: dict[str, set[str]] = {}
    for scenario in suite.scenarios:
        text = scenario.id.partition(":")[0]
        superfluous_in[text] = superfluous_in.get(text, superfluous(scenario)) & superfluous(
            scenario
        )

    assert {text: ids for text, ids in superfluous_in.items() if ids} == {}


def test_a_retry_on_the_way_is_found(suite: Suite) -> None:
    """The lint sees a script whose subject is not the retry that it needs."""
    scenario = next(s for s in suite.scenarios if RETRY in s.uses)

    assert unnamed(replace(scenario, uses=())) == {RETRY}
    assert unnamed(replace(scenario, uses=(), verifies=(f"{RETRY}+2",))) == set()


def test_the_smallest_pool_reaches_all_of_the_core(suite: Suite) -> None:
    """Keys only, the default strategy, one provider, the default policy: no requirement is out of reach.

    Those on other strategies, and on refusing those that a pool does not have, are left out.
    """
    reached = {
        reference.partition("+")[0]
        for scenario in suite.scenarios
        if _is_smallest(scenario) and not needed(scenario)
        for reference in scenario.verifies
    }
    known = suite.requirements.known.values()
    core = {r.id for r in known if r.features == {"core"} and r.binding}

    missing = core - reached - suite.requirements.excluded.keys()
    assert missing == {
        "recover.rate-limited.rotate-first",  # it is about a value of the policy
        *(f"select.{name}" for name in ("least-used", "random", "round-robin", "unknown-strategy")),
    }


def _is_smallest(scenario: Scenario) -> bool:
    given = scenario.given
    return (
        not scenario.features
        and given.provider == "generic"
        and given.strategy in (None, "fill_first")
        and not given.policy
        and all(entry.auth_type == "api_key" for entry in given.entries)
    )
