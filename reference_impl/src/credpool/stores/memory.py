"""A pool that lives as long as the process: nothing is kept, so nothing is redacted."""

from collections.abc import Callable
from threading import Lock

from credpool._process.forks import PerProcess
from credpool.model.state import PoolState


class MemoryStore:
    """Hold one pool in memory, for any number of threads."""

    def __init__(self, state: PoolState) -> None:
        self._lock = PerProcess(Lock)
        # How often it was written, and what: replaced together, so that readers need no lock.
        self._stored = (0, state)

    def load(self) -> PoolState:
        """Return the pool."""
        return self._stored[1]

    def read(self) -> tuple[object, PoolState]:
        """Return the pool, and the stamp that it has."""
        return self._stored

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Put the changed pool in place of the one there is, and return it."""
        with self._lock.value:
            writes, state = self._stored
            changed = change(state)
            if changed != state:
                self._stored = (writes + 1, changed)
            return self._stored[1]

    def stamp(self) -> object:
        """Return what differs once the pool has changed."""
        return self._stored[0]
