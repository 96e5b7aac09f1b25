"""A pool as this process knows it: it follows the store, and makes durable what changes (spec: sharing)."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from credpool._engine.process_state import ProcessState
from credpool._engine.quotas import Telemetry
from credpool._engine.view import Glance, Store, View, ordered, view_of
from credpool._process.forks import PerProcess, watch
from credpool.clock import Clock
from credpool.model.entry import Entry
from credpool.model.errors import StoreError
from credpool.model.policy import Strategy
from credpool.model.state import PoolState, differing
from credpool.model.terms import EntryId
from credpool.providers.quota import latest_of, read_windows
from credpool.rules import moments
from credpool.rules.moments import Reading
from credpool.stores.latest import latest

GLANCE: Final = 60.0
"""How often an entry's quota is read and kept for people, in seconds."""

_CLOCK_STEP: Final = 1.0
"""A clock that goes back by less, in seconds, is two threads that looked at it at the same time."""


class StoredPool:
    """The latest view of a store, and what this process has counted since."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Read the store.

        Raises:
            StoreError: it cannot be read.
        """
        self._store = store
        self._clock = clock
        self._strategy: Strategy | None = None
        self._own = PerProcess(ProcessState)
        self.last: EntryId | None = None
        self.telemetry = Telemetry()
        self.view = self._looked(None)
        watch(self)

    @property
    def own(self) -> ProcessState:
        """The part that this process alone owns."""
        return self._own.value

    @property
    def state(self) -> PoolState:
        """The pool as it is now, request counts included."""
        self.follow()
        with self.own.mutex:
            return self.folded(self.view.state)

    # Keeping up with the store.

    @property
    def current(self) -> bool:
        """Whether nobody has written the store since it was read, or set the clock back."""
        view = self.view
        set_back = self._clock.now() < view.reading.at - _CLOCK_STEP
        return not set_back and self._store.stamp() == view.stamp

    def follow(self) -> None:
        """Read the store again when somebody else has written it.

        Raises:
            StoreError: it cannot be read; the next call tries again.
        """
        if not self.current:
            self._catch_up()

    def _catch_up(self) -> None:
        """Read the store, unless somebody has done so by now; other threads go on meanwhile."""
        own = self.own
        with own.reading:
            while True:
                begun = own.landings
                own.landed.wait()
                if self.current:
                    return
                if own.landings == begun and self._took_up():
                    return  # else a change of our own was on its way, and is read by whoever made it

    def _took_up(self) -> bool:
        """Read the store; return whether no change of our own was quicker."""
        before = self.view
        found = self._looked(before)
        with self.own.mutex:
            if self.view is not before:
                return False
            self._show(found)
            return True

    def _show(self, view: View) -> None:
        """Go by another view from now on; whoever calls holds `mutex`."""
        before, self.view = self.view, view
        counts = next((index.counts for index in view.indexes.values() if index.by_count), None)
        if counts is None:
            return
        sums, now = self.own.counts.sums(), view.state.entries
        with self.own.turn:
            for entry in map(now.__getitem__, differing(before.state.entries, now)):
                counted = entry.request_count + sums[entry.id]
                counts[entry.id] = max(counts[entry.id], counted)  # spec: share.counts+2

    def _looked(self, before: View | None) -> View:
        """Read the store."""
        stamp, state = latest(self._store)
        return view_of(stamp, state, self._believed(state, before), self._strategy, before)

    def _believed(self, state: PoolState, before: View | None) -> Reading:
        known = None if before is None else before.reading
        if known is not None:
            state.listed.following(known.state.listed)
        return moments.read(state, now=self._clock.now(), before=known)

    def choose_by(self, strategy: Strategy) -> None:
        """Choose by another strategy from now on."""
        with self.own.mutex:
            self._strategy = strategy
            view = self.view
            self.view = view_of(view.stamp, view.source, view.reading, strategy, view)

    def measured(self, entry: Entry, headers: Mapping[str, str], now: float) -> None:
        """Take what a reply tells of the entry's quota; for people alone, now and then is enough."""
        own, chooses = self.own, self.view.state.strategy is Strategy.QUOTA_AWARE
        is_due = not 0 <= now - own.shown_at.get(entry.id, -GLANCE) < GLANCE
        if not (is_due or chooses):
            return
        told = read_windows({n.lower(): v for n, v in headers.items()}, now=now)
        if is_due:
            own.shown_at[entry.id] = now
        holders = self.view.twins.get(entry.id, (entry.id,)) if told else ()
        if self.telemetry.take(self.view.state, holders, told, now=now) and chooses:
            with own.mutex:
                self.view.indexes.clear()
        if told and is_due:
            with suppress(RuntimeError):  # the interpreter ends
                own.submit(self._write_windows)

    def _write_windows(self) -> None:
        with suppress(StoreError):  # they may lag
            self._flush(lambda: self.own.counts.left > 0)

    def folded(self, state: PoolState, sums: Counter[EntryId] | None = None) -> PoolState:
        """Return the state with what this process adds to it; whoever calls holds `mutex`."""
        own = self.own
        sums = own.counts.sums() if sums is None else sums
        quotas = self.telemetry.windows
        sent = ((e, sums[e.id]) for e in map(state.find, sums) if e is not None)
        counted = {
            # spec: share.counts+2, store.counts+2
            e.id: replace(
                e,
                request_count=e.request_count + count,
                windows=latest_of(e.windows, quotas.get(e.id)),
            )
            for e, count in sent
        }
        leases = own.leases.counts()
        return replace(state.change(counted), last=self.last, leases=leases, quotas=quotas)

    # Making durable.

    def change(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Make a change durable, and return the pool as it is then.

        Raises:
            StoreError: the change could not be made durable.
        """
        with self.own.writing:
            self.commit(change)
        with self.own.mutex:
            return self.folded(self.view.state)

    def glance(self) -> Glance:
        """Return the pool as it is known at this moment; whoever calls holds `mutex`."""
        view, sums = self.view, self.own.counts.sums()
        return Glance(view, sums, self.folded(view.state, sums))

    def commit(
        self, change: Callable[[PoolState], PoolState], glance: Glance | None = None
    ) -> None:
        """Make a change durable, and the counts with it; whoever calls holds `writing`.

        The change of a state that was glanced at is asked for that same state while nobody has
        written since, so that it need not be worked out again.

        Raises:
            StoreError: the change could not be made durable.
        """
        own, counted = self.own, Counter[EntryId]()

        def whole(state: PoolState) -> PoolState:
            nonlocal counted
            own.landed.clear()  # from here on what is new is ours: nobody need read it
            own.landings += 1
            view = self.view
            known = state is view.source
            reading = view.reading if known else self._believed(state, view)
            there = view.state if known else ordered(reading.state, self._strategy, view)
            with own.mutex:
                if known and glance is not None and glance.still(view, self.last):
                    counted, folded = glance.sums, glance.state
                else:
                    counted = own.counts.sums()
                    folded = self.folded(there, counted)
                changed = change(folded)  # spec: store.reset-stays+2
            if changed.entries is there.entries:
                return state
            return reading.as_stored(_as_added(_without_ours(changed, state), state))

        try:
            stored = self._store.update(whole)  # spec: store.durable+2
            view = self._after(stored)
            with own.mutex:
                own.counts.written(counted)
                self._show(view)
        finally:
            own.landed.set()

    def _after(self, stored: PoolState) -> View:
        try:
            return self._looked(self.view)
        except StoreError:  # somebody has spoilt it since: the change was made, the next call tells
            reading = self._believed(stored, self.view)
            return view_of(object(), stored, reading, self._strategy, self.view)

    # Counting.

    def used(self, entry: EntryId) -> None:
        """Count a request; the pool's thread writes the counts when they are due."""
        counts = self.own.counts
        if counts.add(self.view.twins.get(entry, (entry,))) and not counts.asked:
            counts.asked = True
            with suppress(RuntimeError):  # the interpreter ends, and `ended` is called
                self.own.submit(self._write_counts)

    def _write_counts(self) -> None:
        counts = self.own.counts
        counts.asked = False
        with suppress(StoreError):  # they may lag: they are kept, and written later
            self._flush(lambda: counts.due)

    def flush(self) -> None:
        """Make the counts durable.

        Raises:
            StoreError: they could not be written; they are kept in memory.
        """
        self._flush(lambda: self.own.counts.left > 0)

    def _flush(self, needed: Callable[[], bool]) -> None:
        with self.own.writing:
            if not needed():
                return  # whoever held the lock has written them
            try:
                self.commit(lambda state: state)
            except StoreError:
                self.own.counts.refused()
                raise

    def close(self) -> None:
        """End the pool's thread, and make the counts durable.

        Raises:
            StoreError: they could not be written; they are kept in memory.
        """
        self.own.end_thread()
        self.flush()

    def ended(self) -> None:
        """Keep the counts as the process ends, if there is still a place to keep them."""
        with suppress(StoreError):
            if self.own.counts.left and self._store.stamp() is not None:
                self.flush()


def _as_added(changed: PoolState, state: PoolState) -> PoolState:
    """Return the entries in the order in which they were added, which is no other than the store's."""
    new, old = changed.entries, state.entries
    if len(new) == len(old) and all(new[n].id == old[n].id for n in differing(old, new)):
        return changed
    place = state.listed.places  # spec: select.order+2
    entries = tuple(sorted(changed.entries, key=lambda e: place.get(e.id, len(place))))
    return replace(changed, entries=entries)


def _without_ours(changed: PoolState, state: PoolState) -> PoolState:
    """Return what is to be kept: whose turn it is, leases and quotas are nobody else's."""
    own = {"last": state.last, "leases": state.leases, "quotas": state.quotas}
    return replace(changed, **own)  # type: ignore[arg-type]  # fields by name
