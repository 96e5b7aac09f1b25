"""Judge what a phase made visible: facts from the wire first, then what the testee says of itself.

The world is closed: what a scenario does not mention must not have happened.
How values are compared is `match`'s; how the testee's words are put in the scenario's is `wording`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, text
from credpool_conformance.judging.pauses import forgiven
from credpool_conformance.judging.tampering import own_requests, sent_headers, tampering
from credpool_conformance.judging.wording import (
    attempts_in_words,
    events_in_words,
    exhausted_in_words,
    return_in_words,
    state_in_words,
)
from credpool_conformance.scenarios.match import ANY, Matcher
from credpool_conformance.scenarios.scenario import (
    Entry,
    Expected,
    Manage,
    Origin,
    Phase,
    Plain,
    Rewrite,
    Scenario,
    Write,
)
from credpool_conformance.testee import managing
from credpool_conformance.testee.observed import Observed, PoolState, Progress
from credpool_conformance.testee.setup import Setup

SHOULD_RETRY: Final = "x-should-retry"
_SHOWN_REQUESTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One aspect in which a phase was not what it should have been."""

    phase: int
    aspect: str
    expected: Json
    actual: Json


def judge(
    scenario: Scenario, setup: Setup, phase: Phase, seen: Observed, matcher: Matcher
) -> list[Failure]:
    """Compare a phase with its expectation."""
    aspects = _aspects(scenario, setup, phase, seen)
    return [
        Failure(phase=seen.number, aspect=aspect, expected=expected, actual=actual)
        for aspect, expected, actual in aspects
        if not matcher.matches(expected, actual)
    ]


def _aspects(
    scenario: Scenario, setup: Setup, phase: Phase, seen: Observed
) -> Iterator[tuple[str, Json, Json]]:
    expect = phase.expect
    wire = _expected_wire(scenario, expect, seen)
    yield "wire", wire, _wire(seen)
    own = own_requests(seen, setup, _most(wire))
    for change in tampering(seen, setup, own):
        yield ("header" if change.startswith("header ") else "request"), "unchanged", change
    if seen.progress:
        wanted: Json = {name: _first(values, len(own)) for name, values in expect.sent.items()}
        yield "header", wanted, sent_headers(own, expect.sent)
    if seen.outcome is not None or _is_call(phase):
        yield "outcome", expect.outcome or _usual(phase), seen.note or seen.outcome
        if seen.progress:
            yield from _reply_aspects(expect, seen, seen.progress)
        yield "attempts", expect.attempts or [], attempts_in_words(seen.result)
        if "events" in scenario.features and seen.progress:
            yield "events", expect.events or [], events_in_words(seen.result, seen.now)
    if forgiven(scenario, phase, seen.waits) is None:
        yield "waits", expect.waits or [], [*seen.waits]
    yield "exhausted", expect.exhausted, exhausted_in_words(seen.result, seen.now)
    if seen.stored:
        wanted, found = seen.stored
        yield "store", wanted, found
    # spec: store.schema+2
    yield "store", [], [*seen.file_faults]
    if _is_manage(phase):
        yield from managing.aspects(expect, seen, seen.now)
    yield "login", [], [*seen.login_faults]
    if seen.state is not None and not seen.note:
        yield from _state_aspects(scenario, expect, seen.state, seen.now)


def _state_aspects(
    scenario: Scenario, expect: Expected, pool: PoolState, now: float
) -> Iterator[tuple[str, Json, Json]]:
    if pool.tells_return and "payer_change" not in scenario.given.policy:
        yield "earliest", *return_in_words(pool, now)
    if expect.state == ANY:
        return
    yield "state", _expected_state(scenario, expect), {**state_in_words(pool, now)}
    counts: Json = {e.id: e.request_count for e in pool.entries if e.id in expect.counts}
    yield "counts", {**expect.counts}, counts
    labels: Json = {e.id: e.label for e in pool.entries if e.id in expect.labels}
    yield "labels", {**expect.labels}, labels


def _usual(phase: Phase) -> str:
    if _is_manage(phase):
        return "managed"
    return "configured" if phase.action is Plain.CONFIGURE else "delivered 200"


