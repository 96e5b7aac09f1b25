"""Play a scenario on the machine's clock: what cannot be, and what has to be moved to its day.

Scenarios begin at `clock.EPOCH`.  A date that a script names is moved by the time between that moment
and now; the `Date` header stays, because it says what time it is there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.clock import EPOCH
from credpool_conformance.scenarios.scenario import Reply, Scenario

_YEAR: Final = 366 * 86400.0
_LENGTH: Final = re.compile(r"\+\d")
_DAY: Final = re.compile(r"(?<![\w-])\d{4}-\d\d-\d\d(?![\w-])(?! \d\d:\d\d:\d\d)")
_TIME_OF_DAY: Final = re.compile(r"\d:\d\d|\d ?[ap]m\b|midnight", re.IGNORECASE)
"""A time without the dates that can be moved."""

_EPOCH: Final = re.compile(r"\d{10}(?:\.\d+)?|\d{13}")
_WRITTEN: Final = {
    re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d"): "%a, %d %b %Y %H:%M:%S",
    re.compile(r"\w+day, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d"): "%A, %d-%b-%y %H:%M:%S",
    re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"): "%a %b %d %H:%M:%S %Y",
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"): "%Y-%m-%dT%H:%M:%S",
    re.compile(r"\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d"): "%Y-%m-%dt%H:%M:%S",
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"): "%Y-%m-%d %H:%M:%S",
}
"""The forms of a date with its seconds; what follows, a fraction or a zone, stays as it is."""


def unfit(scenario: Scenario) -> str | None:
    """Say why a scenario cannot be played on a clock that nobody moves, if so."""
    expected = [phase.expect for phase in scenario.phases]
    if any(phase.advance for phase in scenario.phases):
        return "the check moves the clock"
    if any(isinstance(e.waits, list) and e.waits for e in expected):
        return "the check times a wait"
    if any(e.outcome == "waiting" for e in expected):
        return "one call waits for another in the check"
    if scenario.still:
        return "the clock stands still in the check"
    if _LENGTH.search(str(expected)) and not is_movable(scenario):
        return "the length of a cooldown depends on the day"
    return None


def is_movable(scenario: Scenario) -> bool:
    """Tell whether the check is the same on any day, once the dates of its replies are moved."""
    of_a_rule = "calendar" in str(scenario.given.home)
    return not of_a_rule and not any(map(_is_of_its_day, _replies(scenario)))


def moved(scenario: Scenario, now: float) -> Scenario:
    """Return the scenario with the dates of its script and its file counted from now."""
    seconds = round(now - EPOCH)
    upstream = {
        key: tuple(_moved_reply(reply, seconds) for reply in replies)
        for key, replies in scenario.upstream.items()
    }
    given = replace(scenario.given, store=_moved(scenario.given.store, seconds))
    return replace(scenario, upstream=upstream, given=given)


def _replies(scenario: Scenario) -> Iterator[Reply]:
    for replies in scenario.upstream.values():
        yield from replies


def _is_of_its_day(reply: Reply) -> bool:
    """Tell whether a reply ends a cooldown by a calendar, or by a date or a time that cannot be moved."""
    days = [_moment(found[0], "%Y-%m-%d") for found in _DAY.finditer(str(reply.body))]
    body = str(reply.body)
    for pattern in _WRITTEN:
        body = pattern.sub("", body)
    if _TIME_OF_DAY.search(body):
        return True
    return (reply.calendar and "date" not in reply.headers) or any(map(_is_near, days))


def _moved_reply(reply: Reply, seconds: int) -> Reply:
    headers = {k: v if k == "date" else _moved(v, seconds) for k, v in reply.headers.items()}
    return replace(reply, headers=headers, body=_moved(reply.body, seconds))


def _moved(value: Json, seconds: int) -> Json:
    match value:
        case dict():
            return {key: _moved(item, seconds) for key, item in value.items()}
        case list():
            return [_moved(item, seconds) for item in value]
        case str():
            return _moved_text(value, seconds)
        case int() | float() if _is_near(_in_seconds(value)):
            return value + seconds * (1 if _in_seconds(value) == value else 1000)
        case _:
            return value


def _moved_text(value: str, seconds: int) -> str:
    if _EPOCH.fullmatch(value):
        number = float(value) if "." in value else int(value)
        return str(_moved(number, seconds))
    for pattern, form in _WRITTEN.items():
        value = pattern.sub(_mover(form, seconds), value)
    return value


def _mover(form: str, seconds: int) -> Callable[[re.Match[str]], str]:
    def move(found: re.Match[str]) -> str:
        moment = _moment(found[0], form)
        if moment is None or not _is_near(moment):
            return found[0]
        there = datetime.fromtimestamp(moment + seconds, UTC)
        return there.strftime(form.replace("%b %d", "%b %e"))

    return move


def _moment(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None  # it only looks like a date


def _in_seconds(value: float) -> float:
    return value / 1000 if value > EPOCH * 100 else value


def _is_near(moment: float | None) -> bool:
    """Tell whether a moment is written for the time at which scenarios begin."""
    return moment is not None and abs(moment - EPOCH) < _YEAR
