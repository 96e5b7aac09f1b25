"""Say what is wrong with an input file, where, and what to write instead."""

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
