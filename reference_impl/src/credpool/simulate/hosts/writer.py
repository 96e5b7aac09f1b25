"""A host's changes: compared with what was read, and made again if somebody was quicker."""

from collections.abc import Callable
from functools import partial
from itertools import count
from random import Random
from typing import Final, Protocol

from credpool.simulate.hosts.costs import Cost
from credpool.simulate.hosts.listener import Listener
from credpool.simulate.hosts.shared import Change, Seen, Setup

_LAG: Final = 1000
"""After how many requests a process writes its counts."""
_TRIES: Final = 1000
_TOKEN: Final = count()


class Shows(Protocol):
    """A host, as its writer needs it."""

    seen: Seen
    listener: Listener

    def show(self, seen: Seen, stamp: int) -> None:
        """Go by what was read, from now on."""


class Writer:
    """A host's changes: one at a time, which takes along all that waits."""

    def __init__(self, setup: Setup, host: Shows, dice: Random) -> None:
        self._events, self._server, self._shared = setup.events, setup.server, setup.shared
        self._fleet, self._figures, self._host = setup.fleet, setup.figures, host
        self._waiting: list[float] = []
        self._batch: list[float] = []
        self._counted = dice.randrange(_LAG)  # it has worked for a while
        self._written = self._windows = self._shown = self._tries = 0
        self._busy = False
        self._sent: Change | None = None

    def put(self, until: float) -> None:
        """Write that an entry is out until a moment; zero where another entry is out each time."""
        self._waiting.append(until)
        self._begin()

    def count(self) -> None:
        """Count a request, and write the counts when they are due."""
        self._counted += 1
        if self._counted >= _LAG and self._counted % _LAG == 0:
            self._begin()

    def windows(self) -> None:
        """Write what is left of an entry's quota."""
        self._windows += 1
        self._begin()

    def _begin(self) -> None:
        if not self._busy:
            self._busy, self._tries = True, 0
            self._batch, self._waiting = self._waiting, []
            self._written, self._shown = self._counted, self._windows
            self._read(self._decide, self._failed)

    def _read(self, then: Callable[[Seen], None], away: Callable[[], None]) -> None:
        work = partial(self._shared.read, self._host.seen.number)
        self._server.ask(self._shared.costs.read(0, 0).sent, work, then, away)

    def _decide(self, seen: Seen) -> None:
        """Send what is news on the pool as it was read just now."""
        new = [until for until in self._batch if not until or until > seen.until]
        storm = self._fleet.storm_at is not None
        outs = min(len(new), 1) if storm else len(new)
        rows = outs * (self._fleet.storm_entries if storm else 1) + self._shown
        counts = min(self._written, self._fleet.spread)
        if not rows and not counts:
            self._after(seen)
            return
        until = max(new, default=0.0)
        self._sent = Change(
            by=self._host.listener,
            token=next(_TOKEN),
            based_on=seen.number,
            rows=rows,
            counts=counts,
            outs=outs,
            until=until,
        )
        self._send(self._sent, partial(self._send, self._sent, self._failed))

    def _send(self, change: Change, away: Callable[[], None]) -> None:
        cost = self._shared.costs.write(change.rows, change.counts)

        def work() -> tuple[bool, Cost]:
            return self._shared.write(change, self._events.now)

        self._server.ask(cost.sent, work, self._answered, away)

    def _answered(self, made: bool) -> None:  # noqa: FBT001  the server's answer
        if made:
            self._figures.changes += 1
            self._note_made()
            self._counted -= self._written
            self._windows -= self._shown
            self._read(self._after, self._end)
            return
        self._figures.replays += 1
        self._tries += 1
        if self._tries < _TRIES:
            self._read(self._decide, self._failed)
        else:
            self._failed()

    def _note_made(self) -> None:
        change = self._sent
        assert change is not None, "it was answered"
        if change.outs:
            self._figures.told += 1
            self._figures.last_out = self._events.now

    def _after(self, _seen: Seen) -> None:
        """Read once more, for the host to go by."""
        self._read(partial(self._show, self._host.listener.heard), self._end)

    def _show(self, stamp: int, seen: Seen) -> None:
        if seen.number >= self._host.seen.number:
            self._host.show(seen, stamp)
        self._end()

    def _failed(self) -> None:
        self._figures.lost += 1
        self._end()

    def _end(self) -> None:
        self._busy = False
        if self._waiting:
            self._begin()
