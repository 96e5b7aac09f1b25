"""A pool that lives as long as the process: nothing is kept, so nothing is redacted."""

from collections.abc import Callable
from threading import Lock

from credpool.core.model import PoolState
from credpool.processes import PerProcess


class MemoryStore:
    """Hold one pool in memory, for any number of threads."""

    def __init__(self, state: PoolState) -> None:
        self._lock = PerProcess(Lock)
        self._state = state
        self._writes = 0

    def load(self) -> PoolState:
        """Return the pool."""
        return self._state

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Put the changed pool in place of the one there is, and return it."""
        with self._lock.value:
            changed = change(self._state)
            if changed != self._state:
                self._state = changed
                self._writes += 1
            return self._state

    def stamp(self) -> object:
        """Return what differs once the pool has changed."""
        return self._writes
