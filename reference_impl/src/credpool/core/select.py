"""Which entry comes next (spec: selection, sharing).

Whoever is `available` and `at_home` for the session, or else the choice among those `under_cap`.
`choose` is the rule, read off the specification. `Index` answers the same question in constant
time for a state that does not change; it is derived from the state and thrown away with it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Final, assert_never

from credpool.core.model import Entry, EntryId, PoolState, Strategy
from credpool.core.payer import Payer, PayerChange
from credpool.core.quota import next_reset, remaining
from credpool.core.registry import provider
from credpool.core.usable import why_unusable

BY_COUNT: Final = frozenset({Strategy.LEAST_USED, Strategy.QUOTA_AWARE})
"""The strategies that look at request counts, and so at what others have done."""


def available(state: PoolState, *, now: float, model: str | None) -> tuple[Entry, ...]:
    """Return the entries that may be chosen at `now` for `model`, in order."""
    why_not = why_unusable(state)
    return tuple(  # spec: select.available+1, select.return+1, pool.unusable+1
        e for e in permitted(state) if why_not(e) is None and e.blocked(now, model) is None
    )


def at_home(candidates: Sequence[Entry], home: EntryId | None) -> Entry | None:
    """Return the entry that keeps a session together, when it is one of the candidates."""
    return next((e for e in candidates if e.id == home), None)  # spec: affinity.stay+1


def under_cap(state: PoolState, candidates: Sequence[Entry]) -> Sequence[Entry]:
    """Return the candidates with fewer calls under way than the cap, or else with the fewest."""
    cap = state.policy.max_concurrent
    if cap is None or not candidates:  # spec: lease.off+1
        return candidates
    load = {e.id: state.leases.get(e.id, 0) for e in candidates}
    most = max(cap - 1, min(load.values()))  # spec: lease.cap+1, lease.soft+1
    return [e for e in candidates if load[e.id] <= most]


def permitted(state: PoolState) -> tuple[Entry, ...]:
    """Return the entries that the policy on payers lets the pool use, in order."""
    if state.policy.payer_change is PayerChange.ALLOW or not state.entries:
        return state.entries
    first = payer_of(state, state.entries[0])
    # spec: payer.forbid+1, payer.forbid.unknown+1
    return tuple(e for e in state.entries if payer_of(state, e) is first)


def payer_of(state: PoolState, entry: Entry) -> Payer:
    """Return who pays for the entry: as a person has set it, else by its type of credential."""
    if entry.payer is not None:
        return entry.payer
    known = provider(state.provider).credentials  # spec: payer.known+1
    return next((c.payer for c in known if c.auth_type is entry.auth_type), Payer.UNKNOWN)


def choose(
    state: PoolState, candidates: Sequence[Entry], *, now: float, draw: float
) -> Entry | None:
    """Return the strategy's choice among available `candidates`, given in order."""
    if not candidates:
        return None
    match state.strategy:
        case Strategy.FILL_FIRST:  # spec: select.fill-first+1
            return candidates[0]
        case Strategy.ROUND_ROBIN:  # spec: select.round-robin+1
            return _after_last(state, candidates)[0]
        case Strategy.LEAST_USED:  # spec: select.least-used+1
            return min(candidates, key=lambda e: e.request_count)
        case Strategy.RANDOM:  # spec: select.random+1
            return candidates[int(draw * len(candidates))]
        case Strategy.QUOTA_AWARE:
            return min(_with_quota(state, candidates, now), key=lambda e: e.request_count)
        case _:
            assert_never(state.strategy)


def _with_quota(state: PoolState, candidates: Sequence[Entry], now: float) -> Sequence[Entry]:
    """Return the candidates that `quota_aware` finds equally good; the request count decides.

    It keeps the entry chosen last; else whoever has most left; else whoever nobody knows anything
    of; else whoever has most left of too little.
    """
    left = {e.id: remaining(state.quotas.get(e.id, {}), now=now) for e in candidates}
    enough = [(e, f) for e in candidates if (f := left[e.id]) is not None and is_enough(state, f)]
    kept = [e for e, _ in enough if e.id == state.last]
    if kept:  # spec: select.quota-aware.keep+1
        return kept
    unknown = [e for e in candidates if left[e.id] is None]
    if unknown and not enough:  # spec: select.quota-aware.unknown+1
        return unknown
    known = enough or [(e, left[e.id] or 0.0) for e in candidates]
    most = max(fraction for _, fraction in known)  # spec: select.quota-aware.most-left+1
    return [e for e, fraction in known if fraction == most]


