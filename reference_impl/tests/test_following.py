"""A pool follows its store: what it knows, and the stamp of that, are one."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from credpool import Cooldown, Entry, EntryId, FailureClass, Pool, PoolState, Secret
from credpool.errors import StoreUnreadable
from credpool.pool import engine_of
from credpool.stores import JsonFileStore, MemoryStore

NOW = 1000.0
OUT = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=NOW, until=NOW + 86400)
A, B = (Entry(id=EntryId(n), secret=Secret(f"sk-{n}"), priority=p) for p, n in enumerate("ab"))


class SlowStore:
    """A store with no more than three methods, whose reading can be held up."""

    def __init__(self) -> None:
        self.stored = MemoryStore(PoolState(key="openai", provider="openai", entries=(A, B)))
        self.reached, self.released = Event(), Event()
        self.released.set()

    def load(self) -> PoolState:
        """Return the pool, once that is allowed."""
        self.reached.set()
        assert self.released.wait(timeout=10), "nobody released the reading"
        return self.stored.load()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool."""
        return self.stored.update(change)

    def stamp(self) -> object:
        """Return what differs once the pool has changed."""
        return self.stored.stamp()


def picked(pool: Pool) -> str:
    """Return the entry that a call would use."""
    entry = engine_of(pool).pick(lambda: None, NOW)
    assert entry is not None
    return entry.id


def test_nobody_selects_from_what_is_being_replaced() -> None:
    """While one thread reads what another process has learnt, no other thread uses the old state."""
    store = SlowStore()
    pool = Pool(store)
    before = picked(pool)
    store.update(lambda s: s.change({A.id: replace(A, cooldown=OUT)}))
    store.reached.clear()
    store.released.clear()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(picked, pool)
        assert store.reached.wait(timeout=10)
        second = threads.submit(picked, pool)
        store.released.set()
        found = [first.result(timeout=10), second.result(timeout=10)]

    assert before == "a"
    assert found == ["b", "b"]


def test_an_unreadable_store_is_an_error_until_it_is_readable(tmp_path: Path) -> None:
    """A file that somebody has torn is told to every call, and not to the first alone."""
    path = tmp_path / "auth.json"
    JsonFileStore(path, "openai").update(lambda s: replace(s, entries=(A, B)))
    pool, whole = Pool(JsonFileStore(path, "openai")), path.read_text()
    before = picked(pool)

    path.write_text(whole[: len(whole) // 2])
    for _ in range(3):
        with pytest.raises(StoreUnreadable):
            picked(pool)
    path.write_text(json.dumps({"credential_pool": {"openai": [{"id": "c", "access_token": "x"}]}}))

    assert before == "a"
    assert picked(pool) == "c"
