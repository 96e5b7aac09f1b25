"""The choice of the next entry (spec: selection, sharing).

Whoever is `available` and `at_home` for the session, or else the choice among those `under_cap`.
`choose` is the rule, read off the specification. `Index` answers the same question without a walk
over the entries for a state that does not change; it is derived from the state and thrown away with it.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from heapq import heapify, heappop, heapreplace
from itertools import count, filterfalse
from operator import attrgetter
from typing import Final, assert_never

from credpool.model.entry import Entry
from credpool.model.policy import Strategy
from credpool.model.state import PoolState, twins
from credpool.model.terms import EntryId, Payer, PayerChange
from credpool.providers.quota import next_reset
from credpool.providers.registry import provider_of
from credpool.rules.quota_choice import equally_good, is_new, resets_first
from credpool.rules.usable import why_unusable

_ID: Final = attrgetter("id")
_COUNT: Final = attrgetter("request_count")

BY_COUNT: Final = frozenset({Strategy.LEAST_USED, Strategy.QUOTA_AWARE})
"""The strategies that look at request counts, and so at what others have done."""

IN_TURN: Final = BY_COUNT | {Strategy.ROUND_ROBIN}
"""The strategies whose choice depends on the choices before it."""


def available(state: PoolState, *, now: float, model: str | None) -> tuple[Entry, ...]:
    """Return the entries that may be chosen at `now` for `model`, in order."""
    listed = state.listed
    out = {n for n in listed.touched if listed[n].blocked(now, model) is not None}
    if any_serves(state):
        usable = _usable_places(state, model)
        return tuple(listed[n] for n in usable if n not in out)
    # spec: select.available+2, select.per-call+2, pool.unusable+1
    return tuple(listed.at(filterfalse(out.__contains__, _usable(state))))


def any_serves(state: PoolState) -> bool:
    """Whether any entry is for some models alone."""
    return state.listed.once("any serves", None, lambda listed: any(e.serves for e in listed))


def _usable(state: PoolState) -> Sequence[int]:
    """Return the places of the entries with which something could be sent, whatever has happened."""
    of = (state.policy.payer_change, provider_of(state))
    return state.listed.once("usable", of, lambda _: _usable_places(state, None))


def _usable_places(state: PoolState, model: str | None) -> Sequence[int]:
    why_not, allowed = why_unusable(state, model), set(map(id, permitted(state)))
    entries = enumerate(state.entries)
    return [n for n, e in entries if id(e) in allowed and why_not(e) is None]


def at_home(candidates: Sequence[Entry], home: EntryId | None) -> Entry | None:
    """Return the entry that keeps a session together, when it is one of the candidates."""
    if home is None:
        return None
    return next((e for e in candidates if e.id == home), None)  # spec: affinity.stay+2


def under_cap(state: PoolState, candidates: Sequence[Entry]) -> Sequence[Entry]:
    """Return the candidates with fewer calls under way than the cap, or else with the fewest."""
    cap = state.policy.max_concurrent
    if cap is None or not candidates:  # spec: lease.off+1
        return candidates
    load = {e.id: state.leases.get(e.id, 0) for e in candidates}
    most = max(cap - 1, min(load.values()))  # spec: lease.cap+2
    return [e for e in candidates if load[e.id] <= most]


def permitted(state: PoolState) -> tuple[Entry, ...]:
    """Return the entries that the policy on payers lets the pool use, in order."""
    if state.policy.payer_change is PayerChange.ALLOW or not state.entries:
        return state.entries
    first, *others = state.entries
    pays = payer_of(state, first)
    if pays is Payer.UNKNOWN:  # spec: payer.forbid+2
        return (first,)
    # spec: payer.forbid+2
    return (first, *(e for e in others if payer_of(state, e) is pays))


def payer_of(state: PoolState, entry: Entry) -> Payer:
    """Return who pays for the entry: as a person has set it, else by its type of credential."""
    if entry.payer is not None:
        return entry.payer
    known = provider_of(state).credentials  # spec: payer.known+1
    return next((c.payer for c in known if c.auth_type is entry.auth_type), Payer.UNKNOWN)


def choose(
    state: PoolState, candidates: Sequence[Entry], *, now: float, draw: float
) -> Entry | None:
    """Return the strategy's choice among available `candidates`, given in order."""
    if not candidates:
        return None
    match state.strategy:
        case Strategy.FILL_FIRST:  # spec: select.fill-first+2
            return candidates[0]
        case Strategy.ROUND_ROBIN:  # spec: select.round-robin+3
            return _after_last(state, candidates)[0]
        case Strategy.LEAST_USED:  # spec: select.least-used+2
            return min(candidates, key=_COUNT)
        case Strategy.RANDOM:  # spec: select.random+2
            return candidates[int(draw * len(candidates))]
        case Strategy.QUOTA_AWARE:
            new = [e for e in candidates if is_new(state, e, now)]
            # spec: select.quota-aware.new+1, select.quota-aware.ties+2
            return min(new or equally_good(state, candidates, now), key=lambda e: e.request_count)
        case _:
            assert_never(state.strategy)


def _after_last(state: PoolState, candidates: Sequence[Entry]) -> Sequence[Entry]:
    """Return the candidates in order, beginning behind the entry chosen last, wrapping around."""
    places = state.listed.places
    last = places.get(state.last, -1) if state.last is not None else -1
    split = bisect_right([*map(places.__getitem__, map(_ID, candidates))], last)
    return [*candidates[split:], *candidates[:split]]


