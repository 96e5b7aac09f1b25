"""The pool as a user holds it (spec: pools, selection). `_engine` does the work.

A healthy call neither reads the store nor writes it.
"""

import random
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Final, Self, TypeVar

from credpool._engine.engine import Engine
from credpool._engine.listening import Listener
from credpool._engine.view import Store
from credpool.clock import Clock, SystemClock
from credpool.events.summary import summary
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.exhaustion import Exhaustion
from credpool.model.messages import Grant, Reset
from credpool.model.policy import Policy, Strategy
from credpool.model.state import PoolState
from credpool.providers import registry
from credpool.rules.cooldown import exhaustion
from credpool.rules.given import check_part, check_policy, checked_url, entries_given, entries_of
from credpool.rules.select import available
from credpool.rules.targets import resolve
from credpool.stores.memory import MemoryStore

__all__ = ["Listener", "Pool", "Store"]

T = TypeVar("T")

_A_STORE: Final = "give a store, such as JsonFileStore(path, key), or use Pool.open(key, path=…)"
_A_CLOCK: Final = "give an object with now(), sleep() and sleep_async(), or none for the machine's"


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
            BadInput: the store, the clock or the base URL is none.
            StoreError: the store cannot be read.
            UnknownProvider: the registry has no such provider.
        """
        checked_url("base_url", base_url)
        check_part("store", store, "load", "update", "stamp", fix=_A_STORE)
        if clock is not None:
            check_part("clock", clock, "now", "sleep", fix=_A_CLOCK)
        self._engine = Engine(
            store,
            clock if clock is not None else SystemClock(),
            dice,
            lender or (lambda _: None),
            base_url,
        )

    def __repr__(self) -> str:
        engine: Engine | None = getattr(self, "_engine", None)  # an error may show it half opened
        return (
            "<Pool: not open>" if engine is None else summary(engine.known, now=engine.clock.now())
        )

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
        from credpool.seed.open import open_pool, take_up  # noqa: PLC0415  not always needed

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
            BadInput: the keys are not a list of different keys, or the base URL is none.
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
            BadInput: one is not an entry, or two have one id.
        """
        check_policy(policy)
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
        return self._engine.policy

    @property
    def key(self) -> str:
        """The pool's key in its store."""
        return self._engine.key

    @property
    def state(self) -> PoolState:
        """The pool as it is now, request counts included. Looking changes nothing."""
        return self._engine.state

    def exhaustion(self, model: str | None = None) -> Exhaustion | None:
        """Return why nothing is available and until when, or None while something is."""
        state, now = self.state, self._engine.clock.now()
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
        self._engine.apply(Reset(entry.id if entry is not None else None))

    def choose_by(self, strategy: Strategy) -> None:
        """Choose by another strategy, from the next selection on and while the pool is open."""
        self._engine.choose_by(strategy)

    def listen(self, listener: Listener) -> None:
        """Tell a listener what happens from now on; what it raises, the call raises.

        It is called before the call goes on, and after what it is told of has become durable: in
        the thread of the call; for what a refresh brings in the refresh's own thread; and for an
        asynchronous call that had to read or to write in the pool's thread. It always has the
        context variables of the call.

        Raises:
            BadInput: it cannot be called.
        """
        check_part("listener", listener, "__call__", fix="give a function that takes an event")
        self._engine.listen(listener)

    def flush(self) -> None:
        """Make the request counts durable.

        Raises:
            StoreError: they could not be written; they are kept in memory.
        """
        self._engine.flush()

    def close(self) -> None:
        """Make the request counts durable, and end the pool's thread.

        The end of the process does so by itself; a program that opens many pools need not wait for
        it. `with Pool.open("openai") as pool:` closes the pool too. One that is used again goes on.

        Raises:
            StoreError: the counts could not be written; they are kept in memory.
        """
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def engine_of(pool: Pool) -> Engine:
    """Return what is behind a pool, for the modules of this library.

    Raises:
        BadInput: it is no pool.
    """
    engine: object = getattr(pool, "_engine", None)
    if not isinstance(engine, Engine):
        kind = type(pool).__name__
        raise BadInput(f"this is no Pool, but of type {kind}; open one: Pool.open('openai')")
    return engine
