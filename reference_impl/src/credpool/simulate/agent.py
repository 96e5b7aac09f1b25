"""An agent in its sessions, and what all of them ask for where nobody limits them."""

from dataclasses import dataclass
from random import Random
from typing import Final

from credpool.simulate.workload import Agents, Workload

ROUND_TRIP: Final = 0.3
"""Seconds until a refusal has come, or the first token of an answer."""
_TOKENS_PER_SECOND: Final = 80.0
_FULL: Final = 0.9
"""The part of the context from which a session begins no other call."""


@dataclass(slots=True)
class Agent:
    """An agent in its present session: `prefix` tokens are behind it, and `left` calls before it.

    Its chances are its own, so that it asks for the same whatever happens to the others.
    """

    agents: Agents
    random: Random
    session: int = 0
    prefix: float = 0.0
    left: int = 0
    fresh: float = 0.0
    output: float = 0.0
    charge: float = 0.0
    """The tokens that its present request takes of the limits."""
    since: float = 0.0
    """When its present call began."""

    @classmethod
    def number(cls, n: int, workload: Workload, seed: int) -> "Agent":
        """Return one of the agents of a workload; `since` says when it begins."""
        random = Random(f"{seed}-{n}")  # noqa: S311  a simulation
        begins = random.uniform(0, workload.agents.pause + workload.agents.think)
        return cls(workload.agents, random, since=begins)

    def converse(self, session: int) -> None:
        """Begin a session."""
        self.session, self.prefix = session, self.agents.prompt
        self.left = 1 + int(self._mean(self.agents.calls - 1))

    def ask(self) -> None:
        """Begin a call."""
        room = (self.agents.context - self.prefix) / 2
        self.fresh = min(self._mean(self.agents.fresh), room)
        self.output = min(self._mean(self.agents.output), room)

    def answered(self) -> float:
        """End a call, and return the pause before the next one; with no calls left, a session's."""
        self.prefix += self.fresh + self.output
        self.left = self.left - 1 if self.prefix < self.agents.context * _FULL else 0
        return self._mean(self.agents.think if self.left else self.agents.pause)

    def work(self, cached: float) -> float:
        """Return the tokens of its present call, as a warm cache would count them."""
        return self.prefix * cached + self.fresh + self.output

    @property
    def takes(self) -> float:
        """The seconds that an answer takes."""
        return ROUND_TRIP + self.output / _TOKENS_PER_SECOND

    def _mean(self, mean: float) -> float:
        """Draw from an exponential distribution."""
        return self.random.expovariate(1 / mean) if mean > 0 else 0.0


def asked(workload: Workload, seed: int = 0) -> float:
    """Return the work of the agents with an account that has no limits."""
    work = 0.0
    for n in range(workload.agents.count):
        agent = Agent.number(n, workload, seed)
        now = agent.since
        while True:
            if not agent.left:
                agent.converse(0)
            agent.ask()
            now += agent.takes
            if now > workload.seconds:
                break
            work += agent.work(workload.cached)
            now += agent.answered()
    return work
