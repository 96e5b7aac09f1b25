"""A host's listener: it hears of changes, and asks where it has heard none (the store's `news`)."""

from random import Random

from credpool.simulate.hosts.costs import Cost
from credpool.simulate.hosts.shared import Seen, Setup


class Listener:
    """The part of a host that hears of changes."""

    def __init__(self, setup: Setup) -> None:
        self.heard = 0
        """How often something was, or may have been, written."""
        self._events, self._server, self._shared = setup.events, setup.server, setup.shared
        self._poll, self._late = setup.fleet.poll, setup.figures.late
        self._number, self._knows = self._shared.seen.number, 0
        self._last = 0.0
        self._asking, self._hears = False, True

    def begin(self, dice: Random) -> None:
        """Listen from now on."""
        self._last = self._events.now - dice.random() * self._poll
        self._shared.told.append(self.notice)
        self._events.at(self._last + self._poll, self._tick)

    def knows(self, outs: int) -> None:
        """Note that so many entries are known to be out; how late, of what others have written."""
        now, new = self._events.now, self._shared.outs[self._knows : outs]
        self._late.extend(now - at for at, by in new if by is not self)
        self._knows = max(self._knows, outs)

    def notice(self, seen: Seen) -> None:
        """Hear that something was written."""
        if self._hears:
            self._last = self._events.now
            self._take(seen)

    def _tick(self) -> None:
        """Ask where nothing was heard for a while."""
        now, poll = self._events.now, self._poll
        if now - self._last >= poll - 1e-9:
            self._last = now
            if self._hears and not self._asking:
                self._ask()
        self._events.at(self._last + poll, self._tick)

    def _ask(self) -> None:
        self._asking = True
        sent = self._shared.costs.look.sent
        self._server.ask(sent, self._shared.look, self._found, self._away)

    def _found(self, seen: Seen) -> None:
        self._asking, self._hears = False, True
        self._take(seen)

    def _take(self, seen: Seen) -> None:
        if seen.number != self._number:
            self._number = seen.number
            self.heard += 1
            self.knows(seen.outs)

    def _away(self) -> None:
        """Wait for a while, and connect again."""
        self._asking, self._hears = False, False
        self._events.at(self._events.now + self._poll, self._connect)

    def _connect(self) -> None:
        self._asking = True

        def work() -> tuple[Seen, Cost]:
            return self._shared.seen, self._shared.costs.connect

        self._server.ask(self._shared.costs.connect.sent, work, self._found, self._away)
