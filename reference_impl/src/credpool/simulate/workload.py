"""Workloads: agents that call, and the plans and keys that serve them. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from credpool.model.errors import BadInput
from credpool.model.terms import AuthType, Payer
from credpool.simulate.limits import Bucket, Limit, Window

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """Agents that all behave alike; times in seconds and sizes in tokens, all as means.

    A session is a conversation: each call sends the whole of it, so its prefix grows.
    """

    count: int
    think: float
    """Between a reply and the next call of the session."""
    pause: float
    """Between two sessions."""
    calls: int
    """In a session."""
    prompt: int
    """At the beginning of a session."""
    fresh: int
    """New input of each call."""
    output: int
    context: int = 200_000
    """The most tokens of a request and its reply: a session ends before it has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An account, with what it is limited by; `keys` entries share it.

    A size is in tokens, with its length in seconds; the budget of a window is what one may spend
    before it ends. `begun` has for a window what was used of it, and when it ends.
    """

    owner: str
    keys: int = 1
    buckets: Sequence[tuple[str, float, float]] = ()
    windows: Sequence[tuple[str, float, float]] = ()
    begun: Sequence[tuple[float, float]] = ()
    most_at_once: int | None = None
    per_million: float | None = None
    """The price of a million input tokens; a plan without one is paid in advance."""

    @property
    def auth_type(self) -> AuthType:
        """The kind of credential: a plan with windows is reached with a login."""
        return AuthType.OAUTH if self.windows else AuthType.API_KEY

    @property
    def payer(self) -> Payer:
        """The payer: a price is for a metered key."""
        return Payer.SUBSCRIPTION if self.per_million is None else Payer.METERED

    def limits(self) -> Sequence[Limit]:
        """Return its limits as the simulation begins."""
        begun = (*self.begun, *[(0.0, 0.0)] * len(self.windows))
        windows = zip(self.windows, begun, strict=False)
        return (
            *(Bucket(*bucket) for bucket in self.buckets),
            *(Window(*window, used, ends) for window, (used, ends) in windows),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Agents, the plans that serve them, and for how many seconds."""

    name: str
    title: str
    agents: Agents
    plans: Sequence[Plan]
    seconds: float = DAY
    cached: float = 0.1
    """The part of a cached token that counts against the limits."""
    cache_seconds: float = 300.0
    """How long a provider keeps a prompt after its last use."""

    def __post_init__(self) -> None:
        """Refuse a limit that the largest request does not fit into: it would be refused for ever.

        Raises:
            BadInput: there is one, or there is nobody to ask or to serve.
        """
        if self.agents.count < 1 or not self.plans or not 0 < self.seconds < 10 * 365 * DAY:
            raise BadInput(f"{self.name}: expected agents, plans, and a time up to ten years")
        for plan in self.plans:
            for name, most, seconds in (*plan.buckets, *plan.windows):
                if most < self.agents.context or seconds <= 0:
                    what = f"expected {self.agents.context} tokens or more, which is agents.context"
                    raise BadInput(f"{self.name}, {plan.owner}, {name}: {what}")
