"""A pool as its store had it at one moment, with what is asked of it again and again (spec: pools)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from credpool.events.changes import watches
from credpool.model.entry import fits
from credpool.model.policy import Strategy
from credpool.model.state import Entries, PoolState, differing, in_order, only_counted, twins
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
    source: PoolState
    """The state as the store gave it: whoever is given the same one knows all of this already."""
    reading: Reading
    """The loaded state, with the moments that are believed."""
    state: PoolState
    """The same in order, and chosen from by the strategy that holds."""
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


@dataclass(frozen=True, slots=True)
class Glance:
    """A pool as it was known at one moment, with the counts that are not in the store yet."""

    view: View
    sums: Counter[EntryId]
    state: PoolState

    def still(self, view: View, last: EntryId | None) -> bool:
        """Whether a decision on it is one on what is known now."""
        spread = self.state.policy.max_concurrent is not None  # then other calls matter
        return self.view is view and self.state.last == last and not spread


def view_of(
    stamp: object,
    source: PoolState,
    reading: Reading,
    strategy: Strategy | None,
    before: View | None = None,
) -> View:
    """Return the view of a pool that was read; a strategy chosen since goes before its own.

    What the view before it had worked out is taken over as far as it is still true.
    """
    state = ordered(reading.state, strategy, before)
    listed = state.listed
    touched = [*listed.at(listed.touched)]
    return View(
        stamp=stamp,
        source=source,
        reading=reading,
        state=state,
        models=frozenset(model for e in touched for model in e.models),
        serves=listed.once("serves", None, _served),
        marked=frozenset(e.id for e in touched if e.marked),
        twins=twins(listed),
        watches=watches(state),
        indexes={} if before is None else _still(before, state),
    )


def _still(before: View, state: PoolState) -> dict[Kind, Index]:
    """Return the indexes that hold for a state in which nothing but counts is news."""
    old, listed = before.state, state.listed
    chosen_alike = (old.strategy, old.policy) == (state.strategy, state.policy)
    if not chosen_alike or old.listed.lasting is not listed.lasting:
        return {}
    news = differing(old.entries, listed)
    if not all(only_counted(old.entries[n], listed[n]) for n in news):
        return {}
    found = ((kind, index.with_counts(state, news)) for kind, index in [*before.indexes.items()])
    return {kind: index for kind, index in found if index is not None}


def ordered(state: PoolState, strategy: Strategy | None, before: View | None = None) -> PoolState:
    """Return the pool in order; a strategy chosen since goes before its own."""
    chosen = strategy or state.strategy  # spec: operator.next-selection+1
    entries = Entries(in_order(state.entries))
    if entries == state.entries:
        entries = state.listed
    elif before is not None:
        entries.following(before.state.listed)
    return replace(state, entries=entries, strategy=chosen)


def _served(entries: Entries) -> frozenset[str]:
    return frozenset(name for e in entries for name in e.serves)
