"""What the values of a policy may be (spec: configuration). A test holds them against the table."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from credpool.model.entry import Policy


class First429(Enum):
    """What the first rate limit of an entry leads to."""

    RETRY = "retry"
    ROTATE = "rotate"


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
"""What every number of seconds is below: three hundred years."""

_IN_ORDER: Final[Sequence[tuple[str, str]]] = (
    ("min_cooldown", "max_cooldown"),
    ("mandatory_window", "advisory_window"),
)
"""Pairs of which the first is at most the second."""


def fault(policy: "Policy") -> tuple[str, str] | None:
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


def _no_choice(policy: "Policy") -> tuple[str, str] | None:
    """Return the name of a value that is none of the words of its closed set."""
    for name, default in ((f.name, f.default) for f in fields(policy)):
        if isinstance(default, Enum) and not isinstance(getattr(policy, name), type(default)):
            return name, f"expected {' or '.join(str(word) for word in type(default))}"
    return None


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and value == value  # noqa: PLR0124  NaN is not
