"""The verdict: `conformant` is hard to get, and nothing else looks like it."""

from collections.abc import Callable

import pytest

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.data import Data
from credpool_conformance.reporting.verdict import Summary, Verdict, summarise
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.profile import WHOLE, Profile
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files

Verdicts = Callable[..., Summary]


@pytest.fixture
def verdict(tree: Data) -> Verdicts:
    """Come to a verdict when some checks end otherwise than usual."""
    registry, requirements = registries.load(tree), requirement_files.load(tree)
    scenarios = load(tree, registry, requirements)

    def come_to(
        changed: dict[str, Outcome] | None = None,
        *,
        only: tuple[str, ...] | None = None,
        filtered: bool = False,
        features: frozenset[str] = frozenset({"core"}),
        profile: Profile = WHOLE,
    ) -> Summary:
        usual = {"not-mine": Outcome.NOT_APPLICABLE, "unseen": Outcome.EXCLUDED}
        outcomes = {**usual, **(changed or {})}
        checks = [
            Check(scenario=item, outcome=outcomes.get(item.id, Outcome.PASS))
            for item in scenarios
            if only is None or item.id in only
        ]
        return summarise(checks, requirements, features, filtered=filtered, profile=profile)

    return come_to


def test_all_passed_is_conformant(verdict: Verdicts) -> None:
    """What is not due does not count against it."""
    summary = verdict()

    assert summary.verdict is Verdict.CONFORMANT
    assert summary.good
    assert summary.coverage.not_applicable == ("share.store+1",)
    assert summary.coverage.excluded == ("think.aloud+1",)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.FAIL, Verdict.NOT_CONFORMANT),
        (Outcome.HARNESS_ERROR, Verdict.INCOMPLETE),
        (Outcome.UNVERIFIED, Verdict.INCOMPLETE),
        (Outcome.WARN, Verdict.CONFORMANT),
        (Outcome.EXPECTED_FAIL, Verdict.NOT_CONFORMANT),
        (Outcome.UNEXPECTED_PASS, Verdict.CONFORMANT),
    ],
)
def test_one_check_decides(verdict: Verdicts, outcome: Outcome, expected: Verdict) -> None:
    """One failure is enough; what did not run is missing; a SHOULD is a warning."""
    assert verdict({"healthy": outcome}).verdict is expected


@pytest.mark.parametrize(
    ("outcomes", "accepted"),
    [
        ((Outcome.PASS, Outcome.WARN), True),
        ((Outcome.EXPECTED_FAIL, Outcome.PASS), True),
        ((Outcome.EXPECTED_FAIL, Outcome.FAIL), False),
        ((Outcome.EXPECTED_FAIL, Outcome.HARNESS_ERROR), False),
        ((Outcome.EXPECTED_FAIL, Outcome.UNVERIFIED), False),
        ((Outcome.EXPECTED_FAIL, Outcome.UNEXPECTED_PASS), False),
        ((Outcome.UNEXPECTED_PASS, Outcome.PASS), False),
    ],
)
def test_only_known_failures_are_let_through(
    verdict: Verdicts, outcomes: tuple[Outcome, Outcome], *, accepted: bool
) -> None:
    """A run exits with 0 only if everything that went wrong is listed, and nothing else is."""
    summary = verdict(dict(zip(("healthy", "retry-then-rotate"), outcomes, strict=True)))

    assert summary.accepted is accepted


def test_known_failures_hide_no_gap(verdict: Verdicts) -> None:
    """A MUST that nobody exercised keeps a run from exiting with 0."""
    summary = verdict({"healthy": Outcome.EXPECTED_FAIL}, only=("healthy",))

    assert summary.verdict is Verdict.NOT_CONFORMANT
    assert not summary.accepted


def test_no_check_is_an_error(verdict: Verdicts) -> None:
    """Nothing ran, so nothing is known."""
    assert verdict(only=()).verdict is Verdict.ERROR
    assert verdict(only=("unseen",)).verdict is Verdict.ERROR


def test_a_must_that_nobody_exercised_is_missing(verdict: Verdicts) -> None:
    """Passing everything that ran is not enough."""
    summary = verdict(only=("healthy",))

    assert summary.verdict is Verdict.INCOMPLETE
    assert "rotate.second+2" in summary.coverage.unexercised


@pytest.mark.parametrize("reason", ["policy not declared: first_429", "needs a.b, which is not"])
def test_what_does_not_apply_is_not_missing(tree: Data, reason: str) -> None:
    """A MUST whose checks all do not apply lowers the profile, and not the exit code."""
    registry, requirements = registries.load(tree), requirement_files.load(tree)
    checks = [
        Check(scenario=scenario, outcome=Outcome.NOT_APPLICABLE, reason=reason)
        if "stream.whole" in scenario.ids
        else Check(scenario=scenario, outcome=Outcome.PASS)
        for scenario in load(tree, registry, requirements)
        if scenario.id not in ("not-mine", "unseen")
    ]

    summary = summarise(checks, requirements, frozenset({"core"}), filtered=False)

    assert summary.missing == ()
    assert "stream.whole+1" in summary.coverage.not_applicable
    assert summary.accepted


def test_no_check_ran_only_if_none_ran(verdict: Verdicts) -> None:
    """A check that came to no conclusion has run, and one that broke down has begun."""
    some = ("healthy",)
    open_ = verdict({"healthy": Outcome.INCONCLUSIVE}, only=some, filtered=True)
    broke = verdict({"healthy": Outcome.HARNESS_ERROR}, only=some, filtered=True)

    assert open_.verdict is Verdict.FILTERED
    assert broke.reasons[0] == "no check came to its end"
    assert verdict(only=()).reasons[0] == "no check ran"


def test_what_is_outside_the_profile_is_not_missing(verdict: Verdicts) -> None:
    """A MUST of which every check is for another provider is not owed by this pool."""
    elsewhere = Profile(providers=frozenset({"acme"}))

    summary = verdict(only=("healthy", "streamed"), profile=elsewhere)

    assert "rotate.retry-once+1" in summary.coverage.exercised
    assert "stream.whole+1" in verdict(only=("healthy",)).missing
    left_out = verdict({"streamed": Outcome.NOT_APPLICABLE}, only=("streamed",), profile=elsewhere)
    assert "stream.whole+1" in left_out.coverage.not_applicable
    assert "stream.whole+1" not in left_out.missing


def test_a_declared_feature_without_a_check_is_missing(verdict: Verdicts) -> None:
    """Who declares a feature owes its requirements."""
    summary = verdict(features=frozenset({"core", "shared-store"}))

    assert summary.verdict is Verdict.INCOMPLETE


def test_a_part_is_never_conformant(verdict: Verdicts) -> None:
    """A filtered run has a word of its own, good or bad."""
    good = verdict(only=("healthy",), filtered=True)
    bad = verdict({"healthy": Outcome.FAIL}, only=("healthy",), filtered=True)

    assert (good.verdict, good.good) == (Verdict.FILTERED, True)
    assert (bad.verdict, bad.good) == (Verdict.FILTERED, False)