class Index:
    """Selection in constant or logarithmic time while the state holds.

    A choice by count changes `counts`, which the indexes of one state share, one for each model
    that needs its own: so whoever picks in threads lets one pick at a time.
    """

    def __init__(
        self,
        state: PoolState,
        *,
        now: float,
        model: str | None,
        counts: dict[EntryId, int] | None = None,
    ) -> None:
        self.state = state
        self.ready = available(state, now=now, model=model)
        touched = state.listed.at(state.listed.touched)
        ends = (c.until for e in touched if (c := e.blocked(now, model)))
        resets = (next_reset(windows, now=now) for windows in state.quotas.values())
        self.expires = min((*ends, *resets), default=math.inf)
        self.counts = counts if counts is not None else _counts(state)
        self.in_turn = state.strategy in IN_TURN
        """Whether a choice depends on the choices before it."""
        self.by_count = state.strategy in BY_COUNT
        self._now = now

    def with_counts(self, state: PoolState, news: Sequence[int]) -> "Index | None":
        """Return the same for a state with other counts at some places; None where more depends on it.

        Both go on counting together.
        """
        if state.strategy is Strategy.QUOTA_AWARE:
            return None
        made, ready = copy(self), [*self.ready]
        for place in news:
            at = bisect_left(self._ready_places, place)
            if self._ready_places[at : at + 1] == [place]:
                ready[at] = state.entries[place]
        made.state, made.ready = state, tuple(ready)
        for name in ("by_id", "_equals"):
            made.__dict__.pop(name, None)
        return made

    @cached_property
    def by_id(self) -> Mapping[EntryId, Entry]:
        """The entries that are `ready`, by their ids."""
        return dict(zip(map(_ID, self.ready), self.ready, strict=True))

    def pick(self, draw: float, last: EntryId | None) -> Entry:
        """Return the next of the entries that are `ready`, of which there must be one."""
        match self.state.strategy:
            case Strategy.FILL_FIRST:
                return self.ready[0]
            case Strategy.RANDOM:
                return self.ready[int(draw * len(self.ready))]
            case Strategy.ROUND_ROBIN:
                behind = bisect_right(
                    self._ready_places, self._places.get(last, -1) if last else -1
                )
                return self.ready[behind % len(self.ready)]
            case Strategy.LEAST_USED:
                return self._least_used()
            case Strategy.QUOTA_AWARE:
                return self._next_new() or self._stay(last) or self._least_used()
            case _:
                assert_never(self.state.strategy)

    def note(self, entry: Entry) -> None:
        """Count a choice that was not made here."""
        for one in self._twins.get(entry.id, (entry.id,)):  # spec: select.count+2
            self.counts[one] += 1

    @cached_property
    def _twins(self) -> Mapping[EntryId, Sequence[EntryId]]:
        return twins(self.state.entries)

    @cached_property
    def _places(self) -> Mapping[EntryId, int]:
        return self.state.listed.places

    @cached_property
    def _ready_places(self) -> Sequence[int]:
        return [*map(self._places.__getitem__, map(_ID, self.ready))]

    @cached_property
    def _enough(self) -> frozenset[EntryId]:
        """The entries that have enough left, and reset first."""
        return frozenset(e.id for e in resets_first(self.state, self.ready, self._now))

    @cached_property
    def _new(self) -> list[tuple[int, int]]:
        """A heap of counts and places of what is new; a count in it may be too low."""
        new = enumerate(self.ready)
        counts, state, now = self.counts, self.state, self._now
        queue = [(counts[e.id], place) for place, e in new if is_new(state, e, now)]
        heapify(queue)
        return queue

    def _next_new(self) -> Entry | None:
        """Return the next entry that is new, if there is one."""
        queue = self._new
        while queue:
            known, place = queue[0]
            entry = self.ready[place]
            used = self.counts[entry.id]
            if used and not self.state.quotas.get(entry.id):
                heappop(queue)  # it has been asked
            elif used != known:
                heapreplace(queue, (used, place))
            else:
                self.note(entry)
                return entry
        return None

    def _stay(self, last: EntryId | None) -> Entry | None:
        """Return the entry chosen last, when `quota_aware` keeps it."""
        if last not in self._enough:
            return None
        self.note(stored := self.by_id[last])
        return stored

    @cached_property
    def _equals(self) -> Sequence[Entry]:
        """The entries among which the request count decides."""
        if self.state.strategy is not Strategy.QUOTA_AWARE:
            return self.ready
        return equally_good(replace(self.state, last=None), self.ready, self._now)

    @cached_property
    def _queue(self) -> list[tuple[int, int]]:
        """A heap of counts and places; a count in it may be too low, and never is too high."""
        queue = [*zip(map(self.counts.__getitem__, map(_ID, self._equals)), count(), strict=False)]
        heapify(queue)
        return queue

    def _least_used(self) -> Entry:
        queue, counts = self._queue, self.counts
        while True:
            known, place = queue[0]
            entry = self._equals[place]
            used = counts[entry.id]
            if used == known:  # spec: select.least-used+2
                self.note(entry)
                heapreplace(queue, (used + 1, place))
                return entry
            heapreplace(queue, (used, place))  # it has been used otherwise


def _counts(state: PoolState) -> dict[EntryId, int]:
    return dict(zip(map(_ID, state.entries), map(_COUNT, state.entries), strict=True))
