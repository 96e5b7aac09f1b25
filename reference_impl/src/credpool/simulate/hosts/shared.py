"""The pool as it is on the server: how often it was changed, by whom, and who is told."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from credpool.simulate.events import Events
from credpool.simulate.hosts.costs import Cost, Costs
from credpool.simulate.hosts.fleet import Fleet
from credpool.simulate.hosts.measures import Figures
from credpool.simulate.hosts.server import Server


@dataclass(frozen=True, slots=True)
class Seen:
    """The pool as a host has read it: the number of the latest change, and what the changes made of it."""

    number: int = 1
    outs: int = 0
    """How many changes that let an entry cool there were."""
    until: float = 0.0
    """When the cooldown of the storm's entries ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as a host sends it; one that only adds to counts is no conflict."""

    by: object
    token: object
    based_on: int
    rows: int
    counts: int
    outs: int
    until: float


@dataclass
class Shared:
    """One pool on the server."""

    server: Server
    costs: Costs
    most_rows: int
    """How many entries the changes are about together, at most."""
    most_counts: int
    """To the counts of how many entries they add together, at most."""
    seen: Seen = field(default_factory=Seen)
    told: list[Callable[[Seen], None]] = field(default_factory=list)
    """The subscribers."""
    outs: list[tuple[float, object]] = field(default_factory=list)
    """When an entry was let cool, and by whom."""
    _touched: list[int] = field(default_factory=lambda: [0, 0])
    """How many rows the changes up to each number have written."""
    _counted: list[int] = field(default_factory=lambda: [0, 0])
    """How many counts they have added to."""
    _tokens: deque[object] = field(default_factory=lambda: deque(maxlen=200))

    def look(self) -> tuple[Seen, Cost]:
        """Answer with the number."""
        return self.seen, self.costs.look

    def read(self, since: int) -> tuple[Seen, Cost]:
        """Answer with what has changed since a number."""
        rows = self._touched[self.seen.number] - self._touched[since]
        counts = self._counted[self.seen.number] - self._counted[since]
        return self.seen, self.costs.read(min(rows, self.most_rows), min(counts, self.most_counts))

    def write(self, change: Change, now: float) -> tuple[bool, Cost]:
        """Make a change, unless somebody was quicker or it was made already."""
        seen, done = self.seen, self.costs.write(change.rows, change.counts)
        if change.token in self._tokens:
            return True, done
        if change.rows and change.based_on != seen.number:
            return False, self.costs.refused(change.rows, change.counts)
        number = seen.number + 1
        self._tokens.append(change.token)
        self._touched.append(self._touched[-1] + change.rows)
        self._counted.append(self._counted[-1] + change.counts)
        self.seen = Seen(number, seen.outs + change.outs, max(seen.until, change.until))
        self.outs += [(now, change.by)] * change.outs
        if change.outs:
            self.server.tell(self.told, self.seen, self.costs.notice)
        return True, done


@dataclass(frozen=True, slots=True)
class Setup:
    """The surroundings of every part of a host."""

    events: Events
    server: Server
    shared: Shared
    fleet: Fleet
    figures: Figures
