"""A host's requests: it reads what is news before it chooses, and reports what is refused."""

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final

from credpool.simulate.hosts.listener import Listener
from credpool.simulate.hosts.shared import Seen, Setup
from credpool.simulate.hosts.writer import Writer

_COOLDOWN: Final = 3600.0
_GLANCE: Final = 60.0
"""How often the engine keeps what is left of an entry's quota."""


class Host:
    """One process with a pool."""

    def __init__(self, setup: Setup, dice: Random) -> None:
        self.seen = setup.shared.seen
        self.stamp = 0
        """How often something was heard before that was read."""
        self.listener = Listener(setup)
        self._writer = Writer(setup, self, dice)
        self._events, self._server, self._shared = setup.events, setup.server, setup.shared
        self._fleet, self._figures, self._dice = setup.fleet, setup.figures, dice
        self._waiting: deque[Callable[[], None]] = deque()
        self._shown: dict[int, float] = {}

    def begin(self) -> None:
        """Listen and send from now on."""
        self.listener.begin(self._dice)
        self._events.at(self._pause(), self._request)

    def show(self, seen: Seen, stamp: int) -> None:
        """Go by what was read, from now on."""
        self.seen, self.stamp = seen, stamp
        self.listener.knows(seen.outs)

    def _pause(self) -> float:
        return self._events.now + self._dice.expovariate(self._fleet.rate)

    def _request(self) -> None:
        self._figures.requests += 1
        self._current(partial(self._send, self._events.now))
        self._events.at(self._pause(), self._request)

    # Reading.

    def _current(self, go: Callable[[], None]) -> None:
        """Go on when what was heard of is read."""
        if self.stamp == self.listener.heard and not self._waiting:
            go()
            return
        self._waiting.append(go)
        if len(self._waiting) == 1:
            self._read()

    def _read(self) -> None:
        costs, since = self._shared.costs, self.seen.number
        got = partial(self._got, self.listener.heard)
        work = partial(self._shared.read, since)
        self._server.ask(costs.read(0, 0).sent, work, got, self._go_on)

    def _got(self, stamp: int, seen: Seen) -> None:
        if seen.number >= self.seen.number:
            self.show(seen, stamp)
        self._go_on()

    def _go_on(self) -> None:
        """Let one go on, and the others when there is no other news."""
        first, *others = self._waiting
        self._waiting.clear()
        first()
        if self.stamp == self.listener.heard:
            for go in others:
                go()
        elif others:
            self._waiting.extendleft(reversed(others))
            self._read()

    # Sending.

    def _send(self, since: float) -> None:
        now, fleet = self._events.now, self._fleet
        if now > since:
            self._figures.waited.append(now - since)
        self._writer.count()
        if fleet.storm_at is not None and now >= fleet.storm_at:
            self._send_in_storm(now)
            return
        missed = len(self._shared.outs) - self.seen.outs
        self._figures.blind += missed / fleet.spread
        if self._dice.random() < fleet.refused:
            self._figures.exhausted += 1
            self._events.at(now + fleet.latency, self._refused)
        elif fleet.quotas:
            self._show_quota(now)

    def _send_in_storm(self, now: float) -> None:
        """Send where the limit is reached, unless it is known that it is."""
        if self.seen.until > now:
            return
        if self._shared.seen.until > now:
            self._figures.blind += 1
        else:
            self._figures.under_way += 1
        self._events.at(now + self._fleet.latency, self._refused)

    def _refused(self) -> None:
        self._current(partial(self._report, self._events.now))

    def _report(self, at: float) -> None:
        """Write that an entry is out, if that says something new."""
        if self._fleet.storm_at is None:
            self._writer.put(0.0)
            return
        until = at + _COOLDOWN  # a hint with a moment is corrected by the reply's `Date`: the same
        if until > self.seen.until:
            self._writer.put(until)

    def _show_quota(self, now: float) -> None:
        entry = self._dice.randrange(self._fleet.spread)
        last = self._shown.setdefault(entry, now - self._dice.random() * _GLANCE)
        if now - last >= _GLANCE:
            self._shown[entry] = now
            self._writer.windows()
