"""A listing as a versioned document (spec: operator, `schemas/listing.schema.json`)."""

from collections.abc import Iterable
from typing import Final

from credpool.events.report import Json, report_pool
from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.providers.grant import endpoint_code
from credpool.providers.quota import running
from credpool.providers.registry import provider_of
from credpool.rules.select import payer_of

VERSION: Final = 1


def listing(pools: Iterable[PoolState], *, now: float) -> dict[str, Json]:
    """Return every entry of the pools with all that may be told of it: never a secret."""
    # spec: operator.list.document+2
    return {"version": VERSION, "at": now, "pools": [_pool(state, now) for state in pools]}


def _pool(state: PoolState, now: float) -> Json:
    told = report_pool(state, now=now)
    states = told["entries"]
    assert isinstance(states, list), "a report lists its entries"
    pairs = zip(state.entries, states, strict=True)
    entries = [
        _entry(n, state, e, known) | {"windows": _windows(state, e, now)}
        for n, (e, known) in enumerate(pairs, start=1)
    ]
    return {
        "key": state.key,
        "provider": state.provider,
        "strategy": state.strategy.value,
        "returns_at": told["returns_at"],
        "entries": [*entries],
    }


def _entry(place: int, state: PoolState, entry: Entry, known: Json) -> dict[str, Json]:
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
        "has_secret": entry.secret is not None or entry.unread,
        "endpoint_code": endpoint_code(entry, provider_of(state)),
        "payer": payer_of(state, entry).value,
    }


def _windows(state: PoolState, entry: Entry, now: float) -> Json:
    """Return what is left of the entry's quotas."""
    # spec: operator.list.windows+1
    found = running(state, entry, now=now)
    return {name: {"left": w.left, "resets_at": w.until} for name, w in found.items()}
