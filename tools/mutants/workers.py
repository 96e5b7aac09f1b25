"""Run jobs in child processes, each job in a fresh one, a few at a time.

A fresh process has fresh modules: whatever a job changes ends with it.
A child that takes too long is ended, by its own number; so is none that is not ours.
"""

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Final, Generic, TypeVar

TOO_LONG: Final = "took too long"

Result = TypeVar("Result")


class LostError(Exception):
    """A job whose process ended, or had to be ended, without a result."""


class _Child(Generic[Result]):
    """One job in its process."""

    def __init__(self, name: str, job: Callable[[], Result], seconds: float) -> None:
        # What was read before is there after a fork; where there is none, jobs cannot be handed on.
        context = multiprocessing.get_context("fork")
        self.name = name
        self.ends = monotonic() + seconds
        self.answer, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(job, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def result(self) -> Result | LostError:
        """Take what there is, and let the process go."""
        found: Result | LostError = LostError(TOO_LONG)
        if self.answer.poll():
            found = LostError("ended without a word")
            with suppress(EOFError):
                found = self.answer.recv()
        self._process.kill()
        self._process.join()
        self.answer.close()
        return found


def run_all(
    jobs: Iterable[tuple[str, Callable[[], Result]]], *, at_once: int, seconds: float
) -> Iterator[tuple[str, Result | LostError]]:
    """Run each job in a process of its own, and yield the results as they come."""
    waiting = iter(jobs)
    running: list[_Child[Result]] = []
    gc.freeze()  # no child looks for garbage in what was there before
    try:
        while True:
            while len(running) < at_once and (job := next(waiting, None)):
                running.append(_Child(*job, seconds))
            if not running:
                return
            patience = max(0.0, min(child.ends for child in running) - monotonic())
            ready = wait([child.answer for child in running], patience)
            for child in [c for c in running if c.answer in ready or c.ends <= monotonic()]:
                running.remove(child)
                yield child.name, child.result()
    finally:
        gc.unfreeze()


def _work(job: Callable[[], object], answer: Connection) -> None:
    try:
        answer.send(job())
    except Exception as error:  # noqa: BLE001 (it is told, and counts against the job)
        answer.send(LostError(f"{type(error).__name__}: {error}"))
