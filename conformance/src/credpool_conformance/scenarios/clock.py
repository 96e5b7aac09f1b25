"""The suite's clock: it stands still until a scenario or a waiting testee moves it.

A testee on the real clock is met on that one, which nobody moves.
"""

import time
from typing import Final, Protocol

# 2026-11-23T00:00:00Z: the `now` from which the examples of spec/tables/hints.yaml count.
EPOCH: Final = 1_795_392_000.0


class Clock(Protocol):
    """The time that the testee, the mock provider and the judge share."""

    @property
    def now(self) -> float:
        """The seconds since the epoch of Unix."""

    @property
    def elapsed(self) -> float:
        """The seconds since the scenario began, to the microsecond."""

    def advance(self, seconds: float) -> None:
        """Move on by some seconds, if anybody can."""

    def move_to(self, moment: float) -> None:
        """Move on to a moment, if anybody can; the past is left alone."""


class VirtualClock:
    """The clock of a testee that takes its time from the suite."""

    def __init__(self, begins: float = EPOCH) -> None:
        """Start at the moment at which a scenario begins."""
        self.now = self._begun = begins

    @property
    def elapsed(self) -> float:
        """The seconds since the scenario began, to the microsecond."""
        return round(self.now - self._begun, 6)

    def advance(self, seconds: float) -> None:
        """Move on by some seconds."""
        self.move_to(self.now + seconds)

    def move_to(self, moment: float) -> None:
        """Move on to a moment; the past is left alone."""
        self.now = max(self.now, round(moment, 6))


class MachineClock:
    """The machine's own clock, for a testee that knows no other."""

    def __init__(self) -> None:
        """Start now, whatever day that is."""
        self._begun = time.time()

    @property
    def now(self) -> float:
        """The machine's time."""
        return time.time()

    @property
    def elapsed(self) -> float:
        """The seconds since the scenario began, to the microsecond."""
        return round(self.now - self._begun, 6)

    def advance(self, seconds: float) -> None:
        """Leave the machine's clock alone."""

    def move_to(self, moment: float) -> None:
        """Leave the machine's clock alone."""
