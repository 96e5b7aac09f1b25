"""The log of a pool, in the standard library's logging, under the name `credpool` (spec: events).

A line says which pool, which entry by its label, what happened, why, until when, and who goes on.
A warning is what only a person brings back, or what costs somebody else money.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from credpool import events
from credpool.model.exhaustion import Exhaustion
from credpool.model.messages import Action, Failed, Message, Send, Verdict, Wait
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.model.text import duration, visible

_LOGGER: Final = logging.getLogger("credpool")

NEEDS_A_PERSON: Final = frozenset(
    {
        FailureClass.OUT_OF_CREDIT,
        FailureClass.AUTH_REJECTED,
        FailureClass.AUTH_REVOKED,
        FailureClass.NOT_ENTITLED,
    }
)
"""The failures that time does not end: somebody has to pay, to give another key or to log in."""

Line = tuple[int, str]


def log(
    found: Sequence[events.Event],
    state: PoolState,
    *,
    now: float,
    message: Message | None = None,
    action: Action | None = None,
) -> None:
    """Write what a pool tells of, and what it makes of a failing reply.

    Args:
        found: what there is to tell.
        state: the pool as it is then.
        now: when it is told.
        message: what has happened, if that is known.
        action: what the call does next.
    """
    if not _LOGGER.isEnabledFor(logging.WARNING):
        return
    for level, text in (*_told(found, state, now, message), *_retry(state, message, action, now)):
        _LOGGER.log(level, "%s: %s", visible(state.key), text)


def _told(
    found: Sequence[events.Event], state: PoolState, now: float, message: Message | None
) -> Iterator[Line]:
    """Yield a line for each event; who goes on is said with why the one before is out."""
    out = {n.entry for n in found if isinstance(n, events.EntryCooled | events.EntryDied)}
    switch = next((n for n in found if isinstance(n, events.EntrySwitched)), None)
    for event in found:
        if event is switch and switch.source in out:
            continue
        level, text = _line(event, state, now, message)
        if (
            isinstance(event, events.EntryCooled | events.EntryDied)
            and switch
            and event.entry == switch.source
        ):
            text += f"; going on with {_name(state, switch.target)}"
        yield level, text


def _line(event: events.Event, state: PoolState, now: float, message: Message | None) -> Line:
    match event:
        case events.EntryUnusable() | events.EntryCooled() | events.EntryDied():
            return _out(event, state, now, message)
        case events.EntryRecovered(entry, model):
            return logging.INFO, f"{_name(state, entry)}{_for(model)} is back before its time"
        case events.EntryRefreshed(entry):
            return logging.INFO, f"{_name(state, entry)} has a new token"
        case events.RefreshFailed(entry, terminal):
            level = logging.WARNING if terminal else logging.INFO
            gone = "its login is gone" if terminal else "it is tried again later"
            return level, f"{_name(state, entry)} got no new token; {gone}"
        case events.EntrySwitched(source, target, failure):
            why = "" if failure is None else f", which was {_failure(failure, source, message)}"
            names = f"{_name(state, target)} after {_name(state, source)}"
            return logging.INFO, f"going on with {names}{why}"
        case events.PayerChanged(source, target, payer, other):
            names = f"{_name(state, target)} after {_name(state, source)}"
            return logging.WARNING, f"{names}: payer {other.value}, no longer {payer.value}"
        case events.OwnerShared(owner, entries):
            names = ", ".join(_name(state, entry) for entry in entries)
            return logging.WARNING, f"{names} share one quota, that of {visible(owner)}"
        case events.PoolExhausted(over):
            return logging.WARNING, f"no entry is available; {_return(over, now)}"
        case _:
            assert_never(event)


def _out(
    event: events.EntryUnusable | events.EntryCooled | events.EntryDied,
    state: PoolState,
    now: float,
    message: Message | None,
) -> Line:
    """Return who is out, why, and what ends it."""
    if isinstance(event, events.EntryUnusable):
        return logging.WARNING, f"{_name(state, event.entry)} cannot be used: {event.why}"
    what = f"{_name(state, event.entry)} {_failure(event.failure, event.entry, message)}"
    level = logging.WARNING if event.failure in NEEDS_A_PERSON else logging.INFO
    if isinstance(event, events.EntryDied):
        return logging.WARNING, f"{what}, back when somebody logs in again or replaces it"
    return level, f"{what}{_for(event.model)}, back in {duration(event.until - now)}"


def _return(over: Exhaustion, now: float) -> str:
    if over.returns_at is None:
        return "none returns by itself"
    return f"the first is back in {duration(over.returns_at - now)}"


def _retry(
    state: PoolState, message: Message | None, action: Action | None, now: float
) -> Iterator[Line]:
    """Yield what is said of a reply after which the same entry is asked once more."""
    if not isinstance(message, Failed) or not isinstance(action, Send | Wait):
        return
    if action.entry.id == message.entry:
        what = _failure(message.verdict.failure, message.entry, message)
        wait = f" in {action.until - now:.1f} s" if isinstance(action, Wait) else ""
        yield logging.DEBUG, f"{_name(state, message.entry)} {what}; asked once more{wait}"


def _name(state: PoolState, entry_id: EntryId) -> str:
    """Return what a person calls an entry."""
    entry = state.find(entry_id)
    return visible((entry.label if entry is not None else "") or entry_id)


def _failure(failure: FailureClass, entry: EntryId, message: Message | None) -> str:
    """Return a failure with the status and the rule by which it is known."""
    verdict = _verdict(entry, message)
    if verdict is None or verdict.failure is not failure:
        return failure.value
    known = [str(verdict.code)] if verdict.code is not None else []
    return f"{failure.value} ({', '.join([*known, verdict.rule])})"


def _verdict(entry: EntryId, message: Message | None) -> Verdict | None:
    return message.verdict if isinstance(message, Failed) and message.entry == entry else None


def _for(model: str | None) -> str:
    return "" if model is None else f" for {visible(model)}"
