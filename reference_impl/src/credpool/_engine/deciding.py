"""Decisions about events: made at once, or durably and together with others (spec: recovery).

An event that changes nothing hard is decided on what is known, and writes nothing. Of threads that
have to write at the same time, one writes for all; each gets its own decision, and its own error.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from credpool._engine.leases import Lease
from credpool._engine.stored_pool import StoredPool
from credpool._engine.view import Glance
from credpool._process.forks import PerProcess
from credpool.model.errors import StoreError
from credpool.model.messages import Decision, Message, Refresh, Send, Wait
from credpool.model.policy import Strategy
from credpool.model.state import PoolState
from credpool.rules.decide import decide
from credpool.rules.select import BY_COUNT


class Case:
    """An event, and what came of it."""

    def __init__(
        self, event: Message, lease: Lease | None, now: float, dice: Callable[[], float]
    ) -> None:
        self.event, self.lease, self.now = event, lease, now
        self.glance: Glance | None = None
        self.known: PoolState | None = None
        self.made: Decision | None = None
        self.done = False
        self.error: StoreError | None = None
        self._dice = dice
        self._draw: float | None = None

    def decide(self, known: PoolState) -> Decision:
        """Decide on a state; decided again on another one, it uses the same draw."""
        if known is self.known and self.made is not None:
            return self.made
        made = decide(known, self.event, now=self.now, draw=self._draw or 0.0)
        if made.selected and known.strategy is Strategy.RANDOM and self._draw is None:
            self._draw = self._dice()  # only now is it known that one is needed
            made = decide(known, self.event, now=self.now, draw=self._draw)
        self.known, self.made = known, made
        return made

    def outcome(self) -> tuple[PoolState, Decision]:
        """Return what was decided, and on which state.

        Raises:
            StoreError: it could not be made durable.
        """
        if self.error is not None:
            raise self.error  # spec: store.loud+2
        assert self.known is not None, "whoever asks has had it decided"
        assert self.made is not None, "the same"
        return self.known, self.made


class Decider:
    """Decides for one pool."""

    def __init__(self, stored: StoredPool) -> None:
        self._stored = stored
        self._waiting: PerProcess[deque[Case]] = PerProcess(deque)

    def decide(self, case: Case) -> None:
        """Decide a case, at once or durably."""
        if not self.at_once(case):
            self.put(case)
            self._durably(case)

    def at_once(self, case: Case) -> bool:
        """Decide on what is known, and return whether that was enough: nothing hard changes."""
        stored = self._stored
        with stored.own.mutex:
            case.glance = stored.glance()
            made = case.decide(case.glance.state)
            if made.changes(case.glance.state):
                return False
            self._move(case, made)
            self._settle(made)
            case.done = True
            return True

    def put(self, case: Case) -> None:
        """Let a case wait for a decision that is durable; whoever writes next may take it along."""
        self._waiting.value.append(case)

    def settle(self, case: Case) -> None:
        """Decide a case that was put, at once if that is enough by now."""
        try:
            self._waiting.value.remove(case)
        except ValueError:  # somebody has taken it along
            self._durably(case)
        else:
            self.decide(case)

    def _durably(self, case: Case) -> None:
        """Decide a case that was put on what the store has, and keep what changes."""
        with self._stored.own.writing:
            if case.done:
                return  # whoever held the lock has taken it along
            together: list[Case] = []
            with suppress(IndexError):  # there are no more
                while True:
                    together.append(self._waiting.value.popleft())
            self._commit(together if case in together else [case, *together])

    def _commit(self, cases: Sequence[Case]) -> None:
        """Decide cases in one change, each on what the ones before it have left."""
        reached = False

        def change(state: PoolState) -> PoolState:
            nonlocal reached
            reached = True
            for case in cases:
                made = case.decide(state)
                self._move(case, made)
                state = self._with_leases(made.state)
            return state

        try:
            self._stored.commit(change, cases[0].glance)
        except StoreError as err:
            if reached and len(cases) > 1:  # one of them may be at fault, and the others are not
                for case in cases:
                    self._commit([case])
                return
            for case in cases:
                case.error, case.done = (err if len(cases) == 1 else _own(err)), True
            return
        for case in cases:
            with self._stored.own.mutex:
                self._settle(case.outcome()[1])
            case.done = True

    def _with_leases(self, state: PoolState) -> PoolState:
        if state.policy.max_concurrent is None:
            return state
        return replace(state, leases=self._stored.own.leases.counts())

    def _move(self, case: Case, made: Decision) -> None:
        """Let the call count for the entry that it goes on with."""
        if case.lease is not None and isinstance(made.action, Send | Wait | Refresh):
            self._stored.own.leases.move(case.lease, made.action.entry.id)

    def _settle(self, made: Decision) -> None:
        """Note whom the strategy has chosen."""
        if made.selected:
            self._stored.last = made.state.last
        if made.state.strategy in BY_COUNT:
            self._stored.view.indexes.clear()  # this choice was not theirs


def _own(err: StoreError) -> StoreError:
    """Return an error of the same content, for one of several threads."""
    mine = type(err).__new__(type(err), *err.args)
    mine.__dict__.update(err.__dict__)
    mine.__cause__ = err
    return mine
