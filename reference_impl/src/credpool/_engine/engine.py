"""A pool at work: the rules, with a store, a clock and dice (spec: pools, selection).

`stored_pool` follows and writes the store, `choosing` answers whose turn it is, `deciding` what a reply
leads to. A healthy call neither reads the store nor writes it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from weakref import finalize

from credpool._engine.choosing import Chooser
from credpool._engine.deciding import Case, Decider
from credpool._engine.leases import Lease
from credpool._engine.leaving import left
from credpool._engine.listening import Listener, Listeners
from credpool._engine.sessions import Sessions
from credpool._engine.stored_pool import StoredPool
from credpool._engine.view import Store
from credpool.clock import Clock
from credpool.events.changes import begun, opened, told
from credpool.model.entry import Entry
from credpool.model.messages import Decision, Grant, Message
from credpool.model.policy import Policy, Strategy
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.providers import registry, wire
from credpool.providers.owner import named_owner
from credpool.stores.latest import check_writable

T = TypeVar("T")


class Engine:
    """The engine of a `Pool`, for the modules of this library."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dice: Callable[[], float],
        lender: Callable[[Entry], Grant | None],
        base_url: str | None,
    ) -> None:
        self._store = store
        self.clock = clock
        self._dice = dice
        self.lender = lender
        self._stored = StoredPool(store, clock)
        self._chooser = Chooser(self._stored, dice)
        self._decider = Decider(self._stored)
        self._listeners = Listeners(self._stored)
        self.provider = registry.provider_of(self._stored.view.state)
        self._homes = frozenset([(base_url or self.provider.base_url or "").rstrip("/")])
        self._homes = frozenset(self.bases)  # callers still send there when its entry is removed
        finalize(self, left, self._stored).atexit = False  # then there is `ended`
        self._listeners.tell(opened(self._stored.view.state), self.clock.now())

    @property
    def sessions(self) -> Sessions:
        """The entries that sessions stay with."""
        return self._stored.own.sessions

    @property
    def holder(self) -> str:
        """The name under which this process takes claims."""
        return self._stored.own.holder

    @property
    def unsaved(self) -> dict[EntryId, Grant]:
        """Tokens that came and could not be made durable."""
        return self._stored.own.unsaved

    @property
    def policy(self) -> Policy:
        """The numbers the pool goes by."""
        return self._stored.view.state.policy

    @property
    def key(self) -> str:
        """The pool's key in its store."""
        return self._stored.view.state.key

    @property
    def state(self) -> PoolState:
        """The pool as it is now, request counts included. Looking changes nothing."""
        return self._stored.state  # spec: pool.read.effect-free+2

    @property
    def known(self) -> PoolState:
        """The pool as it was read last: no file is looked at."""
        return self._stored.view.state

    def ended(self) -> None:
        """Keep the request counts as the process ends, if there is still a place to keep them."""
        self._stored.ended()

    def change(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Make a change of the entries durable, and return the pool as it is then.

        The change may be replayed, so it must be pure; what it raises leaves the pool as it was.

        Raises:
            StoreError: the change could not be made durable.
        """
        return self._stored.change(change)

    def check_writable(self) -> None:
        """Refuse what an operator asks for, where it would end with the process.

        Raises:
            StoreUnwritable: the store cannot keep it.
        """
        check_writable(self._store)

    def choose_by(self, strategy: Strategy) -> None:
        """Choose by another strategy, from the next selection on and while the pool is open."""
        self._stored.choose_by(strategy)

    def listen(self, listener: Listener) -> None:
        """Tell a listener what happens from now on."""
        self._listeners.add(listener)

    def flush(self) -> None:
        """Make the request counts durable."""
        self._stored.flush()

    def close(self) -> None:
        """Make the request counts durable, and end the pool's thread."""
        self._stored.close()

    @property
    def bases(self) -> Sequence[str]:
        """The endpoints of the pool, the longest first."""
        entries = self._stored.view.state.entries
        found = self._homes.union(wire.base_url(e, self.provider) for e in entries)
        return sorted(found - {""}, key=len, reverse=True)

    def follow(self) -> None:
        """Take up what another process has written.

        Raises:
            StoreError: it cannot be read.
        """
        self._stored.follow()

    async def follow_async(self) -> None:
        """Take up what another process has written, while the event loop goes on."""
        if not self._stored.current:
            await self.aside(self._stored.follow)

    async def aside(self, step: Callable[[], T]) -> T:
        """Take a step that may read or write in the pool's own thread, while the event loop goes on."""
        return await self._stored.own.aside(step)

    def lease(self) -> Lease | None:
        """Return what counts a call among those under way, if anybody counts them."""
        return None if self.policy.max_concurrent is None else self._stored.own.leases.new()

    def pick(
        self, model: Callable[[], str | None], now: float, home: EntryId | None = None
    ) -> Entry | None:
        """Choose an entry for a call, or none; `model` is asked for when it matters."""
        self.follow()  # spec: store.others-changes+2, share.others-changes+1
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
        view = self._stored.view
        if view.watches and last != entry.id and (found := [*begun(index.state, last, entry.id)]):
            self._listeners.tell(found, now)
        return entry

    def is_marked(self, entry: Entry) -> bool:
        """Whether a success with the entry is news, for its last reply was none."""
        return entry.id in self._stored.view.marked

    def heard(self, entry: Entry, headers: Mapping[str, str]) -> str | None:
        """Take what a reply tells of the entry's quota; return its owner when that is news."""
        view = self._stored.view
        self._stored.measured(entry, headers, self.clock.now())
        known = view.state.find(entry.id) or entry
        named = named_owner(headers, self.provider) if known.owner is None else None
        return named if named != known.learnt_owner else None

    def forget(self, entry: EntryId) -> None:
        """Forget the quota of a secret that an entry has no longer."""
        self._stored.telemetry.forget(entry)

    def unchosen(self, entry: Entry) -> None:
        """Note that a request goes out for which `choose` has counted nobody."""
        self._chooser.note(entry)

    def used(self, entry: Entry) -> None:
        """Note that a request goes out with the entry's secret."""
        self._stored.used(entry.id)  # spec: select.count+2

    def apply(self, event: Message, lease: Lease | None = None) -> Decision:
        """Decide, and make the decision durable when it changes hard state; `lease` goes along.

        Raises:
            StoreError: it could not be made durable, or the store cannot be read.
        """
        case = Case(event, lease, self.clock.now(), self._dice)
        self.follow()  # spec: oauth.single-flight.adopt+2
        self._decider.decide(case)
        return self._told(case)

    async def apply_async(self, event: Message, lease: Lease | None = None) -> Decision:
        """Decide as `apply` does; what has to be read or written does not hold up the event loop."""
        case = Case(event, lease, self.clock.now(), self._dice)
        if not self._stored.current or not self._decider.at_once(case):
            self._decider.put(case)
            return await self.aside(partial(self._settled, case))
        return self._told(case)

    def _settled(self, case: Case) -> Decision:
        self.follow()
        self._decider.settle(case)
        return self._told(case)

    def _told(self, case: Case) -> Decision:
        known, made = case.outcome()
        found = told(known, case.event, made, now=case.now)
        self._listeners.tell(found, case.now, message=case.event, action=made.action)
        return made
