"""A listing as a versioned document (spec: operator, `schemas/listing.schema.json`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from credpool.events.report import Json, report_pool
from credpool.model.borrowed import FINGERPRINT, brief, fingerprint
from credpool.model.entry import Entry
from credpool.model.policy import Strategy
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId
from credpool.providers.grant import endpoint_code
from credpool.providers.quota import running
from credpool.providers.registry import provider_of
from credpool.rules.select import available, choose, payer_of
from credpool.rules.usable import is_disabled

VERSION: Final = 1
_SPARED: Final = 4
_LONG: Final = 20
"""How long a secret is of which so many characters tell nothing to whoever looks over a shoulder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many entries of a pool can be used, and when the next one can."""

    available: int
    out: int
    dead: int
    disabled: int
    next_return: float | None


def listing(
    pools: Iterable[PoolState], *, now: float, only: EntryId | None = None
) -> dict[str, Json]:
    """Return every entry of the pools with all that may be told of it: never a secret.

    Args:
        pools: the pools.
        now: the present moment.
        only: the entry that is told of, in place of all.
    """
    # spec: operator.list.document+2
    return {"version": VERSION, "at": now, "pools": [_pool(state, now, only) for state in pools]}


def fingerprinted(state: PoolState, key: bytes | None) -> PoolState:
    """Return the pool for a listing, with the fingerprint of each secret, if there is a key for them."""
    if key is None:
        return state
    told = (
        e
        if e.secret is None
        else replace(e, extra={**e.extra, FINGERPRINT: fingerprint(e.secret, key)})
        for e in state.entries
    )
    return replace(state, entries=tuple(told))


def last_four(entry: Entry) -> str:
    """Return the last four characters of a secret that is long enough to spare them."""
    text = entry.secret.reveal() if entry.secret is not None else ""
    return text[-_SPARED:] if len(text) >= _LONG else ""


def with_last_four(document: Mapping[str, Json], states: Sequence[PoolState]) -> dict[str, Json]:
    """Return a listing of the pools that says of each entry how its secret ends."""
    pools = document["pools"]
    assert isinstance(pools, list), "a listing has a list of pools"
    told = (_pool_with_ends(pool, state) for pool, state in zip(pools, states, strict=True))
    return {**document, "pools": [*told]}


def counts(state: PoolState, now: float) -> Counts:
    """Count the entries of a pool."""
    left = [e for e in state.entries if not is_disabled(state, e)]
    ready, dead = len(available(state, now=now, model=None)), sum(e.dead for e in left)
    ends = [c.until for e in left if (c := e.blocked(now)) and c.until != FOREVER]
    return Counts(
        available=ready,
        out=len(left) - ready - dead,
        dead=dead,
        disabled=len(state.entries) - len(left),
        next_return=min(ends, default=None),
    )


def upcoming(state: PoolState, now: float) -> EntryId | None:
    """Return which entry the next request without a session gets; None: none, or chance decides."""
    ready = available(state, now=now, model=None)
    if state.strategy is Strategy.RANDOM and len(ready) > 1:
        return None
    entry = choose(state, ready, now=now, draw=0.0)
    return None if entry is None else entry.id


def _pool(state: PoolState, now: float, only: EntryId | None) -> Json:
    told = report_pool(state, now=now)
    states = told["entries"]
    assert isinstance(states, list), "a report lists its entries"
    pairs = zip(state.entries, states, strict=True)
    entries = [
        _entry(n, state, e, known) | {"windows": _windows(state, e, now)}
        for n, (e, known) in enumerate(pairs, start=1)
        if only in (None, e.id)
    ]
    return {
        "key": state.key,
        "provider": state.provider,
        "strategy": state.strategy.value,
        "returns_at": told["returns_at"],
        "next": upcoming(state, now),
        **asdict(counts(state, now)),
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
        "fingerprint": brief(entry),
        "has_secret": entry.secret is not None or entry.unread,
        "endpoint_code": endpoint_code(entry, provider_of(state)),
        "payer": payer_of(state, entry).value,
    }


def _windows(state: PoolState, entry: Entry, now: float) -> Json:
    """Return what is left of the entry's quotas."""
    # spec: operator.list.windows+1
    found = running(state, entry, now=now)
    return {name: {"left": w.left, "resets_at": w.until} for name, w in found.items()}


def _pool_with_ends(pool: Json, state: PoolState) -> Json:
    ends = {str(e.id): last_four(e) or None for e in state.entries}
    assert isinstance(pool, dict), "a pool is an object"
    entries = pool["entries"]
    assert isinstance(entries, list), "with a list of entries"
    told = (e | {"last_four": ends[str(e["id"])]} for e in entries if isinstance(e, dict))
    return {**pool, "entries": [*told]}
