"""Waiting in an event loop for a thread."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import anyio
import pytest

from credpool._process.threads import loop_runs, outcome
from credpool.clock import SystemClock

LOOPS = ("asyncio", "trio")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_goes_on_while_a_thread_works(loop: str) -> None:
    """Another task runs, and lets the thread finish; the waiter gets what the thread returns."""
    go = Event()

    async def both() -> str:
        with ThreadPoolExecutor(1) as threads:
            future = threads.submit(lambda: "done" if go.wait(30) else "late")
            async with anyio.create_task_group() as group:
                group.start_soon(_soon, go.set)
                return await outcome(future)

    assert anyio.run(both, backend=loop) == "done"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_thread_goes_on_when_its_waiter_is_cancelled(loop: str) -> None:
    """Cancelling ends the waiting at once, and not the work."""
    go = Event()

    async def cancelled(threads: ThreadPoolExecutor) -> Future[str]:
        future = threads.submit(lambda: "done" if go.wait(30) else "late")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await outcome(future)
        return future

    with ThreadPoolExecutor(1) as threads:
        future = anyio.run(cancelled, threads, backend=loop)
        go.set()  # the loop is closed by now

        assert future.result(30) == "done"


@pytest.mark.parametrize("loop", LOOPS)
def test_what_the_thread_raises_the_waiter_raises(loop: str) -> None:
    """An error in the thread reaches the caller."""

    def fails() -> None:
        raise LookupError("gone")

    async def waits() -> None:
        with ThreadPoolExecutor(1) as threads:
            await outcome(threads.submit(fails))

    with pytest.raises(LookupError, match="gone"):
        anyio.run(waits, backend=loop)


def test_elsewhere_the_error_names_the_loops() -> None:
    """A coroutine that no loop runs is told where it can be awaited, by every way of waiting."""
    done: Future[None] = Future()
    waits = (outcome(done), SystemClock().sleep_async(0.0, "retry"))

    for waiting in waits:
        with pytest.raises(RuntimeError, match="credpool waits in asyncio and trio"):
            waiting.send(None)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_running_loop_is_seen(loop: str) -> None:
    """A thread knows whether it runs a loop."""

    async def here() -> bool:
        return loop_runs()

    assert anyio.run(here, backend=loop)
    assert not loop_runs()


async def _soon(act: Callable[[], object]) -> None:
    await anyio.lowlevel.checkpoint()
    act()
