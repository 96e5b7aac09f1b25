"""The two ways in which a run can go wrong that are not a failed check.

Not here: the failures of a testee, which are results (`judge`).
"""

from collections.abc import Iterable

from credpool_conformance.book.problems import Problem


class BadInputError(Exception):
    """Input of ours or the user's that cannot be used.  `problems` says what, where and what to write."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems as evidence."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class HarnessError(Exception):
    """A testee that does not keep to the protocol: it crashed, hung, or answered garbage.

    `costly` marks the kinds that cost a whole timeout or a failed start each time.
    """

    def __init__(self, what: str, *, costly: bool = False) -> None:
        """Keep what happened."""
        super().__init__(what)
        self.what = what
        self.costly = costly
