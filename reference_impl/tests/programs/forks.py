"""Forks a process that uses a pool, again and again, and prints what became of the children.

    python forks.py FOLDER KIND COUNT

KIND is where the pool is: `memory`, `file`, `borrowing` (a file, and keys on loan), while four threads write it; or how `multiprocessing` starts the children: `fork`, `spawn`, `forkserver`. Each child is refused with a 402, so it has something to make durable; those of `multiprocessing` also leave counts behind and do not write them. With `holding`, the children are forked by a process that is saving, and end at once; with `orphaned` they live on, and their parent is killed while it saves.
"""

import gc
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx2

from credpool import Entry, EntryId, Pool, Secret
from credpool.errors import StoreUnwritable
from credpool.httpx2 import PoolAuth
from credpool.model.messages import Reset
from credpool.model.state import PoolState
from credpool.pool import engine_of
from credpool.seed.borrowing import BorrowingStore
from credpool.seed.found import Found
from credpool.stores import JsonFileStore, MemoryStore
from credpool.stores.disk import WholeFile

PATIENCE = 30  # seconds of real time, which only a child that hangs takes
URL = "https://api.openai.com/v1/responses"
KEYS = tuple(
    Entry(id=EntryId(f"k{n}"), secret=Secret(f"sk-made-up-{n}"), priority=n) for n in range(3)
)
HELD = []
LOAN = Entry(id=EntryId("loan"), source="env:OPENAI_API_KEY", borrowed=True, priority=9)


def store_of(folder, kind):
    """Return a store of that kind, with keys in it."""
    if kind == "memory":
        return MemoryStore(PoolState(key="openai", provider="openai", entries=KEYS))
    stored = JsonFileStore(folder / "auth.json", "openai", lock_timeout=PATIENCE)
    stored.update(lambda s: s if s.entries else replace(s, entries=(*KEYS, LOAN)))
    if kind != "borrowing":
        return stored
    found = {LOAN.source: Found(source=LOAN.source, label="", secret=Secret("sk-on-loan"))}
    return BorrowingStore(stored, look=lambda: found, resolve=lambda _: None)


def refused_once(pool):
    """Send one call, whose first key has no money."""
    codes = iter([402])
    transport = httpx2.MockTransport(lambda _: httpx2.Response(next(codes, 200), json={}))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        assert client.post(URL, json={}).status_code == 200


def child(pool):
    """Do what a process does, and end with 0 if all of it went well."""
    code = 1
    try:
        refused_once(pool)
        engine_of(pool).apply(Reset(None))
        pool.flush()
        code = 0
    except BaseException:  # noqa: BLE001  it is told, and the child must end here
        traceback.print_exc()
    os._exit(code)


def outcome(pid):
    """Wait for a child, for as long as is bearable."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "fine" if status == 0 else "failed"
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung"


def write(pool, ended):
    """Write the pool until it is time to end."""
    while not ended.is_set():
        engine_of(pool).change(labelled(f"{time.time()}"))


def forked(folder, kind, count):
    """Fork that many children, one after the other, while four threads write."""
    pool, ended = Pool(store_of(folder, kind)), threading.Event()
    refused_once(pool)
    pool.reset()
    threads = [threading.Thread(target=write, args=(pool, ended)) for _ in range(4)]
    for thread in threads:
        thread.start()
    found = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            child(pool)
        found.append(outcome(pid))
    ended.set()
    for thread in threads:
        thread.join(PATIENCE)
    alive = sum(thread.is_alive() for thread in threads)
    return {how: found.count(how) for how in ("fine", "failed", "hung")} | {"stuck": alive}


def work(folder, *pools):
    """Be a child of `multiprocessing`: two requests that count, and no word of writing them."""
    HELD.extend(pools or [Pool(store_of(folder, "file"))])
    refused_once(HELD[0])


def multiprocessed(folder, kind, count):
    """Let `multiprocessing` start the children, two at a time."""
    context = multiprocessing.get_context(kind)
    pool = Pool(store_of(folder, "file"))
    refused_once(pool)
    given = (folder, pool) if kind == "fork" else (folder,)
    codes = []
    for _ in range(count):
        pool.reset()
        both = [context.Process(target=work, args=given) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(PATIENCE)
            codes.append(one.exitcode)
    pool.flush()
    counted = sum(e.request_count for e in store_of(folder, "file").load().entries)
    return {"fine": codes.count(0), "of": len(codes), "counted": counted}


def holding(folder, kind, count):
    """Fork that many children while the file's lock is held, and try to take it after each."""
    path, found = folder / "auth.json", []

    def now():
        pid = os.fork()
        if pid == 0:
            gc.collect()
            os._exit(0)
        outcome(pid)
        found.append(is_free(path))
        return 0.0

    store_of(folder, "file")
    for n in range(count):
        JsonFileStore(path, "openai", now=now).update(labelled(f"{n}"))
    return {"free": found.count(True), "of": count}


def orphaned(folder, kind, count):
    """Fork that many children of parents that are killed while they save, and try the lock."""
    path, found = folder / "auth.json", []
    store_of(folder, "file")
    for _ in range(count):
        reading, writing = os.pipe()
        parent = os.fork()
        if parent == 0:
            os.close(writing)
            ends = partial(ends_beside_a_child, reading)
            JsonFileStore(path, "openai", now=ends).update(labelled("never"))
        os.waitpid(parent, 0)
        found.append(is_free(path))
        os.close(writing)  # so the child ends
        os.close(reading)
    return {"free": found.count(True), "of": count}


def ends_beside_a_child(reading):
    """Let another thread fork a child that lives until the pipe ends, and be killed."""
    hearing, telling = os.pipe()

    def fork():
        if os.fork() == 0:
            os.write(telling, b"begun")
            os.read(reading, 1)
            os._exit(0)

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    os.read(hearing, 5)
    os.kill(os.getpid(), signal.SIGKILL)


def labelled(label):
    """Return a change that there is something to write for."""
    return lambda s: s.change({e.id: replace(e, label=label) for e in s.entries})


def is_free(path):
    """Return whether the lock can be had."""
    try:
        with WholeFile(path, lock_timeout=0).locked():
            return True
    except StoreUnwritable:
        return False


def main(folder, kind, count):
    """Print what became of the children."""
    started = dict.fromkeys(multiprocessing.get_all_start_methods(), multiprocessed)
    run = {**started, "holding": holding, "orphaned": orphaned}.get(kind, forked)
    print(json.dumps(run(Path(folder), kind, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
