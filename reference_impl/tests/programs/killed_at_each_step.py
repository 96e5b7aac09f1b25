"""Kills a process at each step of a save, and prints what it left behind.

    python killed_at_each_step.py FILE [named]

A step is one bytecode instruction in what replaces the file, and one line elsewhere in the stores. Each process is a fork that ends itself by SIGKILL, so nothing can be tidied up. With `named`, files have names from the start, as on systems that have no others.
"""

import json
import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from credpool.stores import JsonFileStore, atomic, disk

STORES = str(Path(disk.__file__).parent)


def change(state):
    """Count one request of the first entry."""
    first = state.entries[0]
    return state.change({first.id: replace(first, request_count=first.request_count + 1)})


def ends_at(step):
    """Return a tracer that kills this process at that step."""
    left = step

    def inside(frame, event, _):
        nonlocal left
        if event in ("line", "opcode", "return"):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return inside

    def tracer(frame, event, argument):
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if not file.startswith((STORES, atomic.__file__)):
            return None
        if file == atomic.__file__ or (file == disk.__file__ and name in ("replace", "_settle")):
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return inside(frame, event, argument)

    return tracer


def left_behind(path, before):
    """Say what the file holds: the old pool, the new one, or neither."""
    found = JsonFileStore(path, "openai").load().entries[0].request_count
    return {before: "old", before + 1: "new"}.get(found, f"{found} where {before} was")


def main(path, named=""):
    """Kill one save after the other, each a step later, until one is not killed."""
    if named:
        atomic._UNNAMED = 0  # noqa: SLF001
    outcomes, step, copies = Counter(), 0, Counter()
    store = JsonFileStore(path, "openai")
    while True:
        before = store.load().entries[0].request_count
        child = os.fork()
        if child == 0:
            mine = JsonFileStore(path, "openai", lock_timeout=5)
            sys.settrace(ends_at(step))
            mine.update(change)
            sys.settrace(None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        left = [file for file in Path(path).parent.iterdir() if file.suffix == ".tmp"]
        copies[len(left)] += 1
        if os.WIFEXITED(status):
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        outcomes[left_behind(path, before)] += 1
        step += 1
    modes = sorted({oct(file.stat().st_mode & 0o777) for file in [*left, Path(path)]})
    found = {"steps": step, "outcomes": outcomes, "modes": modes, "copies": copies}
    print(json.dumps(found | {"last": left_behind(path, before), "left": len(left)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
