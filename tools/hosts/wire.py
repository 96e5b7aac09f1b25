"""Measure what the operations of the Redis store cost on a real server, for the simulation of hosts.

python -m tools.hosts.wire PORT, of an empty server on loopback that nobody else uses
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import redis

from credpool.model.state import PoolState
from credpool.simulate.hosts.costs import PATH, SIZES
from credpool.stores import RedisStore
from credpool.stores.redis.server import Server
from credpool_conformance.json_values import Json
from tools.hosts.changes import KEY, Change, cooled, counted, entry
from tools.hosts.counters import Counters, Subscriber
from tools.hosts.times import seconds

_RUNS: Final = 3

T = TypeVar("T")


class _Metered(Server):
    """The store's own server, which writes down the cost of each question."""

    def __init__(self, port: int, counters: Counters) -> None:
        super().__init__(f"redis://127.0.0.1:{port}/0", "credpool", KEY, 10.0)
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
        self.store = RedisStore("redis://127.0.0.1", KEY, fingerprint_key=b"measured")
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
    entries = tuple(map(entry, range(size)))
    other.store.update(lambda state: replace(state, entries=entries))
    every = range(size)
    found: dict[str, Json] = {"read all": here.reads(), "read nothing": here.reads()}
    for name, change in {
        "counts of one entry": counted([0]),
        "counts of all": counted(every),
        "a change of one entry": cooled([0], 0),
        "a change of all": cooled(every, 1),
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


def _refused(here: _Host, other: _Host) -> dict[str, Json]:
    """Return what a write costs that somebody else was quicker than."""
    turns = iter([cooled([1], 2)])

    def slow(state: PoolState) -> PoolState:
        for quicker in turns:
            other.store.update(quicker)
        return cooled([0], 3)(state)

    asked = here.does(lambda: here.store.update(slow))
    assert [kind for kind, _ in asked] == ["read", "write", "read", "write", "read"], asked
    return asked[1][1]


def _notice(port: int, other: _Host) -> dict[str, Json]:
    """Return what each subscriber is sent for a change."""
    listener = Subscriber(port, other.server.keys[0])
    other.store.update(cooled([0], 4))
    length = listener.heard()
    listener.close()
    return {"commands": {}, "within": {}, "in": 0, "out": length}


def _connect(port: int) -> None:
    """Connect as a host does: once to hear, and once to ask."""
    server = Server(f"redis://127.0.0.1:{port}/0", "credpool", KEY, 10.0)
    told = server.client.pubsub()  # type: ignore[no-untyped-call]
    told.subscribe(server.keys[0])
    told.get_message(timeout=10)
    server.number()
    told.close()
    server.client.close()


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
