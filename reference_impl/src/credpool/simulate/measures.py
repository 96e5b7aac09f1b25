"""The measures of a simulation: how well a pool spends what it has.

Work is in tokens, as a warm cache would count them; times are in seconds.
"""

from collections import Counter
from dataclasses import dataclass, field

from credpool.model.terms import FailureClass
from credpool.simulate.agent import asked
from credpool.simulate.limits import capacity
from credpool.simulate.workload import Workload


@dataclass
class Measures:
    """One run; `waits` has for each answered call how long no entry could serve it."""

    calls: int = 0
    answered: int = 0
    requests: int = 0
    work: float = 0.0
    cold: float = 0.0
    """Tokens that were read again because their cache was with another account, or gone."""
    money: float = 0.0
    """In the currency of the plans' prices."""
    refused: Counter[FailureClass] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
    """The tokens taken from each owner's limits."""
    served: dict[str, float] = field(default_factory=dict)
    """The same for the calls that were answered."""
    under_way: dict[str, int] = field(default_factory=dict)
    """The requests that were not answered yet when the time was over."""
    by_owner: Counter[str] = field(default_factory=Counter)
    """The answered calls."""

    @property
    def wasted(self) -> int:
        """The requests that were refused."""
        return sum(self.refused.values())

    @property
    def read_again(self) -> float:
        """The tokens that were read again, as a part of the work."""
        return self.cold / self.work if self.work else 0.0

    def waited(self, workload: Workload) -> float:
        """Return which part of their time the agents waited in calls that were answered."""
        return sum(self.waits) / (workload.seconds * workload.agents.count)

    def wait(self, quantile: float) -> float:
        """Return a quantile of the waits, from 0 to 1."""
        ordered = sorted(self.waits)
        return ordered[min(int(quantile * len(ordered)), len(ordered) - 1)] if ordered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The work that no policy can exceed, in tokens of work."""

    asked: float
    """The work of the agents with an account that has no limits."""
    limits: float
    """The most that the limits of all accounts let through."""

    @property
    def capacity(self) -> float:
        """The theoretical capacity: what is asked for, as far as the limits allow it."""
        return min(self.asked, self.limits)

    def goodput(self, measures: Measures) -> float:
        """Return which part of the capacity a run has turned into answers."""
        return measures.work / self.capacity


def bound(workload: Workload, seed: int = 0) -> Bound:
    """Return the bound of a workload."""
    most = sum(capacity(plan.limits(), workload.seconds) for plan in workload.plans)
    return Bound(asked=asked(workload, seed), limits=most)
