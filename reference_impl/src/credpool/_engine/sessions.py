"""The entry that last answered each session, for a while and in this process alone (spec: sharing)."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from credpool._process.forks import PerProcess
from credpool.model.terms import EntryId

MOST: Final = 10_000
"""How many sessions are remembered; the one that has been silent for longest is forgotten first."""


class Sessions:
    """The entry that keeps each session's prompt cache warm."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._homes: OrderedDict[str, tuple[EntryId, float]] = OrderedDict()
        self._lock = PerProcess(Lock)

    def home(self, session: str, now: float) -> EntryId | None:
        """Return the entry that has answered the session, unless that is too long ago."""
        entry, until = self._homes.get(session, (None, now))
        return entry if until > now else None  # spec: affinity.forgotten+2

    def settle(self, session: str, entry: EntryId, until: float) -> None:
        """Remember until then that the entry has answered the session."""
        with self._lock.value:
            self._homes[session] = (entry, until)
            self._homes.move_to_end(session)
            if len(self._homes) > self._most:
                self._homes.popitem(last=False)
