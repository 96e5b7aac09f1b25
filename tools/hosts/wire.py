"""Measure what the operations of the Redis store cost on a real server, for the simulation of hosts.

python -m tools.hosts.wire PORT, of an empty server on loopback that nobody else uses
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Final, TypeVar

import redis

from credpool.model.entry import Cooldown, Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.simulate.hosts.costs import PATH, SIZES
from credpool.stores import RedisStore
from credpool.stores.redis.server import Server
from credpool_conformance.json_values import Json
from tools.hosts.counters import Counters, Subscriber

_KEY: Final = "openai"
_MESSAGE: Final = "Rate limit reached for requests"
_REPEATED: Final = 2000
_LISTENERS: Final = 100
_COUNTED: Final = 1000
_SIZE: Final = 100
_READ: Final = 50
_RUNS: Final = 3

T = TypeVar("T")
Change = Callable[[PoolState], PoolState]


class _Metered(Server):
    """The store's own server, which writes down the cost of each question."""

    def __init__(self, port: int, counters: Counters) -> None:
        super().__init__(f"redis://127.0.0.1:{port}/0", "credpool", _KEY, 10.0)
        self.asked: list[tuple[str, dict[str, Json]]] = []
        self._counters = counters

    def number(self) -> bytes:
        """Ask for the number."""
        return self._noted("look", super().number)

    def read(self, since: int, epoch: str) -> Sequence[object]:
        """Read."""
        return self._noted("read", partial(super().read, since, epoch))

    def write(self, change: str) -> bool:
        """Write."""
        return self._noted("write", partial(super().write, change))

    def _noted(self, kind: str, ask: Callable[[], T]) -> T:
        found: list[T] = []
        self.asked.append((kind, self._counters.cost(lambda: found.append(ask()))))
        return found[0]


class _Host:
    """A store of its own, whose questions are metered."""

    def __init__(self, port: int, counters: Counters) -> None:
        self.server = _Metered(port, counters)
        self.server.client.ping()  # the connection is there before anything is measured
        self.store = RedisStore("redis://127.0.0.1", _KEY, fingerprint_key=b"measured")
        self.store._server = self.server  # noqa: SLF001  the store's own steps are metered

    def does(self, step: Callable[[], object]) -> list[tuple[str, dict[str, Json]]]:
        """Take a step, and return what it has asked the server."""
        self.server.asked.clear()
        step()
        return [*self.server.asked]

    def writes(self, change: Change) -> dict[str, Json]:
        """Make a change, and return what its writing costs: it is read, written, and read."""
        asked = self.does(lambda: self.store.update(change))
        assert [kind for kind, _ in asked] == ["read", "write", "read"], asked
        return asked[1][1]

    def reads(self) -> dict[str, Json]:
        """Read what is news, and return what that costs."""
        ((_, cost),) = self.does(self.store.load)
        return cost


def measured(port: int, size: int) -> dict[str, Json]:
    """Return what each operation costs with a pool of so many entries, on an empty server."""
    counters = Counters(port)
    here, other = _Host(port, counters), _Host(port, counters)
    entries = tuple(map(_entry, range(size)))
    other.store.update(lambda state: replace(state, entries=entries))
    every = range(size)
    found: dict[str, Json] = {"read all": here.reads(), "read nothing": here.reads()}
    for name, change in {
        "counts of one entry": _counted([0]),
        "counts of all": _counted(every),
        "a change of one entry": _cooled([0], 0),
        "a change of all": _cooled(every, 1),
    }.items():
        found[f"write {name}"] = other.writes(change)
        found[f"read {name}"] = here.reads()
    found["write refused"] = _refused(here, other)
    found["ask for the number"] = here.does(here.server.number)[0][1]
    found["hear a notice"] = _notice(port, other)
    found["connect"] = counters.cost(partial(_connect, port))
    counters.close()
    for host in (here, other):
        host.server.client.close()
    return found


def _entry(n: int) -> Entry:
    """Return a key that each host has in its environment, as most shared pools have them."""
    secret = Secret(f"sk-made-up-{n:04}")
    return Entry(
        id=EntryId(f"{n:012x}"),
        label=f"key-{n:04}",
        secret=secret,
        reference=f"env:OPENAI_API_KEY_{n:04}",
        borrowed=True,
    )


