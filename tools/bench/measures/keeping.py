"""The cost of durable changes, ours and those of other processes, beside the least that is durable."""

from collections.abc import Iterator
from contextlib import ExitStack
from time import perf_counter

from tools.bench.figures import Figure, values
from tools.bench.setting import OURS, Setting
from tools.bench.worker import working


def changing(setting: Setting) -> Iterator[Figure]:
    """Let an entry cool, durably; and write, sync and replace the same bytes, or commit a row."""
    sizes = (3,) if setting.quick else (3, 1_000, 10_000)
    for store in ("file", "sqlite"):
        for size in sizes:
            with working(setting.ours) as worker:
                worker.open("change", entries=size, store=store, path=setting.path())
                worker.run(5)
                found = worker.run(setting.rounds(60, 40))
            beside = "a bare commit" if store == "sqlite" else "write, fsync and rename"
            yield Figure(
                id=f"change.{store}.{size}",
                subject=OURS,
                what=f"a durable change at {size:,} entries, {store}, over {beside}",
                values=values(found["pool"], found["bare"]),
            )
    for peer in setting.peer("Hermes Agent"):
        for size in sizes:
            with working(peer) as worker:
                worker.open("change", entries=size, store="file", path=setting.path())
                found = worker.run(min(size - 1, 10))
            what = f"a durable change at {size:,} entries, file, over write, fsync and rename"
            told = values(found["pool"], found["bare"])
            yield Figure(id=f"change.file.{size}", subject=peer.name, what=what, values=told)


def following(setting: Setting) -> Iterator[Figure]:
    """Take up what another process has changed, beside parsing all of it."""
    for store in ("file", "sqlite"):
        with working(setting.ours) as worker:
            worker.open("follow", entries=10_000, store=store, path=setting.path())
            worker.run(2)
            found = worker.run(setting.rounds(30, 9))
        told = values(found["pool"].told("took"), found["parse"])
        what = f"another's change of one in 10,000, {store}, over parsing all rows"
        yield Figure(id=f"follow.{store}.10000", subject=OURS, what=what, values=told)


def processes(setting: Setting) -> Iterator[Figure]:
    """Make hard changes in 8 processes at once, beside bare writers in 8 processes."""
    each = setting.rounds(100, 20)
    for store in ("file", "sqlite"):
        path = setting.path()
        with ExitStack() as all_:
            workers = [all_.enter_context(working(setting.ours)) for _ in range(8)]
            workers[0].open("fill", store=store, path=path, entries=800)
            workers[0].open("counted", store=store, path=path)
            before = workers[0].run(1)["sum"].facts[0]["sum"]
            took: dict[bool, float] = {}
            for bare in (False, True):
                beside = f"{path}.bare" if bare and store == "sqlite" else path
                for n, worker in enumerate(workers):
                    options = {"store": store, "path": beside, "entries": 800}
                    worker.open("write_many", seed=n, bare=bare, **options)
                begun = perf_counter()
                for worker in workers:
                    worker.begin(each)
                for worker in workers:
                    worker.end()
                took[bare] = perf_counter() - begun
            workers[0].open("counted", store=store, path=path)
            after = workers[0].run(1)["sum"].facts[0]["sum"]
        made = 8 * each
        told = {"rate": made / took[False], "beside_rate": made / took[True]}
        told |= {"ratio": took[False] / took[True], "lost": made - (after - before)}
        what = f"hard changes by 8 processes at 800 entries, {store}, over bare writers"
        yield Figure(id=f"processes.{store}", subject=OURS, what=what, values=told)


def stalling(setting: Setting) -> Iterator[Figure]:
    """Watch an event loop that sends, over 10,000 entries that another process changes."""
    for store in ("file",) if setting.quick else ("file", "sqlite"):
        path, seconds = setting.path(), 2.0 if setting.quick else 4.0
        with working(setting.ours) as worker, working(setting.ours) as other:
            options = {"entries": 10_000, "store": store, "path": path, "url": setting.url}
            worker.open("stall", seconds=seconds, **options)
            other.open("foreign", store=store, path=path)
            rounds = setting.rounds(5, 1)
            other.begin(round(rounds * 2 * seconds / 0.1), 0.1)
            found = worker.run(rounds)
            other.end()
        told = values(found["pool"].told("worst"), found["parse"])
        told["idle"] = values(found["idle"].told("worst"))["p50"]
        what = f"an event loop's longest stall, 10,000 entries, {store}, another process writing, over parsing all rows"
        yield Figure(id=f"stall.{store}.10000", subject=OURS, what=what, values=told)


def many_pools(setting: Setting) -> Iterator[Figure]:
    """Open one pool, and a thousand of one file, beside parsing the file."""
    for pools in (1, 100) if setting.quick else (1, 100, 1_000):
        with working(setting.ours) as worker:
            worker.open("many_pools", pools=pools, entries=3, path=setting.path())
            found = worker.run(3)
        told = values(found["pool"], found["parse"]) | {"each": found["pool"].wall[-1] / pools}
        told["each_ratio"] = told["ratio"] / pools
        what = f"open {pools:,} pools of one file, each over parsing the file"
        yield Figure(id=f"pools.{pools}", subject=OURS, what=what, values=told)
