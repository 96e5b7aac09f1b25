"""The part of a pool that one process owns: locks, counts, leases, sessions, a thread. A fork makes a new one.

Four locks, so that nobody waits for more than needed. `mutex` guards memory, for a moment;
`turn` a selection that counts. `reading` is held by whoever reads the store again; `writing` by
whoever changes it, also while another process holds its lock. A healthy call takes `turn` at most.
"""

import os
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar

from credpool._engine.counts import Counts
from credpool._engine.leases import Leases
from credpool._engine.sessions import Sessions
from credpool._process.threads import outcome
from credpool.model.messages import Grant
from credpool.model.terms import EntryId, Payer

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


class ProcessState:
    """The beginning of a process: it has sent nothing, holds nothing and claims nothing."""

    def __init__(self) -> None:
        self.mutex, self.turn, self.reading, self.writing = Lock(), Lock(), Lock(), Lock()
        self.landed = Event()
        """Set unless a change of this process is on its way to the disk, and then to the view."""
        self.landed.set()
        self.landings = 0
        """How often that has begun."""
        self.counts = Counts()
        self.leases = Leases()
        self.sessions = Sessions()
        self.holder = os.urandom(8).hex()
        self.unsaved: dict[EntryId, Grant] = {}
        self.shown_at: dict[EntryId, float] = {}
        """When each entry's quota was last read for people."""
        self.payers_told: dict[tuple[Payer, Payer], float] = {}
        self._thread: ThreadPoolExecutor | None = None

    def submit(self, step: Callable[..., T], *given: Callable[[], T]) -> "Future[T]":
        """Let the pool's one thread take a step: in the order asked, and before the process ends.

        Raises:
            RuntimeError: the interpreter ends.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  many pools need none

        with self.mutex:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="credpool")
            return self._thread.submit(step, *given)

    def end_thread(self) -> None:
        """Wait for the steps that were asked for, and end the thread; the next step has a new one."""
        with self.mutex:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown()

    async def aside(self, step: Callable[[], T]) -> T:
        """Take a step in the pool's thread, behind those asked for before it.

        A caller that is cancelled ends its waiting; what it asked for happens all the same.
        """
        run = copy_context().run
        return await outcome(self.submit(run, step))