def _counted(places: Sequence[int]) -> Change:
    """Return the change that adds the requests of a process, spread over some entries."""

    def change(state: PoolState) -> PoolState:
        each = max(_COUNTED // len(places), 1)
        found = (state.entries[n] for n in places)
        return state.change({e.id: replace(e, request_count=e.request_count + each) for e in found})

    return change


def _cooled(places: Sequence[int], nth: int) -> Change:
    """Return the change that lets some entries cool down."""

    def change(state: PoolState) -> PoolState:
        since = 1_800_000_000.123 + nth
        cooldown = Cooldown(
            failure=FailureClass.RATE_LIMITED,
            since=since,
            until=since + 3600,
            code=429,
            reason="rate_limit_error",
            message=_MESSAGE,
        )
        return state.change(
            {e.id: replace(e, cooldown=cooldown) for e in (state.entries[n] for n in places)}
        )

    return change


def _refused(here: _Host, other: _Host) -> dict[str, Json]:
    """Return what a write costs that somebody else was quicker than."""
    turns = iter([_cooled([1], 2)])

    def slow(state: PoolState) -> PoolState:
        for quicker in turns:
            other.store.update(quicker)
        return _cooled([0], 3)(state)

    asked = here.does(lambda: here.store.update(slow))
    assert [kind for kind, _ in asked] == ["read", "write", "read", "write", "read"], asked
    return asked[1][1]


def _notice(port: int, other: _Host) -> dict[str, Json]:
    """Return what each subscriber is sent for a change."""
    listener = Subscriber(port, other.server.keys[0])
    other.store.update(_cooled([0], 4))
    length = listener.heard()
    listener.close()
    return {"commands": {}, "within": {}, "in": 0, "out": length}


def _connect(port: int) -> None:
    """Connect as a host does: once to hear, and once to ask."""
    server = Server(f"redis://127.0.0.1:{port}/0", "credpool", _KEY, 10.0)
    told = server.client.pubsub()  # type: ignore[no-untyped-call]
    told.subscribe(server.keys[0])
    told.get_message(timeout=10)
    server.number()
    told.close()
    server.client.close()


def seconds(port: int) -> Mapping[str, float]:
    """Return how long the server's one thread, and a host, work for each operation, in microseconds.

    The times are this machine's: they are parameters of the simulation, and no test compares them.
    """
    counters = Counters(port)
    here, other = (RedisStore(f"redis://127.0.0.1:{port}/0", _KEY, secrets=True) for _ in range(2))
    other.update(lambda state: replace(state, entries=tuple(map(_entry, range(_SIZE)))))
    here.load()

    def each(step: Callable[[int], object], times: int = _REPEATED) -> float:
        before = counters.cpu()
        for n in range(times):
            step(n)
        return (counters.cpu() - before) / times * 1e6

    nothing = each(lambda _: here.load())
    reads = nothing * 2  # a change is read, written and read
    whole = each(lambda _: here._server.read(0, ""), 200)  # noqa: SLF001
    one = each(lambda n: other.update(_cooled([0], n))) - reads
    wide = each(lambda n: other.update(_cooled(range(_SIZE), n)), 100) - reads
    here.load()
    seen = here._seen  # noqa: SLF001
    more = each(lambda _: other.update(_counted(range(_SIZE))), 100) - reads
    counts = each(lambda _: here._server.read(seen.number, seen.epoch), 200)  # noqa: SLF001
    listeners = [Subscriber(port, f"credpool:{{{_KEY}}}:pool") for _ in range(_LISTENERS)]
    told = each(lambda n: other.update(_cooled([0], n)), 200) - reads - one
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
        **_host_seconds(here, other),
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
    rows = each(lambda n: _cooled(every, n))
    counts = each(lambda _: _counted(every))
    return {
        "host asks": nothing,
        "host reads a row": (rows - nothing) / _SIZE,
        "host reads a count": (counts - nothing) / _SIZE,
    }


def main() -> int:
    """Measure, and write the table."""
    port = int(sys.argv[1])
    client = redis.Redis(port=port)
    found: dict[str, Json] = {}
    for size in SIZES:
        client.flushall()
        found[str(size)] = measured(port, size)
    runs = []
    for _ in range(_RUNS):
        client.flushall()
        runs.append(seconds(port))
    spent = {name: round(min(run[name] for run in runs), 2) for name in runs[0]}
    server = str(client.info("server")["redis_version"])
    document = {"version": 1, "server": server, "microseconds": spent, "entries": found}
    Path(PATH).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
