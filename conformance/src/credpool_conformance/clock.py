"""The suite's clock: it stands still until a scenario or a waiting testee moves it.

Not the wall clock, which only guards against testees that hang.
"""

from typing import Final

# 2026-11-23T00:00:00Z: the `now` from which the examples of spec/tables/hints.yaml count.
EPOCH: Final = 1_795_392_000.0


class VirtualClock:
    """The time that the testee, the mock provider and the judge share."""

    def __init__(self) -> None:
        """Start at the epoch of every scenario."""
        self.now = EPOCH

    @property
    def elapsed(self) -> float:
        """The seconds since the scenario began, to the microsecond."""
        return round(self.now - EPOCH, 6)

    def advance(self, seconds: float) -> None:
        """Move on by some seconds."""
        self.move_to(self.now + seconds)

    def move_to(self, moment: float) -> None:
        """Move on to a moment; the past is left alone."""
        self.now = max(self.now, round(moment, 6))
