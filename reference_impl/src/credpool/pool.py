"""A pool in use: the rules, with a store, a clock and dice (spec: pools, selection).

The rules are in `rules`. `keeping` follows and writes the store, `choosing` answers whose turn it is,
`deciding` what a reply leads to. A healthy call neither reads the store nor writes it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Self, TypeVar
from weakref import finalize

from credpool._engine.choosing import Chooser
from credpool._engine.deciding import Case, Decider
from credpool._engine.keeping import Kept, left
from credpool._engine.leases import Lease
from credpool._engine.listening import Listener, Listeners
from credpool._engine.sessions import Sessions
from credpool._engine.view import Store
from credpool.clock import Clock, SystemClock
from credpool.events.changes import begun, opened, told
from credpool.events.summary import summary
from credpool.model.entry import Entry
from credpool.model.exhaustion import Exhaustion
from credpool.model.messages import Decision, Event, Grant, Reset
from credpool.model.policy import Policy, Strategy
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.providers import registry, wire
from credpool.providers.owner import named_owner
from credpool.rules.cooldown import exhaustion
from credpool.rules.given import entries_given, entries_of
from credpool.rules.select import available
from credpool.rules.targets import resolve
from credpool.stores.memory import MemoryStore

__all__ = ["Listener", "Pool", "Store"]

T = TypeVar("T")


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
        self._dice = dice
        self.lender: Callable[[Entry], Grant | None] = lender or (lambda _: None)
        self._store = store
        self._kept = Kept(self._store, self.clock)
        self._chooser = Chooser(self._kept, dice)
        self._decider = Decider(self._kept)
        self._listeners = Listeners(self._kept)
        self.provider = registry.provider(self._kept.view.state.provider)
        self._homes = frozenset([(base_url or self.provider.base_url or "").rstrip("/")])
        self._homes = frozenset(self.bases)  # callers still send there when its entry is removed
        finalize(self, left, self._kept).atexit = False  # then there is `ended`
        self._listeners.tell(opened(self._kept.view.state), self.clock.now())

    def __repr__(self) -> str:
        kept: Kept | None = getattr(self, "_kept", None)  # an error may show it half opened
        return (
            "<Pool: not open>" if kept is None else summary(kept.view.state, now=self.clock.now())
        )

    @property
    def sessions(self) -> Sessions:
        """The entries that sessions stay with."""
        return self._kept.own.sessions

    @property
    def holder(self) -> str:
        """The name under which this process takes claims."""
        return self._kept.own.holder

    @property
    def unsaved(self) -> dict[EntryId, Grant]:
        """Tokens that came and could not be made durable."""
        return self._kept.own.unsaved

    def ended(self) -> None:
        """Keep the request counts as the process ends, if there is still a place to keep them."""
        self._kept.ended()

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
        from credpool.seed.opening import open_pool, take_up  # noqa: PLC0415  not always needed

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
        return self._kept.view.state.policy

    @property
    def key(self) -> str:
        """What the pool is known by in its store."""
        return self._kept.view.state.key

    @property
    def state(self) -> PoolState:
        """The pool as it is now, request counts included. Looking changes nothing."""
        return self._kept.state  # spec: pool.read.effect-free+2

    def exhaustion(self, model: str | None = None) -> Exhaustion | None:
        """Return why nothing is available and until when, or None while something is."""
        state, now = self.state, self.clock.now()
        over = not available(state, now=now, model=model)
        return exhaustion(state, now=now, model=model) if over else None

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
        return self._kept.change(change)

    def choose_by(self, strategy: Strategy) -> None:
        """Choose by another strategy, from the next selection on and while the pool is open."""
        self._kept.choose_by(strategy)

    def listen(self, listener: Listener) -> None:
        """Tell a listener what happens from now on; what it raises, the call raises.

        It is called before the call goes on, and after what it is told of has become durable: in
        the thread of the call; for what a refresh brings in the refresh's own thread; and for an
        asynchronous call that had to read or to write in the pool's thread. It always has the
        context variables of the call.
        """
        self._listeners.add(listener)

    def flush(self) -> None:
        """Make the request counts durable.

        Raises:
            StoreError: they could not be written; they are kept in memory.
        """
        self._kept.flush()

    @property
    def bases(self) -> Sequence[str]:
        """The endpoints of the pool, the longest first."""
        entries = self._kept.view.state.entries
        found = self._homes.union(wire.base_url(e, self.provider) for e in entries)
        return sorted(found - {""}, key=len, reverse=True)

    def follow(self) -> None:
        """Take up what another process has written.

        Raises:
            StoreError: it cannot be read.
        """
        self._kept.follow()

    async def follow_async(self) -> None:
        """Take up what another process has written, while the event loop goes on."""
        if not self._kept.current:
            await self.aside(self._kept.follow)

    async def aside(self, step: Callable[[], T]) -> T:
        """Take a step that may read or write in the pool's own thread, while the event loop goes on."""
        return await self._kept.own.aside(step)

    def lease(self) -> Lease | None:
        """Return what counts a call among those under way, if anybody counts them."""
        return None if self.policy.max_concurrent is None else self._kept.own.leases.new()

    def pick(
        self, model: Callable[[], str | None], now: float, home: EntryId | None = None
    ) -> Entry | None:
        """Choose an entry for a call, or none; `model` is asked for when it matters."""
        self.follow()
        return self.choose(model, now, home)

    def choose(
        self, model: Callable[[], str | None], now: float, home: EntryId | None = None
    ) -> Entry | None:
        """Choose as `pick` does, from what was read last."""
        index = self._chooser.index(model, now)
        if not index.ready:
            return None
        if home is not None and home in index.by_id:
            return self._chooser.at_home(index, home)
        last, entry = self._chooser.next(index)
        view = self._kept.view
        if view.watches and last != entry.id:
            self._listeners.tell(begun(index.state, last, entry.id, view.by_id.get), now)
        return entry

    def is_flagged(self, entry: Entry) -> bool:
        """Whether a success with the entry is news, for its last reply was none."""
        return entry.id in self._kept.view.flagged

    def heard(self, entry: Entry, headers: Mapping[str, str]) -> str | None:
        """Take what a reply tells of the entry's quota; return its owner when that is news."""
        view = self._kept.view
        if view.state.strategy is Strategy.QUOTA_AWARE:
            self._kept.measured(entry, headers, self.clock.now())
        known = view.by_id.get(entry.id, entry)
        named = named_owner(headers, self.provider) if known.owner is None else None
        return named if named != known.learnt_owner else None

    def used(self, entry: Entry) -> None:
        """Note that a request goes out with the entry's secret."""
        self._kept.used(entry.id)  # spec: select.count+2

    def apply(self, event: Event, lease: Lease | None = None) -> Decision:
        """Decide, and make the decision durable when it changes hard state; `lease` goes along.

        Raises:
            StoreError: it could not be made durable, or the store cannot be read.
        """
        case = Case(event, lease, self.clock.now(), self._dice)
        self.follow()  # spec: oauth.single-flight.adopt+2
        self._decider.decide(case)
        return self._told(case)

    async def apply_async(self, event: Event, lease: Lease | None = None) -> Decision:
        """Decide as `apply` does; what has to be read or written does not hold up the event loop."""
        case = Case(event, lease, self.clock.now(), self._dice)
        if not self._kept.current or not self._decider.at_once(case):
            self._decider.put(case)
            return await self.aside(partial(self._settled, case))
        return self._told(case)

    def _settled(self, case: Case) -> Decision:
        self.follow()
        self._decider.settle(case)
        return self._told(case)

    def _told(self, case: Case) -> Decision:
        known, made = case.outcome()
        notices = told(known, case.event, made, now=case.now)
        self._listeners.tell(notices, case.now, event=case.event, action=made.action)
        return made
