"""A pool in use: the rules, with a store, a clock and dice (spec: pools, selection).

The rules are in `core`; this module holds the latest state, asks them, and makes durable what they
decide. A healthy call reads an index and notes its use: it takes no lock and touches no disk.
"""

import os
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from threading import Lock
from typing import Final, Protocol, Self

from credpool.clock import Clock, SystemClock
from credpool.core import moments, registry, wire
from credpool.core.cooldown import exhaustion
from credpool.core.decide import decide
from credpool.core.errors import StoreError
from credpool.core.events import Action, Decision, Event, Grant, Refresh, Reset, Send, Wait
from credpool.core.given import entries_given, entries_of
from credpool.core.model import (
    Entry,
    EntryId,
    Exhaustion,
    Policy,
    PoolState,
    Strategy,
    in_order,
)
from credpool.core.notices import Notice
from credpool.core.operate import resolve
from credpool.core.owner import named_owner
from credpool.core.select import BY_COUNT, Index, available
from credpool.core.summary import summary
from credpool.core.telling import begun, opened, told, watches
from credpool.leases import Lease, Leases
from credpool.log import log
from credpool.processes import PerProcess, watch
from credpool.sessions import Sessions
from credpool.stores.latest import latest
from credpool.stores.memory import MemoryStore
from credpool.telemetry import Telemetry

LAG: Final = 1000
"""How many requests of this process the stored counts may lag behind (spec: soft state)."""

_CLOCK_STEP: Final = 1.0
"""A clock that goes back by less, in seconds, is two threads that looked at it at the same time."""


class _Own:
    """What a process begins with: it has sent nothing, holds nothing and claims nothing."""

    def __init__(self) -> None:
        self.mutex = Lock()
        self.uses: deque[EntryId] = deque()
        self.pending: Counter[EntryId] = Counter()
        self.leases = Leases()
        self.sessions = Sessions()
        self.holder = os.urandom(8).hex()
        self.unsaved: dict[EntryId, Grant] = {}


Listener = Callable[[Notice], None]
"""Who is told of a pool's events."""


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


