"""Ask by requests when an entry is back, of a pool that does not tell when that is.

A scenario that ends with `a: exhausted … +60` goes on: just before that `a` is not asked, then it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from credpool_conformance.json_values import Json, items
from credpool_conformance.scenarios.match import ANY
from credpool_conformance.scenarios.scenario import (
    MAIN,
    Back,
    Call,
    Entry,
    Expected,
    Origin,
    Phase,
    Scenario,
)
from credpool_conformance.specification.charges import table

_OUT: Final = re.compile(r"(?:ok; (\S+)|exhausted) \S+ \+(\d+(?:\.\d+)?)")
_LENGTH: Final = re.compile(r"\+\d|'returns': \d")
_WORDS: Final = frozenset(
    {"until", "returns", "order", "out", "nothing"}
    | {"status", "killed", "models", "class", "exhausted"}
)
"""Other differences that a different length brings."""
_EARLY: Final = 1.0
_LATE: Final = 0.001  # lengths are written to the millisecond
_NEVER: Final = float("inf")
_PROBED: Final = 3600.0
"""An entry that is out for longer may be tried before its end, if no other is left."""


def asked_back(scenario: Scenario) -> Scenario:
    """Add the calls that show how long its entries are out, if its end leaves no doubt about that."""
    call = next((p.action for p in scenario.phases if isinstance(p.action, Call)), None)
    if call is None or not _is_about_lengths(scenario):
        return scenario
    questions = _questions(scenario, call, _ends(scenario, call))
    return replace(scenario, phases=(*scenario.phases, *questions))


def shows_nothing(scenario: Scenario, *, moves: bool) -> bool:
    """Tell whether words alone show what is verified: lengths, after which nobody is asked.

    `moves` tells whether the clock can be set, so that the suite can ask.
    """
    if not all(
        table().rule(id_).decides <= _WORDS and _decides_lengths(id_) for id_ in scenario.ids
    ):
        return False
    told = [n for n, p in enumerate(scenario.phases) if _LENGTH.search(str(p.expect))]
    shown = any(phase.advance for phase in scenario.phases[told[-1] + 1 :]) if told else True
    return not shown and not (moves and asked_back(scenario) != scenario)


def _decides_lengths(requirement: str) -> bool:
    return {"until", "order", "out"} <= table().rule(requirement).decides


def _is_about_lengths(scenario: Scenario) -> bool:
    """Tell whether a length decides what is verified, and nothing else decides who is chosen."""
    given = scenario.given
    told = any(map(_decides_lengths, scenario.ids))
    by_priority = given.strategy in (None, "fill_first") and "payer_change" not in given.policy
    logins = any(key.startswith("token:") for key in scenario.upstream)
    alone = given.processes == (MAIN,) and given.home is None and not logins
    return told and by_priority and alone and all(map(_is_plain, given.entries))


def _is_plain(entry: Entry) -> bool:
    as_it_is = entry.secret_as == "$secret"  # noqa: S105 (a form)
    usual = entry.has_secret and as_it_is and entry.base_url is None
    for_all = entry.origin is Origin.MAIN and not entry.serves
    return usual and for_all and entry.expires_in is None


def _ends(scenario: Scenario, call: Call) -> dict[str, float]:
    """Say in how many seconds each entry is back; nothing if the last phase does not tell it of each."""
    state = scenario.phases[-1].expect.state or {}
    if not isinstance(state, dict) or state.keys() - {entry.id for entry in scenario.given.entries}:
        return {}
    told = {entry.id: _end(state.get(entry.id, "ok"), call) for entry in scenario.given.entries}
    ends = {id_: end for id_, end in told.items() if end is not None}
    return ends if len(ends) == len(told) else {}


def _end(state: Json, call: Call) -> float | None:
    choices = items(state["one_of"]) if isinstance(state, dict) else [state]
    found = {_seconds(str(choice), call) for choice in choices}
    return found.pop() if len(found) == 1 else None


def _seconds(state: str, call: Call) -> float | None:
    if state == "ok" or state.startswith("dead"):
        return 0.0 if state == "ok" else _NEVER
    out = _OUT.fullmatch(state)
    return float(out[2]) if out and out[1] in (None, "*", call.model) else None


def _questions(scenario: Scenario, call: Call, ends: Mapping[str, float]) -> Iterator[Phase]:
    """Yield a call just before each end that changes whose turn it is, and one just after it."""
    entries = sorted(scenario.given.entries, key=lambda entry: entry.priority)
    now = 0.0
    for end in sorted({end for end in ends.values() if 0 < end < _NEVER}):
        early, late = end - min(_EARLY, end / 2), end + _LATE
        before, after = (_first(entries, ends, moment) for moment in (early, late))
        if before == after:
            continue
        if (before or end <= _PROBED) and early > now:
            yield _question(call, Back(at=early, early=True), before, early - now)
            now = early
        yield _question(call, Back(at=late, early=False), after, late - now)
        now = late


def _first(entries: list[Entry], ends: Mapping[str, float], moment: float) -> str | None:
    return next((entry.id for entry in entries if ends[entry.id] <= moment), None)


def _question(call: Call, back: Back, chosen: str | None, advance: float) -> Phase:
    expect = Expected(outcome="exhausted", exhausted=ANY, state=ANY)
    if chosen:
        expect = Expected(attempts=[f"{chosen} ok deliver"], outcome="delivered 200", state=ANY)
    action = replace(call, name=f"asked at {back.at:g}", stream=False)
    return Phase(advance=round(advance, 6), action=action, expect=expect, back=back)
