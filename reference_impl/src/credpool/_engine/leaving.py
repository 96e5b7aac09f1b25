"""The counts of a pool that nobody has any more: they are written all the same (spec: selection)."""

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from credpool._engine.stored_pool import StoredPool
from credpool._process.forks import PerProcess
from credpool._process.threads import loop_runs

_LEFT: Final[PerProcess[set[StoredPool]]] = PerProcess(set)
"""Pools that nobody has any more, and whose counts are being written."""

_PATIENCE: Final = 2.0
"""How many seconds whoever drops a pool waits for its counts to be written, at most."""


def left(stored: StoredPool) -> None:
    """Write the counts of a pool that nobody has any more.

    A finaliser calls this between any two instructions, while any lock may be held. So another
    thread writes, `Thread` with its locks is not used, and the waiting has an end: it is for the
    sake of whoever removes the file next. Where an event loop runs, nobody waits.
    """
    if not stored.own.counts.left:
        return
    _LEFT.value.add(stored)  # until it is done, the end of the process waits for it
    written = allocate_lock()
    written.acquire()
    with suppress(RuntimeError):  # the interpreter ends
        start_new_thread(_keep, (stored, written.release))
        if not loop_runs():
            written.acquire(timeout=_PATIENCE)


def _keep(stored: StoredPool, done: Callable[[], None]) -> None:
    try:
        stored.ended()
    finally:
        _LEFT.value.discard(stored)
        done()
