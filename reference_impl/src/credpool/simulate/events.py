"""The events of a simulation, in the order of their moments."""

from collections.abc import Callable
from heapq import heappop, heappush


class Events:
    """A queue of events; those of one moment happen in the order in which they were put there."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the simulation began."""
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0

    def at(self, moment: float, event: Callable[[], None]) -> None:
        """Put an event there."""
        self._serial += 1
        heappush(self._queue, (moment, self._serial, event))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, event = heappop(self._queue)
            event()