def is_enough(state: PoolState, fraction: float | None) -> bool:
    """Whether an entry with that much of its quota left is kept."""
    return fraction is not None and fraction >= state.policy.avoid_below_fraction


def _after_last(state: PoolState, candidates: Sequence[Entry]) -> Sequence[Entry]:
    """Return the candidates in order, beginning behind the entry chosen last, wrapping around."""
    place = {e.id: i for i, e in enumerate(state.entries)}
    last = place.get(state.last, -1) if state.last is not None else -1
    split = next((i for i, e in enumerate(candidates) if place[e.id] > last), 0)
    return [*candidates[split:], *candidates[:split]]


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stretch of tickets, from `start` for `length`, served by one group in turn."""

    start: int
    length: float
    group: Sequence[Entry]
    level: int = 0


class Index:
    """Selection in constant time while the state holds: ticket *n* has one answer.

    The only state is a counter whose increment is atomic, so that threads need no lock. Under
    `least_used` the answers follow from filling the lowest counts up, level by level.
    """

    def __init__(self, state: PoolState, *, now: float, model: str | None) -> None:
        self.state = state
        self.ready = available(state, now=now, model=model)
        ends = (c.until for e in state.entries if (c := e.blocked(now, model)))
        resets = (next_reset(windows, now=now) for windows in state.quotas.values())
        self.expires = min((*ends, *resets), default=math.inf)
        self._equals = self._equally_good(now)
        self._tickets = count()
        self._stage = self._first_stage()

    @cached_property
    def by_id(self) -> Mapping[EntryId, Entry]:
        """The entries that are `ready`, by their ids."""
        return {e.id: e for e in self.ready}

    def pick(self, draw: float) -> Entry:
        """Return the next of the entries that are `ready`, of which there must be one."""
        if self.state.strategy is Strategy.RANDOM:
            return self.ready[int(draw * len(self.ready))]
        ticket = next(self._tickets)
        stage = self._stage
        while ticket - stage.start >= stage.length:
            stage = self._stage = self._stage_after(stage)
        return stage.group[(ticket - stage.start) % len(stage.group)]

    def _equally_good(self, now: float) -> Sequence[Entry]:
        """Return the entries among which the request count decides, for as long as it does."""
        if self.state.strategy is not Strategy.QUOTA_AWARE or not self.ready:
            return self.ready
        found = _with_quota(self.state, self.ready, now)
        first = min(found, key=lambda e: e.request_count)
        left = remaining(self.state.quotas.get(first.id, {}), now=now)
        return [first] if is_enough(self.state, left) else found

    def _first_stage(self) -> _Stage:
        match self.state.strategy:
            case Strategy.FILL_FIRST | Strategy.RANDOM:
                return _Stage(0, math.inf, self.ready[:1])
            case Strategy.ROUND_ROBIN:
                return _Stage(0, math.inf, _after_last(self.state, self.ready))
            case Strategy.LEAST_USED | Strategy.QUOTA_AWARE:
                lowest = min((e.request_count for e in self._equals), default=0)
                return self._fill(start=0, level=lowest)
            case _:
                assert_never(self.state.strategy)

    def _stage_after(self, stage: _Stage) -> _Stage:
        return self._fill(start=stage.start + int(stage.length), level=stage.level)

    def _fill(self, *, start: int, level: int) -> _Stage:
        """Serve everyone at or below `level` until they reach the next entry's count."""
        group = [e for e in self._equals if e.request_count <= level]
        above = min((n for e in self._equals if (n := e.request_count) > level), default=None)
        if above is None:
            return _Stage(start, math.inf, group)
        return _Stage(start, (above - level) * len(group), group, above)
