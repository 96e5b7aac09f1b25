"""Hermes Agent as a subject: its credential pool on an `auth.json` of its own."""

import json
import os
import tempfile
from functools import partial
from pathlib import Path

HOME = Path(tempfile.mkdtemp())
os.environ |= {"HOME": str(HOME), "HERMES_HOME": str(HOME)}
from talk import parse_row, put, row, serve

OWN = "openai-api"


def pool(entries, strategy):
    from agent.credential_pool import load_pool

    rows = {OWN: [*map(row, range(entries))]}
    (HOME / "auth.json").write_text(json.dumps({"version": 1, "credential_pool": rows}))
    (HOME / "config.yaml").write_text(json.dumps({"credential_pool_strategies": {OWN: strategy}}))
    return load_pool(OWN)


def select(entries, strategy="fill_first", store="file", path=None, payers=False):
    """Choose; beside it, parse one entry's row."""
    made = pool(entries, strategy)
    return {"pool": lambda: made.select() and None, "row": parse_row()}


def change(entries, store, path):
    """Bench an entry durably; beside it, write, sync and replace a file of the same bytes."""
    made = pool(entries, "fill_first")

    def bench():
        made.select()
        made.mark_exhausted_and_rotate(status_code=402)

    return {"pool": bench, "bare": partial(put(path), (HOME / "auth.json").read_bytes())}


if __name__ == "__main__":
    serve({task.__name__: task for task in (select, change)})
