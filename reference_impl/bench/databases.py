"""A durable change in a SQLite database, over a bare commit of the same library in the same run.

    python databases.py write PATH COUNT SEED

is one of the processes that write at the same time.
"""

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from credpool import Entry, EntryId, Secret
from credpool.model.entry import Cooldown
from credpool.model.state import PoolState
from credpool.model.terms import FailureClass
from credpool.stores import SqliteStore

TIMES = 60
PROCESSES, EACH, MANY = 8, 150, 800
Change = Callable[[PoolState], PoolState]


def measured() -> Iterator[tuple[str, str, str, bool]]:
    """Yield each figure: what, how much, its budget, and whether it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        for size in (3, 100, 10_000):
            bare, ours = beside_a_commit(Path(folder, f"{size}.db"), size)
            what = f"a durable change in a database of {size:,}, over a commit"
            figure = f"{ours / bare:.2f} ({bare * 1e3:.2f} ms)"
            yield what, figure, "≤ 3", ours <= 3 * bare
        rate, bare_rate, lost = together(Path(folder))
        what = f"hard changes/s, {PROCESSES} processes, {MANY} entries (bare; lost)"
        yield what, f"{rate:.0f} ({bare_rate:.0f}; {lost})", "≥ 1000; 0", rate >= 1000 and not lost


def beside_a_commit(path: Path, size: int) -> tuple[float, float]:
    """Return the median of a bare commit and of a cooldown that is kept, in turn."""
    store, bare = filled(path, size), bare_at(path.with_suffix(".bare"))
    times = []
    for n in range(TIMES):
        begun = time.perf_counter()
        commit(bare, n)
        between = time.perf_counter()
        store.update(cooling(n % size, float(n)))
        times.append((between - begun, time.perf_counter() - between))
    bare.close()
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    return first, second


def together(folder: Path) -> tuple[float, float, int]:
    """Return how many changes a second several processes make, bare ones, and how many were lost."""
    store, bare = filled(folder / "together.db", MANY), bare_at(folder / "together.bare")
    bare.close()
    took = [at_once(verb, folder / name) for verb, name in WRITERS.items()]
    kept = sum(entry.request_count for entry in store.load().entries)
    made = PROCESSES * EACH
    return made / took[0], made / took[1], made - kept


WRITERS = {"write": "together.db", "bare": "together.bare"}


def at_once(verb: str, path: Path) -> float:
    """Return how long the processes took from the moment at which all may begin."""
    commands = [[sys.executable, __file__, verb, str(path), str(n)] for n in range(PROCESSES)]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    begun = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
    return time.perf_counter() - begun


def write(verb: str, path: str, seed: int) -> None:
    """Write as one of the processes."""
    store = SqliteStore(path, "openai", lock_timeout=60) if verb == "write" else None
    bare = None if store is not None else bare_at(Path(path))
    if store is not None:
        store.load()
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(EACH):
        if store is not None:
            store.update(counting((seed * 97 + n * 7) % MANY))
        elif bare is not None:
            commit(bare, n)


def filled(path: Path, size: int) -> SqliteStore:
    """Return a store of that many entries."""
    store = SqliteStore(path, "openai")
    many = [Entry(id=EntryId(f"e{n}"), secret=Secret(f"sk-{n:08}-{'x' * 30}")) for n in range(size)]
    store.update(lambda state: replace(state, entries=tuple(many)))
    return store


def bare_at(path: Path) -> sqlite3.Connection:
    """Return a connection to a database with one table, written ahead and synced."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT)")
    return connection


def commit(connection: sqlite3.Connection, n: int) -> None:
    """Commit a row of the length of an entry's."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("REPLACE INTO t VALUES (?, ?)", (n % 10, str(n).ljust(350)))
    connection.execute("COMMIT")


def cooling(at: int, since: float) -> Change:
    """Return the change that lets an entry cool, with a message that is to be redacted."""
    told = {"code": 429, "reason": "rate_limit", "message": f"You are out until {since + 60}"}
    cooldown = Cooldown(failure=FailureClass.RATE_LIMITED, since=since, until=since + 60, **told)  # type: ignore[arg-type]
    return lambda s: s.change({s.entries[at].id: replace(s.entries[at], cooldown=cooldown)})


def counting(at: int) -> Change:
    """Return the change that counts a request of an entry."""
    return lambda s: s.change(
        {s.entries[at].id: replace(s.entries[at], request_count=s.entries[at].request_count + 1)}
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        for what, figure, budget, kept in measured():
            print(f"{what:<64}{figure:>20}   {budget:<10}{'ok' if kept else 'OVER'}")
