"""Write what one testee showed as what a scenario expects, so that the other can be judged by it."""

from collections.abc import Iterator, Mapping
from itertools import chain

from credpool_conformance.fuzzing.freedoms import requests
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.judging.judge import SHOULD_RETRY
from credpool_conformance.judging.wording import (
    attempts_in_words,
    events_in_words,
    exhausted_in_words,
    state_in_words,
)
from credpool_conformance.scenarios.match import ANY
from credpool_conformance.scenarios.scenario import Close, Phase, Scenario
from credpool_conformance.testee.managing import shown
from credpool_conformance.testee.observed import Observed


def expectation(
    scenario: Scenario, phase: Phase, seen: Observed, *, counted: bool
) -> dict[str, Json]:
    """Write what a phase showed; request counts only where they have to be the same."""
    told = dict(chain(_of_the_call(scenario, seen), _of_the_pool(scenario, seen)))
    if isinstance(phase.action, Close):
        told["reply"] = ANY  # how much was read by then is the client's own
    if not counted:
        told.pop("counts", None)
    return {key: value for key, value in told.items() if value not in ([], {}) or key == "wire"}


def _of_the_call(scenario: Scenario, seen: Observed) -> Iterator[tuple[str, Json]]:
    yield "attempts", attempts_in_words(seen.result)
    made = seen.progress
    yield "wire", requests(seen.wire, made.requests[: made.before] if made else ())
    yield "waits", [*seen.waits]
    if seen.outcome is not None:
        yield "outcome", seen.note or seen.outcome
    exhausted = exhausted_in_words(seen.result, seen.now)
    if exhausted:
        yield "exhausted", exhausted
    if seen.result.outcome in ("delivered", "streaming"):
        should: Json = seen.result.headers.get(SHOULD_RETRY)
        yield from [("headers", {SHOULD_RETRY: should})] if exhausted or should else []
    if "events" in scenario.features and seen.progress:
        yield "events", events_in_words(seen.result, seen.now)


def _of_the_pool(scenario: Scenario, seen: Observed) -> Iterator[tuple[str, Json]]:
    if seen.state is not None:
        yield "state", _unusual(scenario, state_in_words(seen.state, seen.now))
        yield "counts", {entry.id: entry.request_count for entry in seen.state.entries}
    if seen.listing is not None:
        yield "listing", _listed(seen.listing, seen.now)


def _unusual(scenario: Scenario, state: Mapping[str, str]) -> dict[str, Json]:
    """Leave out what a scenario takes for granted: every given entry is there and well."""
    given = {entry.id for entry in scenario.given.entries}
    gone = dict.fromkeys(sorted(given - state.keys()))
    return {k: v for k, v in state.items() if v != "ok" or k not in given} | gone


def _listed(listing: Mapping[str, Json], now: float) -> Json:
    entries = (e for p in items(listing.get("pools")) for e in items(fields(p).get("entries")))
    rows = [fields(entry) for entry in entries]
    plain = {text(row.get("id")): {k: shown(row, k, now) for k in row if k != "id"} for row in rows}
    return {name: {**row} for name, row in plain.items()}
