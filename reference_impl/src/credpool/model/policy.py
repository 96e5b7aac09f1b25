"""The operator's policy, and its allowed values (spec: configuration).

A test holds the bounds against the table of the specification.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from types import MappingProxyType
from typing import Final, NoReturn

from credpool.model.errors import BadPolicy, UnknownStrategy
from credpool.model.terms import FailureClass, First429, PayerChange

LONGEST_EXCHANGE: Final = 20.0
"""How many seconds a request to a token endpoint may take, from the look-up of its host to its end."""

LEAST_CLAIM: Final = 30.0
"""How many seconds a claim has to last for that; a shorter one cuts the request short."""

LEAST: Final[Mapping[str, float]] = MappingProxyType(
    {
        "max_retry_wait": 0.0,
        "sole_cooldown": 0.0,
        "min_cooldown": 0.0,
        "max_cooldown": 0.0,
        "probe_after": 0.0,
        "probe_interval": 0.0,
        "advisory_window": 0.0,
        "mandatory_window": 0.0,
        "claim_ttl": 1.0,
        "affinity_ttl": 0.0,
    }
)
"""The least of each number of seconds."""

BEYOND: Final = 1e10
"""The bound of every number of seconds: three hundred years."""

_IN_ORDER: Final[Sequence[tuple[str, str]]] = (
    ("min_cooldown", "max_cooldown"),
    ("mandatory_window", "advisory_window"),
)
"""Pairs of which the first is at most the second."""


class Strategy(Enum):
    """How the next entry is chosen among the available ones."""

    FILL_FIRST = "fill_first"
    ROUND_ROBIN = "round_robin"
    LEAST_USED = "least_used"
    RANDOM = "random"
    QUOTA_AWARE = "quota_aware"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        """Refuse a name that is none of these.

        Raises:
            UnknownStrategy: always.
        """
        raise UnknownStrategy(str(value), [s.value for s in cls])  # spec: select.unknown-strategy+2


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's choices; times in seconds (spec: cooldowns, exhaustion)."""

    first_429: First429 = First429.RETRY
    max_retry_wait: float = 10.0
    sole_cooldown: float = 60.0
    min_cooldown: float = 1.0
    max_cooldown: float = 31 * 86400.0
    probe_after: float = 3600.0
    probe_interval: float = 900.0
    advisory_window: float = 120.0
    mandatory_window: float = 30.0
    claim_ttl: float = 60.0
    affinity_ttl: float = 3600.0
    max_concurrent: int | None = None
    payer_change: PayerChange = PayerChange.ALLOW  # spec: payer.allow+2
    avoid_below_fraction: float = 0.20
    cooldowns: Mapping[FailureClass, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def exchange_time(self) -> float:
        """How long one request to a token endpoint may take: its claim outlives it."""
        return LONGEST_EXCHANGE * min(
            1.0, self.claim_ttl / LEAST_CLAIM
        )  # spec: oauth.exchange.deadline+1

    def __post_init__(self) -> None:
        """Refuse what would make a pool misbehave.

        Raises:
            BadPolicy: a value is none that its name can have, or two contradict each other.
        """
        found = fault(self)
        if found is not None:
            raise BadPolicy(*found)


def fault(policy: Policy) -> tuple[str, str] | None:
    """Return the name of a value that a policy cannot have, and what is wrong; None if all is well."""
    for name, least in LEAST.items():
        if not _is_number(value := getattr(policy, name)) or not least <= value < BEYOND:
            return name, f"expected a number of seconds, {least:g} or more and below {BEYOND:.0e}"
    for failure, value in policy.cooldowns.items():
        if not _is_number(value) or not 0 <= value < BEYOND:
            what = f"expected a number of seconds, 0 or more and below {BEYOND:.0e}"
            return f"cooldowns.{failure.value}", what
    for small, large in _IN_ORDER:
        if getattr(policy, small) > getattr(policy, large):
            return small, f"expected no more than {large}, which is {getattr(policy, large):g}"
    if not _is_number(share := policy.avoid_below_fraction) or not 0 <= share <= 1:
        return "avoid_below_fraction", "expected a number from 0 to 1"
    cap: object = policy.max_concurrent
    if cap is not None and (not _is_number(cap) or not isinstance(cap, int) or cap < 1):
        return "max_concurrent", "expected a whole number above 0, or nothing"
    return _no_choice(policy)


def _no_choice(policy: Policy) -> tuple[str, str] | None:
    """Return the name of a value that is none of the words of its closed set."""
    for name, default in ((f.name, f.default) for f in fields(policy)):
        if isinstance(default, Enum) and not isinstance(getattr(policy, name), type(default)):
            return name, f"expected {' or '.join(str(word) for word in type(default))}"
    return None


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and value == value  # noqa: PLR0124  NaN is not
