"""Where the time comes from. Below this module nothing reads a clock."""

import time
from typing import Literal, Protocol

from credpool._process.threads import pause

Why = Literal["retry", "claim", "login"]
"""The reason of a wait: a retry, somebody else's refresh, or a person who logs in."""


class Clock(Protocol):
    """Where the time comes from; `until` is in epoch seconds."""

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""

    def sleep(self, until: float, why: Why, /) -> None:
        """Return at that moment."""

    async def sleep_async(self, until: float, why: Why, /) -> None:
        """Return at that moment, letting others run."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return time.time()

    def sleep(self, until: float, _why: Why, /) -> None:
        """Return at that moment."""
        time.sleep(max(0.0, until - self.now()))

    async def sleep_async(self, until: float, _why: Why, /) -> None:
        """Return at that moment, letting others run."""
        await pause(max(0.0, until - self.now()))
