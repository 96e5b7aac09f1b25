"""Tasks of keeping: durable changes, and those of others."""

import json
import sqlite3
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from filelock import FileLock
from ours_pools import STORES, filled
from talk import put, row

from credpool import Pool
from credpool._calls.call import ActiveCall
from credpool.model.entry import Cooldown
from credpool.model.terms import FailureClass
from credpool.pool import engine_of
from credpool.providers.reply import Reply

REFUSAL = {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}}
NO_MONEY = Reply(429, {"content-type": "application/json"}, json.dumps(REFUSAL).encode())


def change(entries, store, path):
    """Bench an entry durably; beside it, the least that makes as much durable."""
    pool = Pool(filled(store, entries, path))
    engine, places = engine_of(pool), iter(range(1, 1_000_000))

    def bench():
        there = engine.known.entries[next(places) % entries]
        call = ActiveCall(engine, lambda: None)
        call.settle(call.failed(there, NO_MONEY))
        if not next(places) % entries // 2:
            pool.reset()

    if store == "sqlite":
        return {"pool": bench, "bare": commit(f"{path}.bare")}
    return {"pool": bench, "bare": partial(put(f"{path}.bare"), Path(path).read_bytes())}


def commit(path):
    """Return what commits one row of an entry's length."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT)")
    places = iter(range(1_000_000))

    def one():
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("REPLACE INTO t VALUES (?, ?)", (next(places) % 10, "x" * 350))
        connection.execute("COMMIT")

    return one


def follow(entries, store, path):
    """Take up another's change of one entry; beside it, parse the file whole."""
    writer, pool = filled(store, entries, path), Pool(STORES[store](path, "openai"))
    places = iter(range(1_000_000))
    text = json.dumps([*map(row, range(entries))])

    def look():
        label(writer, next(places) % entries)
        begun = time.perf_counter_ns()
        engine_of(pool).follow()
        return {"took": time.perf_counter_ns() - begun}

    return {"pool": look, "parse": lambda: json.loads(text) and None}


def label(store, n):
    new = f"entry {time.perf_counter_ns()}"

    def named(state):
        old = state.entries[n % len(state.entries)]
        return state.change({old.id: replace(old, label=new)})

    store.update(named)


def foreign(store, path):
    """Write as another process does: each round changes one entry."""
    kept, places = STORES[store](path, "openai"), iter(range(1_000_000))
    kept.load()
    return {"write": lambda: label(kept, next(places))}


def write_many(store, path, entries, seed, bare=False):
    """Make hard changes as one of several processes: each benches an entry, or lets it go."""
    if bare:
        return {"write": commit(path) if store == "sqlite" else locked_put(path)}
    kept = STORES[store](path, "openai", lock_timeout=60)
    kept.load()
    places = iter(range(seed * 97, 1_000_000, 7))

    def cool(state):
        old = state.entries[next(places) % entries]
        until = time.time() + 3600
        out = Cooldown(
            failure=FailureClass.OUT_OF_CREDIT, since=until - 3600, until=until, code=429
        )
        return state.change(
            {old.id: replace(old, cooldown=out, request_count=old.request_count + 1)}
        )

    return {"write": lambda: kept.update(cool) and None}


def locked_put(path):
    """Return what replaces a file of the same length under a lock, as any writer of it must."""
    lock, content, write = FileLock(f"{path}.lock"), Path(path).read_bytes(), put(f"{path}.bare")

    def one():
        with lock.acquire(poll_interval=0.002):
            write(content)

    return one


def counted(store, path):
    """Return the sum of the counts in a store."""
    kept = STORES[store](path, "openai")
    return {"sum": lambda: {"sum": sum(e.request_count for e in kept.load().entries)}}


def fill(store, path, entries):
    """Make a store; its one way does nothing."""
    filled(store, entries, path)
    return {"nothing": lambda: None}
