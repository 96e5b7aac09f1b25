"""Let a thread do what must not be broken off, and wait for it. Serves asyncio and trio.

The thread's work goes on when the waiter is cancelled or interrupted, or its loop is closed.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def detached(work: Callable[[], T]) -> Future[T]:
    """Do work in a thread of its own, with the caller's context; the process ends after it."""
    future, context = Future[T](), copy_context()

    def run() -> None:
        try:
            done = context.run(work)
        except BaseException as error:  # noqa: BLE001  whoever waits raises it
            future.set_exception(error)
        else:
            future.set_result(done)

    Thread(target=run, name="credpool-detached", daemon=False).start()
    return future


async def outcome(future: Future[T]) -> T:
    """Return what the thread returns, or raise what it raises; other tasks run meanwhile."""
    import anyio  # noqa: PLC0415  for async callers only

    done, wake = anyio.Event(), _waker()

    def finished(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            wake(done.set)

    future.add_done_callback(finished)
    await done.wait()
    return future.result()


async def pause(seconds: float) -> None:
    """Return after that time; other tasks run meanwhile."""
    import anyio  # noqa: PLC0415  for async callers only

    _waker()
    await anyio.sleep(seconds)


def loop_runs() -> bool:
    """Whether this thread runs an event loop."""
    known = (("asyncio", "get_running_loop"), ("trio.lowlevel", "current_trio_token"))
    for module, running in known:
        with suppress(RuntimeError, AttributeError):  # it does not run, or is being imported
            if module in sys.modules:
                getattr(sys.modules[module], running)()
                return True
    return False


def _waker() -> Callable[[Callable[[], object]], object]:
    """Return what runs a function soon in this loop, from any thread and without waiting for it.

    Raises:
        RuntimeError: it is another kind of loop, or none.
    """
    from anyio.lowlevel import current_token  # noqa: PLC0415  as above

    with suppress(RuntimeError):
        loop = current_token().native_token
        for name in ("call_soon_threadsafe", "run_sync_soon"):  # asyncio's, and trio's
            wake: Callable[[Callable[[], object]], object] | None = getattr(loop, name, None)
            if wake is not None:
                return wake
    raise RuntimeError("credpool waits in asyncio and trio; run this call in one of them")
