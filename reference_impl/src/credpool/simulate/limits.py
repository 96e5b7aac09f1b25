"""Limits of an account, as providers document them: buckets that refill, and windows that end.

A charge is in tokens; moments are seconds on the simulation's clock. No limit is ever exceeded: what
does not fit is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf


@dataclass
class Bucket:
    """A token bucket: it holds `most`, and refills continuously within `seconds`."""

    name: str
    most: float
    seconds: float
    _level: float = inf
    _at: float = 0.0

    def until(self, charge: float, now: float) -> float:
        """Return the moment from which the charge has room; `now` or earlier means at once."""
        return now + (charge - self.level(now)) * self.seconds / self.most

    def spend(self, charge: float, now: float) -> None:
        """Take a charge that has room."""
        self._level, self._at = self.level(now) - charge, now

    def level(self, now: float) -> float:
        """Return the tokens in the bucket."""
        return min(self.most, self._level + (now - self._at) * self.most / self.seconds)

    def left(self, now: float) -> float:
        """Return the fraction that is left, from 0 to 1."""
        return min(max(self.level(now) / self.most, 0.0), 1.0)

    def resets(self, now: float) -> float:
        """Return the moment at which the bucket is full."""
        return now + (self.most - self.level(now)) * self.seconds / self.most


@dataclass
class Window:
    """A window of `seconds` with a budget: it begins at the first charge after the last one's end.

    `used` and `ends` say how far one has come when the simulation begins.
    """

    name: str
    most: float
    seconds: float
    used: float = 0.0
    ends: float = 0.0

    def until(self, charge: float, now: float) -> float:
        """Return the moment from which the charge has room; `now` or earlier means at once."""
        return now if charge <= self.room(now) else self.ends

    def spend(self, charge: float, now: float) -> None:
        """Take a charge that has room, and begin a window if none is running."""
        if now >= self.ends:
            self.used, self.ends = 0.0, now + self.seconds
        self.used += charge

    def left(self, now: float) -> float:
        """Return the fraction that is left, from 0 to 1."""
        return self.room(now) / self.most

    def resets(self, now: float) -> float:
        """Return the moment at which the window ends; one that has not begun ends in full length."""
        return self.ends if now < self.ends else now + self.seconds

    def room(self, now: float) -> float:
        """Return the tokens that are left."""
        return self.most if now >= self.ends else max(self.most - self.used, 0.0)

    def most_within(self, begin: float, end: float) -> float:
        """Return what nobody can exceed between two moments, seen from the beginning.

        The first budget is that of a window which began before.
        """
        first = self.room(0.0) if begin < self.ends else self.most if begin > self.ends else 0.0
        free = end - max(begin, self.ends)
        return first + self.most * max(ceil(free / self.seconds), 0)


Limit = Bucket | Window


def capacity(limits: Sequence[Limit], seconds: float) -> float:
    """Return what nobody can exceed under all of the limits within a time that begins now.

    A bucket gives what is in it and what refills. A window gives its budget as often as one can
    begin. The time is cut where the windows that run now end, and in each part the least counts.
    """
    buckets = [b.level(0.0) + b.most * seconds / b.seconds for b in limits if isinstance(b, Bucket)]
    windows = [limit for limit in limits if isinstance(limit, Window)]
    cuts = sorted({0.0, seconds, *(w.ends for w in windows if 0 < w.ends < seconds)})
    parts = [min(w.most_within(a, b) for w in windows) for a, b in pairwise(cuts) if windows]
    return min([*buckets, sum(parts) if windows else inf])
