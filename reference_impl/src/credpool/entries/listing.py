"""What a listing shows, as a versioned document (spec: operator, `schemas/listing.schema.json`)."""

from collections.abc import Iterable
from typing import Final

from credpool.events.report import Json, report_pool
from credpool.model.entry import Entry
from credpool.model.policy import Strategy
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.rules.select import available, choose, payer_of

VERSION: Final = 1


def listing(pools: Iterable[PoolState], *, now: float) -> dict[str, Json]:
    """Return every entry of the pools with all that may be told of it: never a secret."""
    # spec: operator.list.document+2
    return {"version": VERSION, "at": now, "pools": [_pool(state, now) for state in pools]}


def upcoming(state: PoolState, now: float) -> EntryId | None:
    """Return which entry the next request without a session gets; None: none, or chance decides."""
    ready = available(state, now=now, model=None)
    if state.strategy is Strategy.RANDOM and len(ready) > 1:
        return None
    entry = choose(state, ready, now=now, draw=0.0)
    return None if entry is None else entry.id


def _pool(state: PoolState, now: float) -> Json:
    told = report_pool(state, now=now)
    states = told["entries"]
    assert isinstance(states, list), "a report lists its entries"
    pairs = zip(state.entries, states, strict=True)
    entries = [_entry(n, state, e, known) for n, (e, known) in enumerate(pairs, start=1)]
    return {
        "key": state.key,
        "provider": state.provider,
        "strategy": state.strategy.value,
        "returns_at": told["returns_at"],
        "next": upcoming(state, now),
        "entries": [*entries],
    }


def _entry(place: int, state: PoolState, entry: Entry, known: Json) -> Json:
    assert isinstance(known, dict), "an entry is reported as an object"
    return {  # spec: operator.list.complete+2, operator.disable.shown+1
        "disabled": False,
        **known,
        "place": place,
        "auth_type": entry.auth_type.value,
        "source": entry.source,
        "owner": entry.owner,
        "login_ends_at": entry.login_ends_at,  # spec: operator.list.last-day+1
        "priority": entry.priority,
        "serves": [*entry.serves],
        "has_secret": entry.secret is not None,
        "payer": payer_of(state, entry).value,
    }
