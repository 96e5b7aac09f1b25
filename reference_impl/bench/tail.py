"""The tail of selecting: what the slowest calls of a healthy pool cost, and who wrote for them.

    python reference_impl/bench/tail.py [SRC ...]

Each SRC is a `src` folder of this library, this one if none is named: two of them are compared in
turn, in processes of their own.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

ENTRIES, CALLS, ROUNDS = 10_000, 30_000, 3
STRATEGIES = ("fill_first", "least_used")


def measured(strategy: str) -> str:
    """Return the percentiles of one selection, in microseconds, and whose thread wrote the file."""
    from credpool import Entry, Pool, Secret, Strategy  # noqa: PLC0415  of the SRC that was named
    from credpool._calls.call import ActiveCall  # noqa: PLC0415
    from credpool.model.terms import EntryId  # noqa: PLC0415
    from credpool.pool import engine_of  # noqa: PLC0415
    from credpool.stores import JsonFileStore  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store = JsonFileStore(Path(folder, "auth.json"), "openai", strategy=Strategy(strategy))
        entries = tuple(
            Entry(id=EntryId(f"e{n}"), secret=Secret(f"sk-bench-{n:08d}"), priority=n)
            for n in range(ENTRIES)
        )
        store.update(lambda state: replace(state, entries=entries))
        pool = Pool(store)
        writers: list[str] = []
        here = threading.current_thread().name

        def watch(event: str, args: tuple[object, ...]) -> None:
            if event == "os.rename" and "auth.json" in str(args[0]):
                writers.append("caller" if threading.current_thread().name == here else "other")

        sys.addaudithook(watch)
        times = []
        for _ in range(CALLS):
            begun = time.perf_counter()
            call = ActiveCall(engine_of(pool), lambda: None)
            call.sending(call.start().entry)
            times.append((time.perf_counter() - begun) * 1e6)
            time.sleep(0)  # as a request does: others may run
        found = list(writers)
        pool.flush()
    times.sort()
    marks = [times[int(CALLS * q)] for q in (0.5, 0.99, 0.999)] + [times[-1]]
    shown = " ".join(f"{mark:>10.1f}" for mark in marks)
    mean = sum(times) / CALLS
    return f"{shown} {mean:>10.1f}   writes: {found.count('caller')} by the caller, {found.count('other')} by others"


def main(sources: list[str]) -> None:
    """Print a line for each source, strategy and round."""
    heads = ("p50", "p99", "p99.9", "max", "mean")
    print(f"{'µs':<34}" + " ".join(f"{head:>10}" for head in heads))
    for strategy in STRATEGIES:
        for _ in range(ROUNDS):
            for n, source in enumerate(sources):
                environment = {**os.environ, "PYTHONPATH": source}
                program = [sys.executable, __file__, "--one", strategy]
                done = subprocess.run(
                    program, env=environment, capture_output=True, text=True, check=True
                )
                print(f"{strategy:<12} source {n + 1:<14} {done.stdout.rstrip()}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(measured(sys.argv[2]))
    else:
        main(sys.argv[1:] or [str(Path(__file__).parents[1] / "src")])
