"""The events of a decision: a comparison of before and after (spec: events)."""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool import events
from credpool.model.entry import Cooldown, Entry
from credpool.model.messages import (
    Claimed,
    Decision,
    Deliver,
    Failed,
    GiveUp,
    Message,
    Refresh,
    Refreshed,
    RefreshFailed,
    Resumed,
    Send,
    Started,
    Succeeded,
)
from credpool.model.policy import Strategy
from credpool.model.state import Entries, PoolState, differing
from credpool.model.terms import FOREVER, EntryId, FailureClass, Payer
from credpool.providers.owner import owner_of
from credpool.providers.registry import provider_of
from credpool.rules.select import payer_of
from credpool.rules.usable import flawed

PAYER_QUIET: Final = 3600.0
"""For how many seconds the same change of payer is not told again."""


def told(
    before: PoolState, event: Message, made: Decision, *, now: float
) -> tuple[events.Event, ...]:
    """Return what there is to tell, in the order of the table of events."""
    # spec: events.order+2
    return (
        *_refresh(event, now),
        *_changes(before, made.state, now),
        *_owners(before, event, made.state),
        *_switch(before, event, made, now),
        *_exhaustion(made),
    )


def opened(state: PoolState) -> Iterator[events.Event]:
    """Yield what there is to tell of a pool as it opens."""
    for entry, why in flawed(state):
        yield events.EntryUnusable(entry.id, why)  # spec: pool.unusable.told+1
    for owner, entries in shared_owners(state).items():
        yield events.OwnerShared(owner, entries)


def watches(state: PoolState) -> bool:
    """Whether the beginning of a call with another entry than the last can be news."""
    stays = state.strategy in (Strategy.FILL_FIRST, Strategy.QUOTA_AWARE)
    return stays or len(payers(state)) > 1


def payers(state: PoolState) -> frozenset[Payer]:
    """Return everybody whom the entries of the pool bill."""

    def work(entries: Entries) -> frozenset[Payer]:
        return frozenset(payer_of(state, e) for e in entries)

    return state.listed.once("payers", provider_of(state), work)


def begun(state: PoolState, last: EntryId | None, entry: EntryId) -> Iterator[events.Event]:
    """Yield what there is to tell of a call that begins with an entry; the last one was `last`."""
    if last is not None and last != entry:
        if _stays(state, last):  # spec: events.switch+2, events.quiet+2
            yield events.EntrySwitched(last, entry, None)
        yield from _payer_change(state, last, entry)


def is_quiet(
    event: events.PayerChanged, told: Mapping[tuple[Payer, Payer], float], now: float
) -> bool:
    """Whether an event is left out, because it repeats what was told at those moments."""
    before = told.get((event.source_payer, event.target_payer))
    return before is not None and 0 <= now - before < PAYER_QUIET  # spec: payer.changed+2


def _stays(state: PoolState, last: EntryId) -> bool:
    """Whether the strategy would have stayed on that entry; the others take turns."""
    if state.policy.max_concurrent is not None:
        return False  # the calls under way decide, and spread out at each of them
    knows = state.strategy is Strategy.QUOTA_AWARE and bool(state.quotas.get(last))
    return knows or state.strategy is Strategy.FILL_FIRST


def shared_owners(state: PoolState) -> Mapping[str, tuple[EntryId, ...]]:
    """Return the owners that several secrets draw on, and the entries of each."""
    owned: dict[str, list[Entry]] = {}
    for entry in state.entries:
        if (owner := owner_of(state, entry)) is not None:
            owned.setdefault(owner, []).append(entry)
    return {
        owner: tuple(e.id for e in entries)
        for owner, entries in owned.items()
        if len({e.secret for e in entries}) > 1
    }


def _owners(before: PoolState, event: Message, after: PoolState) -> Iterator[events.OwnerShared]:
    named = event.owner if isinstance(event, Failed | Succeeded) else None
    if named is None or before.entries is after.entries:
        return
    entries = shared_owners(after).get(named, ())
    if entries != shared_owners(before).get(named, ()):  # spec: owner.shared+2
        yield events.OwnerShared(named, entries)


def _refresh(event: Message, now: float) -> Iterator[events.Event]:
    match event:  # spec: events.refresh+2
        case Refreshed(_, entry_id, grant, _) if grant.is_over(now):
            yield events.RefreshFailed(entry_id, terminal=False)
        case Refreshed(_, entry_id):
            yield events.EntryRefreshed(entry_id)
        case RefreshFailed(_, entry_id, terminal):
            yield events.RefreshFailed(entry_id, terminal)
        case _:
            pass


def _changes(before: PoolState, after: PoolState, now: float) -> Iterator[events.Event]:
    if before.entries is after.entries:
        return
    exchanged = after.listed.at(differing(before.entries, after.entries))
    pairs = ((before.find(e.id), e) for e in exchanged)
    cooled = [n for old, new in pairs if old is not None for n in _outs(old, new, now)]
    yield from (n for n in cooled if isinstance(n, events.EntryCooled))
    yield from (n for n in cooled if isinstance(n, events.EntryDied))
    yield from (n for n in cooled if isinstance(n, events.EntryRecovered))


def _outs(before: Entry, after: Entry, now: float) -> Iterator[events.Event]:
    """Yield how an entry has gone out or come back, in general and for each model."""
    yield from _out(after.id, None, before.cooldown, after.cooldown, now)
    for model in (*before.models, *(m for m in after.models if m not in before.models)):
        yield from _out(after.id, model, before.models.get(model), after.models.get(model), now)


def _out(
    entry: EntryId, model: str | None, old: Cooldown | None, new: Cooldown | None, now: float
) -> Iterator[events.Event]:
    if new is None:
        if old is not None and old.until > now:  # spec: events.back+2
            yield events.EntryRecovered(entry, model)
    elif old is None or (old.until, old.failure) != (new.until, new.failure):
        # spec: events.out+2
        if new.until == FOREVER:
            yield events.EntryDied(entry, new.failure)
        else:
            yield events.EntryCooled(entry, new.failure, new.until, model)


def _switch(
    before: PoolState, event: Message, made: Decision, now: float
) -> Iterator[events.Event]:
    probes = isinstance(event, Started) and made.call.probe
    if not ((made.selected or probes) and isinstance(made.action, Send | Refresh)):
        return
    target = made.action.entry.id
    if isinstance(event, Failed | Claimed | Resumed):
        yield events.EntrySwitched(event.entry, target, _cause(event, made, now))
        yield from _payer_change(before, event.entry, target)
    else:
        yield from begun(before, before.last, target)


def _cause(event: Failed | Claimed | Resumed, made: Decision, now: float) -> FailureClass | None:
    """Return the failure that made the call go on: of the reply, or why the entry is out."""
    if isinstance(event, Failed):
        return made.call.attempts[-1].failure
    entry = made.state.find(event.entry)
    out = None if entry is None else entry.blocked(now)
    return None if out is None else out.failure


def _payer_change(state: PoolState, last: EntryId, entry: EntryId) -> Iterator[events.Event]:
    if len(payers(state)) < 2:
        return
    source, target = state.find(last), state.find(entry)
    if source is None or target is None:
        return
    both = payer_of(state, source), payer_of(state, target)
    if both[0] is not both[1]:  # spec: payer.changed+2
        yield events.PayerChanged(last, entry, *both)


def _exhaustion(made: Decision) -> Iterator[events.Event]:
    match made.action:
        case GiveUp(found):
            yield events.PoolExhausted(found)  # spec: events.exhausted+2
        case Deliver(found) if found is not None and found.is_whole:
            yield events.PoolExhausted(found)
        case _:
            pass
