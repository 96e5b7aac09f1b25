"""A store that a test watches and holds up. Not for use in production."""

from collections.abc import Callable, Sequence
from threading import Event, Lock, current_thread
from typing import Final

from credpool.model.entry import Entry
from credpool.model.errors import StoreUnreadable, StoreUnwritable
from credpool.model.policy import Strategy
from credpool.model.state import PoolState
from credpool.stores.memory import MemoryStore

_GIVE_UP: Final = 60
"""Seconds of real time, which only a broken run takes."""


class FakeStore:
    """A store that notes who used it, and can hold back a reading or an update, or refuse them."""

    def __init__(self, entries: Sequence[Entry], strategy: Strategy = Strategy.FILL_FIRST) -> None:
        state = PoolState(
            key="openai", provider="openai", entries=tuple(entries), strategy=strategy
        )
        self._store = MemoryStore(state)
        self.loads: list[str] = []
        self.updates: list[str] = []
        self.reading, self.writing = Event(), Event()
        self.written = Event()
        self.may_read, self.may_write, self.may_return = Event(), Event(), Event()
        self.may_read.set()
        self.may_write.set()
        self.may_return.set()
        self.asked = 0
        self.unreadable = self.unwritable = False
        self._lock = Lock()
        self.refuses: Callable[[PoolState], bool] = lambda _: False

    def load(self) -> PoolState:
        """Return the pool, once that is allowed."""
        self.loads.append(current_thread().name)
        self.reading.set()
        assert self.may_read.wait(_GIVE_UP), "nobody let it read"
        if self.unreadable:
            raise StoreUnreadable("memory", "torn", "correct it")
        return self._store.load()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool, once that is allowed."""
        self.updates.append(current_thread().name)
        self.writing.set()
        assert self.may_write.wait(_GIVE_UP), "nobody let it write"
        if self.unwritable:
            raise StoreUnwritable("memory", "refused", "let it write")

        def allowed(state: PoolState) -> PoolState:
            changed = change(state)
            if self.refuses(changed):
                raise StoreUnwritable("memory", "refused", "let it write")
            return changed

        stored = self._store.update(allowed)
        self.written.set()
        assert self.may_return.wait(_GIVE_UP), "nobody let it return"
        return stored

    def stamp(self) -> object:
        """Return what differs once the pool has changed."""
        with self._lock:
            self.asked += 1
        return self._store.stamp()

    def by_another(self, change: Callable[[PoolState], PoolState]) -> None:
        """Change the pool as another process would."""
        self._store.update(change)

    @property
    def stored(self) -> PoolState:
        """The pool as it is kept."""
        return self._store.load()
