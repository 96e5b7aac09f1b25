"""A pool as its store had it at one moment, with what is asked of it again and again (spec: pools)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from credpool.events.changes import watches
from credpool.model.entry import Entry
from credpool.model.policy import Strategy
from credpool.model.state import PoolState, in_order, twins
from credpool.model.terms import EntryId
from credpool.rules.moments import Reading
from credpool.rules.select import Index


class Store(Protocol):
    """Where a pool is kept."""

    def load(self) -> PoolState:
        """Return the pool as it is kept. Changes nothing.

        Raises:
            StoreError: it cannot be read; it is left as it is.
        """

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Replace the pool by `change` of it, durably, and return it; `change` may be replayed.

        Raises:
            StoreError: the change could not be made; the store is left as it was.
        """

    def stamp(self) -> object:
        """Return a cheap token that differs once somebody else has written. Takes no lock."""

    # A store may also have `read`, which returns the stamp and the pool that goes with it.


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was read, and the stamp it had: one value, so that nobody sees the one without the other."""

    stamp: object
    reading: Reading
    """What was loaded, as far as its moments are believed."""
    state: PoolState
    """The same in order, and chosen from by the strategy that holds."""
    by_id: Mapping[EntryId, Entry]
    models: frozenset[str]
    """The models that any entry has a cooldown for. All others are one and the same."""
    marked: frozenset[EntryId]
    twins: Mapping[EntryId, Sequence[EntryId]]
    """The entries that hold one secret together, by each of their ids."""
    watches: bool
    indexes: dict[str | None, Index] = field(default_factory=dict)
    """Selection for each of `models` that was asked for, and under None for all others."""


def view_of(stamp: object, reading: Reading, strategy: Strategy | None) -> View:
    """Return the view of a pool that was read; a strategy chosen since goes before its own."""
    state = ordered(reading.state, strategy)
    return View(
        stamp=stamp,
        reading=reading,
        state=state,
        by_id={e.id: e for e in state.entries},
        models=frozenset(model for e in state.entries for model in e.models),
        marked=frozenset(e.id for e in state.entries if e.marked),
        twins=twins(state.entries),
        watches=watches(state),
    )


def ordered(state: PoolState, strategy: Strategy | None) -> PoolState:
    """Return the pool in order; a strategy chosen since goes before its own."""
    chosen = strategy or state.strategy  # spec: operator.next-selection+1
    return replace(state, entries=in_order(state.entries), strategy=chosen)
