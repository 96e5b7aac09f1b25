"""How many requests have gone out with each entry, and are not in the store yet (spec: selection).

A healthy call adds to a queue; what adds the queue up, and what writes it, is somebody else's work.
"""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from credpool.model.terms import EntryId

LAG: Final = 1000
"""How many requests of this process the stored counts may lag behind (spec: soft state)."""


class Counts:
    """The requests that one process has counted. Only `add` may be called without the pool's lock."""

    def __init__(self) -> None:
        self._uses: deque[EntryId] = deque()
        self._sums: Counter[EntryId] = Counter()
        self._summed = 0
        self._put_off = 0
        self.asked = False
        """Whether somebody has been asked to write, and has not begun."""

    def add(self, entries: Sequence[EntryId]) -> bool:
        """Count a request with the secret of these; return whether the counts are to be written."""
        self._uses.extend(entries)  # spec: select.count+2
        return len(self._uses) + self._summed >= LAG + self._put_off

    @property
    def left(self) -> int:
        """How many requests are not in the store yet."""
        return len(self._uses) + self._summed

    @property
    def due(self) -> bool:
        """Whether the counts are to be written: one bound, wherever they are."""
        return self.left >= LAG + self._put_off

    def sums(self) -> Counter[EntryId]:
        """Return the requests of each entry that are not in the store yet."""
        while self._uses:
            self._sums[self._uses.popleft()] += 1
            self._summed += 1
        return self._sums.copy()

    def written(self, sums: Counter[EntryId]) -> None:
        """Note that these are in the store now."""
        self._sums -= sums
        self._summed = self._sums.total()
        self._put_off = 0

    def refused(self) -> None:
        """Note that they could not be written; it is tried again after as many more."""
        self._put_off = self.left
