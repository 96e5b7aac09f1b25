"""A pool as its store had it at one moment, with what is asked of it again and again (spec: pools)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from credpool.events.changes import watches
from credpool.model.entry import Entry, fits
from credpool.model.policy import Strategy
from credpool.model.state import PoolState, in_order, twins
from credpool.model.terms import EntryId
from credpool.rules.moments import Reading
from credpool.rules.select import Index

Kind = tuple[str | None, frozenset[str], bool]
"""The model, if any entry has a cooldown for it; the names that it fits; whether it is none."""


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

    # A store may also have `read`, which returns the stamp and the pool that goes with it, and
    # `check_writable`, which raises where a change would end with the process.


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A state with the stamp it was read at: one value, so that nobody sees one without the other."""

    stamp: object
    reading: Reading
    """The loaded state, with the moments that are believed."""
    state: PoolState
    """The same in order, and chosen from by the strategy that holds."""
    by_id: Mapping[EntryId, Entry]
    models: frozenset[str]
    """The models that any entry has a cooldown for. All others are one and the same."""
    serves: frozenset[str]
    """The names of models that any entry serves alone, with `*` for any ending."""
    marked: frozenset[EntryId]
    twins: Mapping[EntryId, Sequence[EntryId]]
    """The entries that hold one secret together, by each of their ids."""
    watches: bool
    indexes: dict[Kind, Index] = field(default_factory=dict)
    """Selection for each kind of model that was asked for."""

    def kind(self, model: str | None) -> Kind:
        """Return what tells a model from others: its own cooldowns, and who serves it."""
        name = model if model in self.models else None  # what a client invents is not a name
        served = (n for n in self.serves if model is not None and fits(n, model))
        return name, frozenset(served), bool(self.serves) and model is None


def view_of(stamp: object, reading: Reading, strategy: Strategy | None) -> View:
    """Return the view of a pool that was read; a strategy chosen since goes before its own."""
    state = ordered(reading.state, strategy)
    return View(
        stamp=stamp,
        reading=reading,
        state=state,
        by_id={e.id: e for e in state.entries},
        models=frozenset(model for e in state.entries for model in e.models),
        serves=frozenset(name for e in state.entries for name in e.serves),
        marked=frozenset(e.id for e in state.entries if e.marked),
        twins=twins(state.entries),
        watches=watches(state),
    )


def ordered(state: PoolState, strategy: Strategy | None) -> PoolState:
    """Return the pool in order; a strategy chosen since goes before its own."""
    chosen = strategy or state.strategy  # spec: operator.next-selection+1
    return replace(state, entries=in_order(state.entries), strategy=chosen)
