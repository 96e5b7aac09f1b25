"""A pool that does not tell how long an entry is out shows it, or is not judged by it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from credpool_conformance.data import find
from credpool_conformance.scenarios.coming_back import asked_back, shows_nothing
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants import mutant_files
from tools.mutants.mutant import Change, Replacement
from tools.mutants.reference_run import RunResult, Suite, attempt, read_suite
from tools.mutants.workers import run_all

MUTANTS = Path(__file__).parents[1] / "mutants"
FORMS = ("hint-form:", "first-readable-hint-wins:")
LENGTHS = ("cooldown-without-a-hint:", "hint-is-kept-within-bounds:", "hint-beats-the-policy")


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Read the specification and all scenarios."""
    data = find()
    assert data.default_testee is not None
    return read_suite(data, data.default_testee)


@pytest.fixture(scope="module")
def silent() -> type[Change]:
    """Find the variation that tells nothing of what it does."""
    return mutant_files.read(MUTANTS).controls["TellsNothing"]


def only(suite: Suite, *beginnings: str) -> list[Scenario]:
    """Choose scenarios by how their ids begin."""
    return [scenario for scenario in suite.scenarios if scenario.id.startswith(beginnings)]


def tried(suite: Suite, scenarios: list[Scenario], change: type[Change]) -> RunResult:
    """Run scenarios on a changed reference, in a process of its own."""
    jobs = [("it", partial(attempt, suite, scenarios, change))]
    ((_, result),) = run_all(jobs, at_once=1, seconds=120)
    assert isinstance(result, RunResult)
    return result


def test_a_pool_that_reads_no_hint_is_failed_by_whom_it_asks(
    suite: Suite, silent: type[Change]
) -> None:
    """It tells no moment, so it is asked before the hint's end and after it."""
    unread = Replacement("credpool.providers.hints.read_hint", lambda *_, **__: None)
    chosen = only(suite, *FORMS)

    result = tried(suite, chosen, type("ReadsNoHint", (silent,), {"unread": unread}))

    hinted = [s.id for s in chosen if "+3600" not in str(s.phases[-1].expect)]
    assert result.void is None
    assert {*result.red} == {*hinted}
    kinds = {kind for red in result.red.values() for kind in red.kinds("cooldown.hint.forms")}
    assert kinds <= {"order", "out"}
    assert all(red.kinds("cooldown.hint.forms") for red in result.red.values())


def test_a_pool_that_tells_nothing_is_right_by_whom_it_asks(
    suite: Suite, silent: type[Change]
) -> None:
    """What is as it should be passes, in all forms and lengths."""
    result = tried(suite, only(suite, *FORMS, *LENGTHS), silent)

    assert result.red == {}
    assert result.ran == len(only(suite, *FORMS, *LENGTHS))


def test_an_entry_is_asked_a_second_before_its_end_and_after_it(suite: Suite) -> None:
    """Nobody is chosen but the next one before it, and the entry itself then."""
    (scenario,) = only(suite, "hint-form:retry-after-1")[:1]

    before, after = asked_back(scenario).phases[-2:]

    assert (before.advance, after.advance) == (36.0, 1.001)
    assert before.expect.attempts == ["b ok deliver"]
    assert after.expect.attempts == ["a ok deliver"]


@pytest.mark.parametrize(
    "id_",
    ["cooldown-of-a-failed-refresh", "sole-entry-for-a-model", "outage-guard-needs-like-refusals"],
)
def test_what_words_alone_would_show_is_not_judged(suite: Suite, id_: str) -> None:
    """Where nobody can be asked without doubt, a pool that does not tell is not said to pass."""
    (scenario,) = only(suite, id_)

    assert shows_nothing(scenario, moves=True)


def test_a_clock_that_cannot_be_set_leaves_lengths_to_words(suite: Suite) -> None:
    """On the real clock nobody is asked again."""
    (scenario,) = only(suite, "hint-beats-the-policy")

    assert shows_nothing(scenario, moves=False)
    assert not shows_nothing(scenario, moves=True)


def test_what_a_later_call_shows_is_judged(suite: Suite) -> None:
    """A scenario that asks for itself needs no further question."""
    (scenario,) = only(suite, "past-hint-is-the-shortest-cooldown:zero")[:1]

    assert not shows_nothing(scenario, moves=True)
    assert asked_back(replace(scenario, phases=scenario.phases[:2])) != scenario
