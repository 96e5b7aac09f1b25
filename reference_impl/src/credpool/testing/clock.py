"""A clock that a test moves, so that nobody waits. Not for use in production."""

from credpool.clock import Why


class FakeClock:
    """A clock that a test moves; `waits` holds the seconds that were slept through."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.waits: list[float] = []
        self._now = now

    def now(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, without anybody having slept."""
        self._now += seconds

    def sleep(self, until: float, _why: Why, /) -> None:
        """Be at that moment."""
        self.waits.append(until - self._now)
        self._now = max(self._now, until)

    async def sleep_async(self, until: float, why: Why, /) -> None:
        """Be at that moment."""
        self.sleep(until, why)
