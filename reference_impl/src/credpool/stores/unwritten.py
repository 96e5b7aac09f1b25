"""Changes of a pool whose file cannot be written: they live as long as the process (spec: storage).

What a person asks for and what a token endpoint gives is not held: losing it later would be worse
than refusing it now. So no login of such a file is renewed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Final

from credpool._process.forks import PerProcess
from credpool.model.entry import Cooldown, Entry
from credpool.model.state import PoolState
from credpool.model.terms import EntryId

_LEARNT: Final = (
    *("cooldown", "models", "marked", "probed_at"),
    *("request_count", "learnt_owner"),
)


@dataclass(frozen=True, slots=True)
class _Learnt:
    """The learnt changes, their number, and the entries of the file that they are about."""

    writes: int
    of: Mapping[EntryId, Entry]
    entries: Mapping[EntryId, Entry]


class MustBeWritten(Exception):
    """A change is of a kind that has to be durable."""


class Unwritten:
    """The changes that a process has learnt of a pool, laid over the file's state."""

    def __init__(self) -> None:
        self._lock = PerProcess(Lock)
        # Replaced whole, so that readers need no lock.
        self._stored = _Learnt(0, MappingProxyType({}), MappingProxyType({}))
        self._shown: tuple[PoolState, _Learnt, PoolState] | None = None
        self._used = False

    def first_use(self) -> bool:
        """Return whether nobody has asked before."""
        used, self._used = self._used, True
        return not used

    @property
    def writes(self) -> int:
        """How often something was learnt."""
        return self._stored.writes

    @property
    def held(self) -> Mapping[EntryId, tuple[Entry, Entry]]:
        """The entries of which something was learnt: as they are kept, and as they are known."""
        stored = self._stored
        return {i: (stored.of[i], e) for i, e in stored.entries.items() if i in stored.of}

    def written(self) -> None:
        """Forget what was learnt: it is kept now."""
        writes = self._stored.writes + bool(self._stored.entries)
        self._stored = _Learnt(writes, MappingProxyType({}), MappingProxyType({}))

    def over(self, state: PoolState) -> PoolState:
        """Return the pool with what was learnt; of an entry that the file has changed, nothing."""
        stored, last = self._stored, self._shown
        if last is not None and last[0] is state and last[1] is stored:
            return last[2]
        shown = {entry.id: entry for entry in state.entries}
        for entry_id, entry in stored.entries.items():
            if stored.of.get(entry_id) == shown.get(entry_id):
                shown[entry_id] = entry
        whole = replace(state, entries=tuple(map(_unrenewed, shown.values())))
        self._shown = (state, stored, whole)
        return whole

    def update(
        self,
        state: PoolState,
        change: Callable[[PoolState], PoolState],
        stored: Callable[[Entry], Entry],
    ) -> PoolState:
        """Learn what a change of the pool in the file says, and return the pool with it.

        Args:
            state: the pool as it is in the file.
            change: is called with the pool as it is shown.
            stored: returns what may be kept of an entry.

        Raises:
            NotHeld: the change is not of a kind that may be forgotten.
        """
        with self._lock.value:
            before = self.over(state)
            after = change(before)
            old = {entry.id: entry for entry in before.entries}
            news = {e.id: stored(e) for e in after.entries if old.get(e.id) is not e}
            news = {entry_id: e for entry_id, e in news.items() if old.get(entry_id) != e}
            gone = old.keys() - {entry.id for entry in after.entries}
            if gone or after.suppressed != before.suppressed:
                raise MustBeWritten
            if not all(_is_learnt(entry, old.get(entry.id)) for entry in news.values()):
                raise MustBeWritten
            if news:
                self._take(state, news)
            return self.over(state)

    def _take(self, state: PoolState, news: Mapping[EntryId, Entry]) -> None:
        there = {entry.id: entry for entry in state.entries if entry.id in news}
        known = self._stored
        of = {i: e for i, e in known.of.items() if i not in news} | there
        self._stored = _Learnt(known.writes + 1, of, {**known.entries, **news})


def _is_learnt(new: Entry, old: Entry | None) -> bool:
    """Return whether a change of an entry is found again, or learnt again, when it is forgotten."""
    if new.borrowed:
        return True
    return old is not None and new == replace(old, **{n: getattr(new, n) for n in _LEARNT})


def _unrenewed(entry: Entry) -> Entry:
    """Return the entry without what would buy a token that nobody can keep."""
    if entry.refresh_token is None or entry.borrowed:
        return entry
    return replace(entry, refresh_token=None)


def merged(there: Entry, before: Entry, learnt: Entry) -> Entry:
    """Return an entry as it is kept now, with what was learnt of it as it was before.

    Counts are added up, of two cooldowns the one that ends later holds, and a reset stays.
    """
    count = there.request_count + learnt.request_count - before.request_count
    models = {**there.models}
    for name, told in learnt.models.items():
        if told != before.models.get(name):
            models[name] = _later(models.get(name), told)
    new = {
        name: getattr(learnt, name)
        for name in ("marked", "probed_at", "learnt_owner")
        if getattr(learnt, name) != getattr(before, name)
    }
    cooldown = there.cooldown
    if learnt.cooldown is not None and learnt.cooldown != before.cooldown:
        cooldown = _later(cooldown, learnt.cooldown)
    elif learnt.cooldown is None and cooldown == before.cooldown:
        cooldown = None
    return replace(there, request_count=count, models=models, cooldown=cooldown, **new)


def _later(there: Cooldown | None, learnt: Cooldown) -> Cooldown:
    return there if there is not None and there.until > learnt.until else learnt
