"""Reports of a pool as plain JSON values: times in epoch seconds, never a secret.

An `until` of None means: until somebody re-authenticates the entry.
"""

from typing import Final, assert_never

from credpool import events
from credpool.model.entry import Cooldown, Entry
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.messages import Attempt
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER
from credpool.rules.cooldown import exhaustion
from credpool.rules.select import available
from credpool.rules.usable import DISABLED, NOT_SERVED, why_unusable

PAYER_FORBIDDEN: Final = "payer_forbidden"
"""Stands in place of a failure class when the policy on payers leaves an entry out."""

PAUSED: Final = "disabled"
"""Stands in place of a failure class when a person has disabled an entry."""

_PASSED_OVER: Final = {DISABLED: PAUSED, NOT_SERVED: "not_served"}  # spec: select.serves.told+1
"""The word in place of a failure class, by the reason why an entry is passed over."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def report_pool(state: PoolState, *, now: float) -> dict[str, Json]:
    """Return the state of each entry, and when an exhausted pool returns."""
    why_not = why_unusable(state)
    entries: list[Json] = [_entry(e, now) | _reason(why_not(e)) for e in state.entries]
    ready = available(state, now=now, model=None)
    over = None if ready else exhaustion(state, now=now, model=None)
    return {"entries": entries, "returns_at": None if over is None else over.returns_at}


def report_exhaustion(over: Exhaustion | None) -> dict[str, Json] | None:
    """Return why each entry is out, and when the first returns."""
    if over is None:
        return None
    return {"returns_at": over.returns_at, "entries": {o.id: _why(o) for o in over.entries}}


def report_attempt(attempt: Attempt) -> dict[str, Json]:
    """Return the entry, what its reply meant (None: no reply) and what the call did next."""
    meant = "ok" if attempt.answered else None
    if attempt.failure is not None:
        meant = attempt.failure.value
    return {"entry": attempt.entry, "class": meant, "action": attempt.step.value}


def report_event(event: events.Event) -> dict[str, Json]:
    """Return an event's name and its fields, as the table of events has them."""
    match event:
        case events.EntryUnusable() | events.EntryRefreshed() | events.RefreshFailed():
            told = _of_token(event)
        case events.EntryCooled(entry, failure, until, model):
            told = {"entry": entry, "class": failure.value, "until": until, "model": model}
        case events.EntryDied(entry, failure):
            told = {"entry": entry, "class": failure.value}
        case events.EntryRecovered(entry, model):
            told = {"entry": entry, "model": model}
        case events.OwnerShared(owner, entries):
            told = {"owner": owner, "entries": [*entries]}
        case events.EntrySwitched(source, target, cause):
            told = {"from": source, "to": target, "class": cause.value if cause else None}
        case events.PayerChanged(source, target, payer, other):
            told = {"from": source, "to": target}
            told |= {"from_payer": payer.value, "to_payer": other.value}
        case events.PoolExhausted(exhaustion):
            told = {"returns_at": exhaustion.returns_at}
        case _:
            assert_never(event)
    return {"event": event.name, **told}


def _of_token(
    event: events.EntryUnusable | events.EntryRefreshed | events.RefreshFailed,
) -> dict[str, Json]:
    match event:
        case events.EntryUnusable(entry, why):
            return {"entry": entry, "why": why}
        case events.EntryRefreshed(entry):
            return {"entry": entry}
        case events.RefreshFailed(entry, terminal):
            return {"entry": entry, "terminal": terminal}
        case _:
            assert_never(event)


def _entry(entry: Entry, now: float) -> dict[str, Json]:
    return {
        "id": entry.id,
        "label": entry.label,
        "source": entry.source,
        "status": entry.status(now).value,
        **_why(entry.blocked(now)),
        "models": {m: _why(c) for m, c in entry.models.items() if c.until > now},
        "request_count": entry.request_count,
    }


def _reason(why: str | None) -> dict[str, Json]:
    if why == DISABLED:
        return {PAUSED: True}
    return {} if why is None else {"why": why}


def _why(out: Cooldown | Out | None) -> dict[str, Json]:
    if isinstance(out, Out) and out.forbidden:
        return {"class": PAYER_FORBIDDEN, "until": None}
    if isinstance(out, Out) and out.why is not None:
        return {"class": _PASSED_OVER.get(out.why), "until": None, "why": out.why}
    if out is None or out.failure is None:
        return {"class": None, "until": None}
    return {"class": out.failure.value, "until": None if out.until == FOREVER else out.until}
