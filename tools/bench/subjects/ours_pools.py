"""Pools of this library, as the tasks of the bench need them."""

from dataclasses import replace

from talk import key

from credpool import Entry, Pool, Secret, Strategy
from credpool._calls.call import ActiveCall
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.stores import JsonFileStore, MemoryStore, SqliteStore

STORES = {"file": JsonFileStore, "sqlite": SqliteStore}


def entry(n, **more):
    more = {"priority": n, "label": f"entry {n}"} | more
    return Entry(id=EntryId(f"e{n:08d}"), secret=Secret(key(n)), **more)


def filled(store, entries, path, strategy="fill_first", **more):
    """Return a store with that many entries."""
    many = tuple(entry(n, **more) for n in range(entries))
    if store == "memory":
        state = Pool.from_entries("openai", many, strategy=strategy).state
        return MemoryStore(state)
    kept = STORES[store](path, "openai", strategy=Strategy(strategy), lock_timeout=60)
    kept.update(lambda state: replace(state, entries=many))
    return kept


def chooser(pool):
    """Return what chooses an entry and counts its request, as a call does that goes well."""
    engine = engine_of(pool)

    def choose():
        call = ActiveCall(engine, lambda: None)
        call.sending(call.start().entry)

    return choose


def pool_at(url, path, entries=3):
    store = filled("file", entries, path, base_url=f"{url}/v1")
    return Pool(store)
