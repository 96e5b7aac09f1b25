"""Problems that are no failed checks: bad input, and faults of the harness."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in one line of an input file."""

    path: str
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        """Render as `file:line: what is wrong; what to write`."""
        return f"{self.path}:{self.line}: {self.what}; {self.fix}"


class UnreadableError(Exception):
    """An input that cannot be read at all.  `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem as evidence."""
        super().__init__(str(problem))
        self.problem = problem


class BadInputError(Exception):
    """Input of ours or the user's that cannot be used.  `problems` says what, where and what to write."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems as evidence."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class StartError(Exception):
    """A testee that does not start; `what` and `stderr` say why."""

    def __init__(self, what: str, stderr: str) -> None:
        """Keep what happened, and what the testee wrote on its standard error."""
        super().__init__(what)
        self.what = what
        self.stderr = stderr


class HarnessError(Exception):
    """A testee that does not keep to the protocol: it crashed, hung, or answered garbage."""

    def __init__(self, what: str) -> None:
        """Keep what happened."""
        super().__init__(what)
        self.what = what
