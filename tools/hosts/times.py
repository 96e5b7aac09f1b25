"""Measure how long the server's one thread, and a host, work for each operation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import process_time
from typing import Final

from credpool.stores import RedisStore
from tools.hosts.changes import KEY, Change, cooled, counted, entry
from tools.hosts.counters import Counters, Subscriber

_REPEATED: Final = 2000
_LISTENERS: Final = 100
_SIZE: Final = 100
_READ: Final = 50


def seconds(port: int) -> Mapping[str, float]:
    """Return how long the server's one thread, and a host, work for each operation, in microseconds.

    The times are this machine's: they are parameters of the simulation, and no test compares them.
    """
    here, other = (RedisStore(f"redis://127.0.0.1:{port}/0", KEY, secrets=True) for _ in range(2))
    other.update(lambda state: replace(state, entries=tuple(map(entry, range(_SIZE)))))
    here.load()
    counters = Counters(port)
    found = {**_server_seconds(port, here, other, counters), **_host_seconds(here, other)}
    counters.close()
    return found


def _server_seconds(
    port: int, here: RedisStore, other: RedisStore, counters: Counters
) -> Mapping[str, float]:
    """Return how long the server's thread works, in microseconds."""

    def each(step: Callable[[int], object], times: int = _REPEATED) -> float:
        before = counters.cpu()
        for n in range(times):
            step(n)
        return (counters.cpu() - before) / times * 1e6

    nothing = each(lambda _: here.load())
    reads = nothing * 2  # a change is read, written and read
    whole = each(lambda _: here._server.read(0, ""), 200)  # noqa: SLF001
    one = each(lambda n: other.update(cooled([0], n))) - reads
    wide = each(lambda n: other.update(cooled(range(_SIZE), n)), 100) - reads
    here.load()
    seen = here._seen  # noqa: SLF001
    more = each(lambda _: other.update(counted(range(_SIZE))), 100) - reads
    counts = each(lambda _: here._server.read(seen.number, seen.epoch), 200)  # noqa: SLF001
    listeners = [Subscriber(port, f"credpool:{{{KEY}}}:pool") for _ in range(_LISTENERS)]
    told = each(lambda n: other.update(cooled([0], n)), 200) - reads - one
    for listener in listeners:
        listener.close()
    return {
        "ask for the number": each(lambda _: here._server.number()),  # noqa: SLF001
        "read": nothing,
        "read a row": (whole - nothing) / _SIZE,
        "read a count": (counts - nothing) / _SIZE,
        "write": one,
        "write a row": (wide - one) / _SIZE,
        "write a count": (more - one) / _SIZE,
        "notice": told / _LISTENERS,
    }


def _host_seconds(here: RedisStore, other: RedisStore) -> Mapping[str, float]:
    """Return how long a host works on an answer, in microseconds of its process."""

    def each(change: Callable[[int], Change]) -> float:
        here.load()
        spent = 0.0
        for n in range(_READ):
            other.update(change(n))
            before = process_time()
            here.load()
            spent += process_time() - before
        return spent / _READ * 1e6

    every = range(_SIZE)
    nothing = each(lambda _: lambda state: state)
    rows = each(lambda n: cooled(every, n))
    counts = each(lambda _: counted(every))
    return {
        "host asks": nothing,
        "host reads a row": (rows - nothing) / _SIZE,
        "host reads a count": (counts - nothing) / _SIZE,
    }
