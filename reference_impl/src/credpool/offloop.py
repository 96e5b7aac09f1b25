"""Wait in an event loop for what a thread does. Serves asyncio and trio.

The thread's work goes on when the waiter is cancelled, or its loop is closed.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


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


def _waker() -> Callable[[Callable[[], object]], object]:
    """Return what runs a function soon in this loop, from any thread and without waiting for it."""
    from anyio.lowlevel import current_token  # noqa: PLC0415  as above

    loop = current_token().native_token
    for name in ("call_soon_threadsafe", "run_sync_soon"):  # asyncio's, and trio's
        wake: Callable[[Callable[[], object]], object] | None = getattr(loop, name, None)
        if wake is not None:
            return wake
    raise RuntimeError("credpool waits in asyncio and trio; run this call in one of them")
