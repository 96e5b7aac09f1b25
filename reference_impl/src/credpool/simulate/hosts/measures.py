"""The figures of a simulated fleet."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """The work that the server has done."""

    notice_seconds: float
    """The work of the server's thread on each notice."""
    commands: int = 0
    notices: int = 0
    sent: float = 0.0
    """Bytes to the server."""
    answered: float = 0.0
    """Bytes from it."""
    busy: float = 0.0
    """Seconds of work of its thread."""
    longest: float = 0.0
    """The longest that anything waited for its turn, in seconds."""
    away: int = 0
    """The questions that nobody waited for any longer when they were answered."""


@dataclass
class Figures:
    """One run."""

    seconds: float
    load: Load
    requests: int = 0
    exhausted: int = 0
    """The entries that ran out, each storm as one."""
    changes: int = 0
    """The changes that were made."""
    told: int = 0
    """Those of them that let an entry cool, so that all hosts were told."""
    replays: int = 0
    """The writes that somebody else was quicker than."""
    lost: int = 0
    """The changes that failed, because the server did not answer in time."""
    under_way: int = 0
    """Requests on an exhausted entry that were sent before anybody had written that it is out."""
    blind: float = 0.0
    """Those sent after that, by a host that did not know it yet."""
    waited: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from a request until it was sent, of those that had to read first."""
    late: "array[float]" = field(default_factory=lambda: array("d"))
    """For each change that lets an entry cool, and each other host: seconds until it knew that."""
    last_out: float = 0.0
    """When the last change was made that lets an entry cool."""

    def a_second(self, total: float) -> float:
        """Return a total as a rate."""
        return total / self.seconds

    def per_exhausted(self, total: float) -> float:
        """Return a total for each exhausted entry."""
        return total / self.exhausted if self.exhausted else 0.0


def quantiles(values: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Return quantiles from 0 to 1; zeros of nothing."""
    ordered = sorted(values)
    if not ordered:
        return [0.0 for _ in wanted]
    return [ordered[min(int(q * len(ordered)), len(ordered) - 1)] for q in wanted]
