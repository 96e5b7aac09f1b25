"""The budgets, and whether a run keeps them."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from tools.bench.figures import Figure
from tools.bench.setting import OURS

BUDGETS: Final = Path(__file__).with_name("budgets.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A bound of one value of the library's figures; `budgets.toml` says what the fields mean."""

    what: str
    figures: str
    value: str
    at_most: float | None = None
    at_least: float | None = None
    issue: str
    quick: bool = False
    today: float | None = None
    missed: str = ""

    def keeps(self, found: float) -> bool:
        """Whether a value is within the budget."""
        return self._within(found, self.at_most, self.at_least)

    def holds(self, found: float) -> bool:
        """Whether a value is no worse than what is known of a budget that is missed."""
        if self.today is None:
            return self.keeps(found)
        most = None if self.at_most is None else self.today
        return self._within(found, most, None if self.at_least is None else self.today)

    def is_about(self, figure: Figure) -> bool:
        """Whether the budget bounds a value of this figure."""
        return (
            figure.subject == OURS
            and fnmatch(figure.id, self.figures)
            and self.value in figure.values
        )

    def _within(self, found: float, most: float | None, least: float | None) -> bool:
        return (most is None or found <= most) and (least is None or found >= least)

    @property
    def bound(self) -> str:
        """The bound, as a person reads it."""
        sign, bound = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        return f"{sign} {bound:,.10g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A budget, and the worst of the figures that it is about."""

    budget: Budget
    found: float
    worst: str

    @property
    def word(self) -> str:
        """The outcome in one word."""
        if self.budget.keeps(self.found):
            return "kept"
        return "missed" if self.budget.holds(self.found) else "WORSE"


def budgets() -> Sequence[Budget]:
    """Read the budgets."""
    return [Budget(**row) for row in tomllib.loads(BUDGETS.read_text("utf-8"))["budget"]]


def judged(figures: Sequence[Figure], *, quick: bool) -> Iterator[Judged]:
    """Judge the library's figures by every budget that this run has figures for."""
    for budget in budgets():
        found = [
            (figure.values[budget.value], figure.id)
            for figure in figures
            if budget.is_about(figure)
        ]
        if found and (budget.quick or not quick):
            worst = max(found) if budget.at_most is not None else min(found)
            yield Judged(budget=budget, found=worst[0], worst=worst[1])