class Pool:
    """The credentials of one provider, used in turn."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        dice: Callable[[], float] = random.random,
        lender: Callable[[Entry], Grant | None] | None = None,
        base_url: str | None = None,
    ) -> None:
        """Open a pool.

        Args:
            store: where the pool is kept.
            clock: where the time comes from; the machine's clock if not given.
            dice: draws from [0, 1), for the `random` strategy.
            lender: reads a borrowed entry's token again where it is from.
            base_url: where callers send, if no entry and no registered provider says so.

        Raises:
            StoreError: the store cannot be read.
            UnknownProvider: the registry has no such provider.
        """
        self.clock = clock if clock is not None else SystemClock()
        self._store = store
        self._dice = dice
        self.lender: Callable[[Entry], Grant | None] = lender or (lambda _: None)
        self._last: EntryId | None = None
        self._strategy: Strategy | None = None
        self._indexes: dict[str | None, Index] = {}
        self._reading: moments.Reading | None = None
        self._own = PerProcess(_Own)
        self._telemetry = Telemetry()
        self._listeners: tuple[Listener, ...] = ()
        self._read()
        self.provider = registry.provider(self._state.provider)
        self._homes = frozenset([(base_url or self.provider.base_url or "").rstrip("/")])
        self._homes = frozenset(self.bases)  # callers still send there when its entry is removed
        watch(self)
        self._tell(opened(self._state))

    @property
    def sessions(self) -> Sessions:
        """The entries that sessions stay with."""
        return self._own.value.sessions

    @property
    def holder(self) -> str:
        """The name under which this process takes claims."""
        return self._own.value.holder

    @property
    def unsaved(self) -> dict[EntryId, Grant]:
        """Tokens that came and could not be made durable."""
        return self._own.value.unsaved

    def ended(self) -> None:
        """Keep the request counts as the process ends, if there is still a place to keep them."""
        own = self._own.value
        with suppress(StoreError):
            if (own.uses or own.pending) and self._store.stamp() is not None:
                self.flush()

    def __repr__(self) -> str:
        state: PoolState | None = getattr(self, "_state", None)  # an error may show it half opened
        return "<Pool>" if state is None else summary(state, now=self.clock.now())

    @classmethod
    def open(
        cls,
        key: str,
        *,
        keys: Sequence[str] = (),
        path: str | PathLike[str] | None = None,
        strategy: str | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
    ) -> "Pool":
        """Open the pool that the `credpool` command keeps, with what is found and these API keys.

        A new key comes behind the others; one that the pool has stays as it is, and so does what
        was learnt of it: the same line is right the second time. `credpool.open_pool` takes more.

        Args:
            key: a provider of the registry, or `custom:` and the name of a configured endpoint.
            keys: API keys that the pool is to have.
            path: the file to keep the pool in, if not the command's.
            strategy: in place of the configured one.
            policy: in place of the configured one.
            clock: where the time comes from; the machine's clock if not given.

        Raises:
            BadConfig, StoreError, UnknownProvider, UnknownStrategy, UnusableSecret: as `open_pool`.
        """
        from credpool.opening import open_pool, take_up  # noqa: PLC0415  not always needed

        chosen = None if strategy is None else Strategy(strategy)
        pool = open_pool(key, store=path, strategy=chosen, policy=policy, clock=clock)
        take_up(pool, keys)
        return pool

    @classmethod
    def from_keys(
        cls,
        provider: str,
        keys: Sequence[str],
        *,
        base_url: str | None = None,
        strategy: str | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Open a pool of API keys that lives in memory, the first key being used first.

        Raises:
            UnknownProvider: the registry has no such provider.
            UnknownStrategy: the strategy is none of the five.
            UnusableSecret: a key is empty, a placeholder, or cannot be sent.
            BadInput: the keys are no list of different keys, or the base URL is none.
        """
        entries = entries_of(registry.provider(provider), keys, base_url)
        return cls.from_entries(provider, entries, strategy=strategy, policy=policy, clock=clock)

    @classmethod
    def from_entries(
        cls,
        provider: str,
        entries: Sequence[Entry],
        *,
        strategy: str | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        dice: Callable[[], float] = random.random,
    ) -> Self:
        """Open a pool of entries that lives in memory; one that cannot be used is told and passed over.

        Raises:
            UnknownProvider: the registry has no such provider.
            UnknownStrategy: the strategy is none of the five.
            BadInput: one is no entry, or two have one id.
        """
        state = PoolState(
            key=provider,
            provider=provider,
            entries=entries_given(entries),
            strategy=Strategy(strategy) if strategy is not None else Strategy.FILL_FIRST,
            policy=policy if policy is not None else Policy(),
        )
        return cls(MemoryStore(state), clock=clock, dice=dice)

    @property
    def policy(self) -> Policy:
        """The numbers the pool goes by."""
        return self._state.policy

    @property
    def state(self) -> PoolState:
        """The pool as it is now, request counts included. Looking changes nothing."""
        self._follow()
        with self._own.value.mutex:  # spec: pool.read.effect-free+1
            return self._folded(self._state)

    def exhaustion(self, model: str | None = None) -> Exhaustion | None:
        """Return why nothing is available and until when, or None while something is."""
        state, now = self.state, self.clock.now()
        ready = available(state, now=now, model=model)
        return None if ready else exhaustion(state, now=now, model=model)

    def reset(self, target: str | None = None) -> None:
        """Let one entry, or all, be as if never refused; this also brings dead ones back.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        entry = None if target is None else resolve(self.state, target)
        self.apply(Reset(entry.id if entry is not None else None))

    def change(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Make a change of the entries durable, and return the pool as it is then.

        The change may be replayed, so it must be pure; what it raises leaves the pool as it was.

        Raises:
            StoreError: the change could not be made durable.
        """
        with self._own.value.mutex:
            self._commit(change)
            return self._folded(self._state)

    def choose_by(self, strategy: Strategy) -> None:
        """Choose by another strategy, from the next selection on and while the pool is open."""
        with self._own.value.mutex:
            self._strategy = strategy
            self._read()

    def listen(self, listener: Listener) -> None:
        """Tell a listener what happens from now on; what it raises, the call raises.

        It is called in the thread of the call, before the call goes on, and after what it is told
        of has become durable.
        """
        self._listeners = (*self._listeners, listener)

    def flush(self) -> None:
        """Make the request counts durable.

        Raises:
            StoreError: they could not be written; they are kept in memory.
        """
        with self._own.value.mutex:
            self._gather()  # if it fails, it is tried again after as many more, not at each call
            self._commit(lambda state: state)

    @property
    def bases(self) -> Sequence[str]:
        """The endpoints of the pool, the longest first."""
        found = self._homes.union(wire.base_url(e, self.provider) for e in self._state.entries)
        return sorted(found - {""}, key=len, reverse=True)

    # What a healthy call does: no lock, no disk.

    def lease(self) -> Lease | None:
        """Return what counts a call among those under way, if anybody counts them."""
        return None if self._state.policy.max_concurrent is None else self._own.value.leases.new()

    def pick(
        self, model: Callable[[], str | None], now: float, home: EntryId | None = None
    ) -> Entry | None:
        """Choose an entry for a call, or none; `model` is asked for when it matters."""
        self._follow()
        asked = model() if self._by_model else None
        index = self._indexes.get(asked)
        if index is None or index.expires <= now:
            index = self._reindex(asked, now)
        if not index.ready:
            return None
        if home is not None and home in index.by_id:
            if self._state.strategy in BY_COUNT:
                self._indexes = {}  # it has counted on making every choice itself
            return index.by_id[home]  # spec: affinity.stay+1
        entry = index.pick(self._dice() if self._state.strategy is Strategy.RANDOM else 0.0)
        last, self._last = self._last, entry.id
        if self._watches and last != entry.id:
            self._tell(begun(index.state, last, entry.id))
        return entry

    def heard(self, entry: Entry, headers: Mapping[str, str]) -> str | None:
        """Take what a reply tells of the entry's quota; return its owner when that is news."""
        if self._state.strategy is Strategy.QUOTA_AWARE:
            self._measured(entry, headers)
        return named_owner(headers, self.provider) if entry.id in self._unowned else None

    def used(self, entry: Entry) -> None:
        """Note that a request goes out with the entry's secret."""
        self._own.value.uses.append(entry.id)  # spec: select.count+1
        if len(self._own.value.uses) >= LAG:
            with suppress(StoreError):  # counts may lag; they are kept, and written later
                self.flush()

    # Keeping up with the store, and with what has been used.

    def _follow(self) -> None:
        """Read the store again when somebody else has written it, or the clock has gone back."""
        set_back = self.clock.now() < self._read_at - _CLOCK_STEP
        if set_back or self._store.stamp() != self._stamp:
            with self._own.value.mutex:
                if set_back or self._store.stamp() != self._stamp:  # no other thread has, meanwhile
                    self._read()

    def _read(self) -> None:
        """Take what the store has; its stamp comes last, for then it has been taken."""
        stamp, state = latest(self._store)
        reading = self._believed(state)
        self._reading, self._read_at, state = reading, reading.at, reading.state
        self._state = self._ordered(state)
        self._by_model = any(e.models for e in state.entries)
        self.flagged = frozenset(e.id for e in state.entries if e.throttled)
        self._watches = watches(state)
        unowned = (e.id for e in state.entries if not (e.owner or e.learnt_owner))
        self._unowned = frozenset(unowned)
        self._indexes = {}
        self._stamp = stamp

    def _believed(self, state: PoolState) -> moments.Reading:
        """Return what the store has, as far as its moments are believed."""
        return moments.read(state, now=self.clock.now(), before=self._reading)

    def _ordered(self, state: PoolState) -> PoolState:
        strategy = self._strategy or state.strategy  # spec: operator.strategy+1
        return replace(state, entries=in_order(state.entries), strategy=strategy)

    def _reindex(self, model: str | None, now: float) -> Index:
        with self._own.value.mutex:
            made = self._indexes.get(model)
            if made is not None and made.expires > now:
                return made  # by another thread: two indexes would give each turn twice
            index = Index(self._folded(self._state), now=now, model=model)
            self._indexes = {**self._indexes, model: index}
            return index

    def _folded(self, state: PoolState) -> PoolState:
        """Return the state with what has been used since it was made durable."""
        self._gather()
        counted = {
            e.id: replace(e, request_count=e.request_count + self._own.value.pending[e.id])
            for e in state.entries
            if e.id in self._own.value.pending
        }
        leases, quotas = self._own.value.leases.counts(), self._telemetry.windows
        return replace(state.change(counted), last=self._last, leases=leases, quotas=quotas)

    def _gather(self) -> None:
        while self._own.value.uses:
            self._own.value.pending[self._own.value.uses.popleft()] += 1

    def _measured(self, entry: Entry, headers: Mapping[str, str]) -> None:
        if self._telemetry.take(self._state, entry, headers, now=self.clock.now()):
            self._indexes = {}

    # What a failing call does: it decides under a lock, and what is hard is made durable.

    def apply(self, event: Event, lease: Lease | None = None) -> Decision:
        """Decide, and make the decision durable when it changes hard state; `lease` goes along."""
        self._follow()  # spec: share.adopt+1
        now = self.clock.now()
        with self._own.value.mutex:
            known = self._folded(self._state)
            made = decide(known, event, now=now, draw=0.0)
            if made.selected and known.strategy is Strategy.RANDOM:
                draw = self._dice()  # only now is it known that one is needed
                made = decide(known, event, now=now, draw=draw)
            else:
                draw = 0.0
            if made.state.entries is not known.entries:
                known, made = self._committed(event, now=now, draw=draw)
            self._last = made.state.last
            self._indexes = {}
            if lease is not None and isinstance(made.action, Send | Wait | Refresh):
                self._own.value.leases.move(lease, made.action.entry.id)
        notices = told(known, event, made, now=now)
        self._tell(notices, event=event, action=made.action)
        return made

    def _tell(
        self, notices: Iterable[Notice], event: Event | None = None, action: Action | None = None
    ) -> None:
        heard = (*notices,)
        log(heard, self._state, now=self.clock.now(), event=event, action=action)
        for notice in heard:
            for listener in self._listeners:
                listener(notice)

    def _committed(self, event: Event, *, now: float, draw: float) -> tuple[PoolState, Decision]:
        """Decide again on what the store has, under its lock, and keep the outcome."""
        made: list[tuple[PoolState, Decision]] = []

        def change(state: PoolState) -> PoolState:
            made.append((state, decide(state, event, now=now, draw=draw)))
            return made[-1][1].state

        self._commit(change)
        return made[-1]

    def _commit(self, change: Callable[[PoolState], PoolState]) -> None:
        def whole(state: PoolState) -> PoolState:
            reading = self._believed(state)
            ordered = self._ordered(reading.state)
            changed = change(self._folded(ordered))
            if changed.entries is ordered.entries:
                return state
            return reading.as_kept(replace(changed, leases=state.leases))  # they are nobody else's

        self._store.update(whole)
        self._own.value.pending.clear()
        self._read()