def _is_manage(phase: Phase) -> bool:
    return isinstance(phase.action, Manage)


def _is_call(phase: Phase) -> bool:
    return not isinstance(phase.action, Plain | Write | Rewrite) or phase.action is Plain.CONFIGURE


def _expected_wire(scenario: Scenario, expect: Expected, seen: Observed) -> Json:
    if expect.wire is not None:
        return expect.wire
    attempts = expect.attempts or []
    if not isinstance(attempts, list) or not all(isinstance(item, str) for item in attempts):
        return ANY
    entries = {entry.id: entry for entry in scenario.entries}
    wire: list[Json] = []
    for attempt in attempts:
        name, _, action = text(attempt).split()
        wire.append(_on_the_wire(entries.get(name), name))
        if action == "refresh":
            wire.append(f"token:{name}")
    # A call that spans phases lists all its attempts again, and sends only the new ones.
    return wire[seen.progress.before if seen.progress else 0 :]


def _most(wire: Json) -> int | None:
    """Count the requests to the provider that a phase was to send at most, if that is known."""
    match wire:
        case list():
            return sum(not str(item).startswith(("token:", "device:")) for item in wire)
        case {"unordered": list(items)}:
            return _most(items)
        case {"one_of": list(choices)}:
            counts = [n for choice in choices if (n := _most(choice)) is not None]
            return max(counts) if len(counts) == len(choices) else None
        case _:
            return None


def _first(values: Json, number: int) -> Json:
    """Leave out what was to be in requests that were never sent: these are missed elsewhere."""
    return values[:number] if isinstance(values, list) else values


def _on_the_wire(entry: Entry | None, name: str) -> str:
    if entry is None:
        return name
    return entry.secret_id if entry.origin is Origin.MAIN else f"other:{entry.secret_id}"


def _wire(seen: Observed) -> Json:
    found: list[Json] = [item.item for item in seen.wire]
    if len(found) > _SHOWN_REQUESTS * 2:
        return [*found[:_SHOWN_REQUESTS], f"… {len(found)} requests"]
    return found


def _reply_aspects(
    expect: Expected, seen: Observed, progress: Progress
) -> Iterator[tuple[str, Json, Json]]:
    result = seen.result
    if result.outcome not in ("delivered", "streaming"):
        return
    headers = result.headers
    sent = [item.sent for item in progress.requests if item.sent and "token:" not in item.item]
    wanted = expect.reply
    named = next((item for item in reversed(sent) if item.name == wanted), None)
    last = named if isinstance(wanted, str) and wanted != ANY else next(reversed(sent), None)
    if last is None:
        yield "reply", wanted or "a scripted reply", "a reply that nobody sent"
        return
    if wanted != ANY:
        body, whole = result.body, result.outcome == "delivered"
        fits = body == last.body if whole else bool(body) and last.body.startswith(body)
        got = last.body if fits else body
        # The length beside the text, which is compared word by word: blanks and ends count too.
        given: Json = {"status": last.status, "body": last.body, "length": len(last.body)}
        yield "reply", given, {"status": result.status, "body": got, "length": len(got)}
        kept = {key: value.strip() for key, value in last.headers if key != SHOULD_RETRY}
        changed: dict[str, Json] = {k: headers.get(k) for k in kept if headers.get(k) != kept[k]}
        yield "reply", {key: kept[key] for key in changed}, changed
    yield from _header_aspects(expect, headers, dict(last.headers).get(SHOULD_RETRY))


def _header_aspects(
    expect: Expected, headers: Mapping[str, str], own: str | None
) -> Iterator[tuple[str, Json, Json]]:
    default = {} if expect.exhausted else {SHOULD_RETRY: own}
    wanted: dict[str, Json] = {**default, **expect.headers}
    yield "headers", wanted, {key: headers.get(key.lower()) for key in wanted}


def _expected_state(scenario: Scenario, expect: Expected) -> Json:
    wanted = expect.state or {}
    if not isinstance(wanted, dict) or set(wanted) & {"one_of", "unordered", "starts_with"}:
        return wanted
    whole: dict[str, Json] = {**{entry.id: "ok" for entry in scenario.given.entries}, **wanted}
    return {name: state for name, state in whole.items() if state is not None}
