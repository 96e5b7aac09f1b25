"""Tasks of choosing, for which nothing is sent."""

import json
import resource
import time
from dataclasses import replace
from pathlib import Path

from ours_pools import chooser, entry, filled
from talk import at_once, parse_row, row

from credpool import Pool, events
from credpool._calls.call import ActiveCall
from credpool.model.terms import Payer
from credpool.pool import engine_of
from credpool.stores import JsonFileStore


def select(entries, strategy="fill_first", store="memory", path=None, payers=False):
    """Choose; beside it, parse one entry's row."""
    pool = Pool(filled(store, entries, path, strategy))
    if payers:
        mixed = tuple(
            replace(e, payer=(Payer.METERED, Payer.SUBSCRIPTION)[n % 2])
            for n, e in enumerate(pool.state.entries)
        )
        pool = Pool.from_entries("openai", mixed, strategy=strategy)
    return {"pool": chooser(pool), "row": parse_row()}


def select_threads(entries, path, store="file", threads=64, each=50):
    """Choose in many threads at once."""
    choose = chooser(Pool(filled(store, entries, path)))

    def some():
        for _ in range(each):
            choose()

    return {"pool": lambda: {"errors": len(at_once(some, threads))}}


def many_pools(pools, entries, path):
    """Open that many pools of one file, after each reads it; beside it, parse the file whole."""
    rows = [*map(row, range(entries))]
    Path(path).write_text(
        json.dumps({"version": 1, "credential_pool": {f"custom:p{n}": rows for n in range(pools)}})
    )
    text = Path(path).read_text("utf-8")

    def opened():
        for n in range(pools):
            Pool(JsonFileStore(path, f"custom:p{n}"), base_url="http://127.0.0.1:1/v1")

    return {"pool": opened, "parse": lambda: json.loads(text) and None}


def model_names(names, path):
    """Choose for that many invented names of models; tells the memory that it took."""
    pool = Pool(filled("memory", 100, path))
    engine, places = engine_of(pool), iter(range(100_000_000))

    def some():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter_ns()
        for _ in range(names):
            name = f"model-{next(places)}"
            call = ActiveCall(engine, lambda name=name: name)
            call.sending(call.start().entry)
        took = time.perf_counter_ns() - begun
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return {"grown": grown * 1024, "each": took / names}

    return {"pool": some}


def lag(requests, path):
    """Send that many requests while somebody reads the state; tells how many are not stored."""
    store = filled("file", 3, path)
    pool = Pool(store)
    choose = chooser(pool)

    def some():
        before = sum(e.request_count for e in store.load().entries)
        for n in range(requests):
            choose()
            if n % 100 == 0:
                assert pool.state
        for _ in range(2):  # what was asked for by now is done
            engine_of(pool)._stored.own.submit(lambda: None).result()
        stored = sum(e.request_count for e in store.load().entries)
        return {"unstored": requests - (stored - before)}

    return {"pool": some}


def payers(calls, path):
    """Choose among two payers in turn; tells how often a change of payer was told."""
    mixed = [entry(0, payer=Payer.METERED), entry(1, payer=Payer.SUBSCRIPTION)]
    pool = Pool.from_entries("openai", mixed, strategy="round_robin")
    told = []
    pool.listen(told.append)
    choose = chooser(pool)

    def some():
        for _ in range(calls):
            choose()
        return {"told": sum(isinstance(one, events.PayerChanged) for one in told)}

    return {"pool": some}
