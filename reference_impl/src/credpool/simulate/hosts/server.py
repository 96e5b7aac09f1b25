"""The server: one thread that answers in the order of arrival, behind a link each way."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final, TypeVar

from credpool.simulate.events import Events
from credpool.simulate.hosts.costs import Cost
from credpool.simulate.hosts.fleet import Fleet
from credpool.simulate.hosts.measures import Load

T = TypeVar("T")
_JITTER: Final = 0.2
"""The most that a way through the network takes longer, as a part of a round trip."""
_TOGETHER: Final = 50
"""How many notices leave in one event of the simulation."""


class Server:
    """The server, and the way to it and back."""

    def __init__(self, events: Events, fleet: Fleet, dice: Random, load: Load) -> None:
        self._events, self._site, self._timeout = events, fleet.site, fleet.timeout
        self._dice, self._load = dice, load
        self._free = self._link_in = self._link_out = 0.0
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()

    def ask(
        self,
        sent: float,
        work: Callable[[], tuple[T, Cost]],
        answer: Callable[[T], None],
        away: Callable[[], None],
    ) -> None:
        """Send so many bytes; `work` is done when it is their turn, and one of the others called."""
        now = self._events.now
        self._link_in = max(self._link_in, now) + sent / self._site.bytes_per_second
        self._load.sent += sent
        serve = partial(self._serve, now, work, answer, away)
        self._events.at(self._link_in + self._way(), partial(self._arrived, serve))

    def tell(self, told: Sequence[Callable[[T], None]], notice: T, size: float) -> None:
        """Send a notice to each of the subscribers, one after the other; called while it works."""
        for first in range(0, len(told), _TOGETHER):
            some = told[first : first + _TOGETHER]
            self._works(self._load.notice_seconds * len(some))
            self._sends(size * len(some))
            self._load.notices += len(some)
            self._events.at(self._link_out + self._way(), partial(_each, some, notice))

    def _arrived(self, serve: Callable[[], None]) -> None:
        now = self._events.now
        if self._free <= now and not self._queue:
            serve()
            return
        if not self._queue:
            self._events.at(self._free, self._next)
        self._queue.append((now, serve))

    def _next(self) -> None:
        since, serve = self._queue.popleft()
        self._load.longest = max(self._load.longest, self._events.now - since)
        serve()
        if self._queue:
            self._events.at(self._free, self._next)

    def _serve(
        self,
        since: float,
        work: Callable[[], tuple[T, Cost]],
        answer: Callable[[T], None],
        away: Callable[[], None],
    ) -> None:
        found, cost = work()
        self._works(cost.seconds)
        self._sends(cost.answered)
        self._load.commands += cost.commands
        back = self._link_out + self._way()
        if back - since > self._timeout:
            self._load.away += 1
            self._events.at(since + self._timeout, away)
        else:
            self._events.at(back + cost.host_seconds, partial(answer, found))

    def _works(self, seconds: float) -> None:
        self._free = max(self._free, self._events.now) + seconds
        self._load.busy += seconds

    def _sends(self, size: float) -> None:
        self._link_out = max(self._link_out, self._free) + size / self._site.bytes_per_second
        self._load.answered += size

    def _way(self) -> float:
        trip = self._site.round_trip
        return trip / 2 + self._dice.random() * trip * _JITTER


def _each(some: Sequence[Callable[[T], None]], notice: T) -> None:
    for one in some:
        one(notice)
