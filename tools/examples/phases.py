"""Tell what a check shows, phase by phase: who does what, the wire, what the caller gets, the state."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.judging.judge import SHOULD_RETRY
from credpool_conformance.judging.wording import exhausted_in_words, state_in_words
from credpool_conformance.provider.requests import MOVED_PATH, Seen
from credpool_conformance.scenarios.scenario import Call, Manage, Release, Resume, Scenario
from credpool_conformance.scenarios.successes import dialect
from credpool_conformance.testee.observed import Event, Observed
from tools.examples.record import Moment
from tools.examples.scene import given_lines, heading
from tools.examples.wire import WIDTH, compact, reply_lines, request_lines, rest_lines
from tools.examples.words import grouped, span, timed
from tools.sources.values import scalar

_WORTH_SPARING: Final = 3
_ELSEWHERE: Final = ("token:", "device:", "elsewhere:")
_OUTCOMES: Final = {
    "delivered": "= the caller gets",
    "streaming": "= the caller has the beginning of",
    "exhausted": "= the caller gets the pool's own error: exhausted",
    "failed": "= the caller gets an error, and no reply",
    "waiting": "· the call waits for another call's refresh",
    "logged-in": "= the login is done",
}


def told(scenario: Scenario, moments: Sequence[Moment]) -> str:
    """Write the whole check; secrets and addresses are still in it (see `masking`)."""
    wire, model = Wire(scenario, moments), dialect(scenario.given.provider).model
    lines, alone = [*given_lines(scenario)], len(moments) == 1
    state = dict.fromkeys((entry.id for entry in scenario.given.entries), "ok")
    for moment in moments:
        lines += ["", *heading(moment.phase, moment.seen.progress, model, alone=alone)]
        lines += wire.lines(moment)
        lines += _outcome(scenario, moment)
        now = _state(moment.seen)
        if now and (now != state or moment is moments[-1]):
            lines += [] if moment.seen.result.exhausted else grouped(now)
            state = now
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


class Wire:
    """The requests and replies of a check in the order of time; what was seen is not written twice."""

    def __init__(self, scenario: Scenario, moments: Sequence[Moment]) -> None:
        """Find out how each reply was read."""
        self._provider = scenario.given.provider
        calls = (phase.action for phase in scenario.phases if isinstance(phase.action, Call))
        self._callers = {name.lower() for call in calls for name in call.headers}
        self._read_as = _verdicts(moments)
        self._known: list[list[str]] = []

    def lines(self, moment: Moment) -> Iterator[str]:
        """Write what went over the wire in a phase, and the waits between."""
        waits = [*moment.seen.waits]
        clock = moment.seen.now - sum(max(wait, 0) for wait in waits)
        for item in moment.late:
            if not isinstance(moment.phase.action, Release):
                yield "· the reply that was held comes"
            yield from self._reply(item, moment)
        for item in moment.seen.wire:
            while waits and clock < item.at:
                clock += max(waits[0], 0)
                yield f"· waits {span(waits.pop(0))}"
            yield from request_lines(item.request, self._callers)
            held = item in moment.unanswered
            yield from ["· the reply is held back"] if held else self._reply(item, moment)
        yield from (f"· waits {span(wait)}" for wait in waits)
        if isinstance(moment.phase.action, Resume) and not moment.seen.wire:
            yield from self._rest(moment.seen)

    def _reply(self, item: Seen, moment: Moment) -> Iterator[str]:
        if item.sent is not None:
            whole = not (moment.seen.outcome or "").startswith("streaming")
            lines = reply_lines(item.sent, self._provider, whole=whole)
            if lines in self._known and len(lines) > _WORTH_SPARING:
                yield from (lines[0], "  … as before")
            else:
                yield from lines
            self._known.append(lines)
        if id(item) in self._read_as:
            yield f"· {self._read_as[id(item)]}"

    def _rest(self, seen: Observed) -> list[str]:
        sent = [item.sent for item in seen.progress.requests] if seen.progress else []
        last = sent[-1] if sent else None
        return rest_lines(last) if last and last.streamed else []


def _verdicts(moments: Sequence[Moment]) -> Mapping[int, str]:
    """Say how each reply was read, where the pool names as many attempts as there were requests."""
    read_as: dict[int, str] = {}
    for moment in moments:
        progress = moment.seen.progress
        attempts = moment.seen.result.attempts
        sent = [item for item in progress.requests if _is_attempt(item)] if progress else []
        if len(sent) != len(attempts):
            continue
        for item, made in zip(sent, attempts, strict=True):
            if made.failure not in (None, "ok"):
                read_as[id(item)] = f"{made.failure}: {made.action}"
    return read_as


def _is_attempt(item: Seen) -> bool:
    return not item.item.startswith(_ELSEWHERE) and MOVED_PATH not in item.request.path


def _outcome(scenario: Scenario, moment: Moment) -> Iterator[str]:
    seen = moment.seen
    word, _, status = (seen.outcome or "").partition(" ")
    if word == "refused":
        yield f"= refused: {status}"
        yield from (f"  {line}" for line in seen.message.splitlines())
    elif word in _OUTCOMES:
        yield f"{_OUTCOMES[word]} {status}".rstrip()
    if (said := seen.result.headers.get(SHOULD_RETRY)) is not None:
        yield f"  {SHOULD_RETRY}: {said}"
    over = fields(exhausted_in_words(seen.result, seen.now))
    if over:
        returns = over.get("returns")
        first = (
            f"first back in {span(returns)}"
            if isinstance(returns, float)
            else "none returns by itself"
        )
        why = {name: timed(text(word)) for name, word in fields(over.get("entries")).items()}
        yield from grouped(why, f"exhausted, {first}:")
    if "events" in scenario.features and seen.progress:
        yield from (f"  event {_event(event, seen.now)}" for event in seen.result.events)
    yield from _looked_at(moment)


def _event(event: Event, now: float) -> str:
    """Write an event with those of its fields that say something."""
    told = {key: value for key, value in event.fields.items() if value is not None}
    for key in {"until", "returns_at"} & {*told}:
        moment = told[key]
        told[key] = f"in {span(moment - now)}" if isinstance(moment, int | float) else moment
    return f"{event.name}: {_fields(told)}".rstrip(": ")


def _fields(told: Mapping[str, Json]) -> str:
    return ", ".join(f"{name} {scalar(value)}" for name, value in told.items())


def _looked_at(moment: Moment) -> Iterator[str]:
    """Write what a listing shows, and the file, where the check looks at them."""
    seen, expect = moment.seen, moment.phase.expect
    if isinstance(moment.phase.action, Manage) and seen.listing is not None:
        yield from _listed(seen.listing, expect.listing, seen.now)
    entries = seen.state.entries if seen.state else ()
    if expect.counts:
        yield "  requests: " + " · ".join(f"{e.id} {e.request_count}" for e in entries)
    if expect.labels:
        yield "  labels: " + " · ".join(f"{e.id} {e.label or ''!r}" for e in entries)
    if seen.stored and expect.store not in (None, "unchanged"):
        for place, value in fields(seen.stored[1]).items():
            yield from _stored(place, value)


def _listed(listing: Mapping[str, Json], wanted: Mapping[str, Json], now: float) -> Iterator[str]:
    """Write the entries of a listing, with the fields that the check looks at."""
    for pool in items(listing.get("pools")):
        for entry in map(fields, items(fields(pool).get("entries"))):
            name = text(entry.get("id"))
            told = {key: entry.get(key) for key in fields(wanted.get(name))}
            until = told.get("until")
            if isinstance(until, int | float):
                told["until"] = f"in {span(until - now)}"
            yield f"  {name}: {_fields(told)}".rstrip(": ")


def _stored(place: str, value: Json) -> Iterator[str]:
    """Write what is at a place of the file."""
    lacks = fields(value).get("without")
    if lacks is not None:
        yield f"  auth.json {place}: without {text(lacks)}"
        return
    first, *rest = compact(value, WIDTH - 2)
    yield f"  auth.json {place}: {first}"
    yield from (f"  {line}" for line in rest)


def _state(seen: Observed) -> dict[str, str]:
    states = state_in_words(seen.state, seen.now) if seen.state else {}
    return {name: timed(state) for name, state in states.items()}
