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
from typing import assert_never

from credpool.core.model import Entry, EntryId, PoolState, Strategy


def available(state: PoolState, *, now: float, model: str | None) -> tuple[Entry, ...]:
    """Return the entries that may be chosen at `now` for `model`, in order."""
    return tuple(  # spec: select.available+1, select.return+1
        e for e in state.entries if e.secret is not None and e.blocked(now, model) is None
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


def choose(state: PoolState, candidates: Sequence[Entry], *, draw: float) -> Entry | None:
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
        case _:
            assert_never(state.strategy)


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
        self.expires = min(
            (c.until for e in state.entries if (c := e.blocked(now, model))), default=math.inf
        )
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

    def _first_stage(self) -> _Stage:
        match self.state.strategy:
            case Strategy.FILL_FIRST | Strategy.RANDOM:
                return _Stage(0, math.inf, self.ready[:1])
            case Strategy.ROUND_ROBIN:
                return _Stage(0, math.inf, _after_last(self.state, self.ready))
            case Strategy.LEAST_USED:
                lowest = min((e.request_count for e in self.ready), default=0)
                return self._fill(start=0, level=lowest)
            case _:
                assert_never(self.state.strategy)

    def _stage_after(self, stage: _Stage) -> _Stage:
        return self._fill(start=stage.start + int(stage.length), level=stage.level)

    def _fill(self, *, start: int, level: int) -> _Stage:
        """Serve everyone at or below `level` until they reach the next entry's count."""
        group = [e for e in self.ready if e.request_count <= level]
        above = min((e.request_count for e in self.ready if e.request_count > level), default=None)
        if above is None:
            return _Stage(start, math.inf, group)
        return _Stage(start, (above - level) * len(group), group, above)
