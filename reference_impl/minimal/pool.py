"""The pool as a value: its entries in order, and what is known of their secrets (spec/pools.md).

A provider sees a key and not a row, so cooldowns, marks and counts are kept by secret, and two rows
with one secret cannot disagree. No value changes: what happens to a pool makes another one, and
whoever looks at a pool has no effect on it. What an exhausted pool tells is here too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import httpx

SENDABLE = re.compile(r"[!-~]{1,16384}")
VARIABLE = r"(?=[A-Z0-9_]*(?:KEY|TOKEN|SECRET))[A-Z_][A-Z0-9_]*=(?!=*$)"
PASTED = re.compile(rf"[\"'`]|.*[\"'`]$|(?i:bearer$)|{VARIABLE}")


@dataclass(frozen=True)
class Secret:
    """An API key or an access token; only who asks for its `text` sees it."""

    text: str = field(repr=False)  # spec: security.no-leak+2


@dataclass(frozen=True)
class Entry:
    """One row of a pool."""

    id: str  # spec: pool.identity+1 (nothing changes in an entry)
    secret: Secret
    base_url: str = ""
    auth_type: str = "api_key"
    priority: int = 0

    @property
    def flaw(self) -> str | None:
        """Why the entry is unusable, or None."""
        if not self.secret.text:
            return "holds no secret"
        if not SENDABLE.fullmatch(self.secret.text) or PASTED.match(self.secret.text):
            return "has a secret that cannot be sent"
        return None if is_address(self.base_url) else "has a base URL that cannot be sent to"


def is_address(url: str) -> bool:
    """Whether a request can be sent to a URL."""
    try:
        parts = httpx.URL(url)
        known = parts.scheme in ("http", "https") and bool(parts.host)
    except (httpx.InvalidURL, ValueError):
        return False
    port = 1 if parts.port is None else parts.port
    return known and 0 < port < 65536 and SENDABLE.fullmatch(url) is not None


@dataclass(frozen=True)
class Cooldown:
    """Why a secret is out, since when and until when; `inf`: it is dead."""

    failure: str
    reason: str
    since: float
    until: float


@dataclass(frozen=True)
class Known:
    """The state of a secret; `marked`: its one retry after a 429 is used."""

    cooldown: Cooldown | None = None
    marked: bool = False
    count: int = 0


@dataclass(frozen=True)
class Policy:
    """The operator's choices, with the specification's defaults."""

    first_429: str = "retry"
    max_retry_wait: float = 10
    sole_cooldown: float = 60
    min_cooldown: float = 1
    max_cooldown: float = 31 * 86400
    cooldowns: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """The entries of one provider, in order, with a strategy and a policy."""

    provider: str  # spec: exhaust.same-provider+1 (a pool has one)
    entries: tuple[Entry, ...]
    strategy: str
    policy: Policy
    knowledge: Mapping[Secret, Known] = field(default_factory=dict)
    latest: str | None = None
    """The id of the entry that the latest selection chose."""

    def known(self, secret: Secret) -> Known:
        """Return what is known of a secret."""
        return self.knowledge.get(secret, Known())

    def changed(self, secret: Secret, **values: Any) -> "Pool":  # noqa: ANN401  as `Known` has them
        """Return the pool with something else known of a secret, and of no other."""
        known = replace(self.known(secret), **values)
        # spec: pool.attribution+2, pool.same-secret+3
        return replace(self, knowledge={**self.knowledge, secret: known})

    def cooldown(self, secret: Secret, now: float) -> Cooldown | None:
        """Return the cooldown that keeps a secret out, if one runs."""
        found = self.known(secret).cooldown
        return found if found and now < found.until else None  # spec: cooldown.end+2

    def is_available(self, entry: Entry, now: float) -> bool:
        """Whether an entry is neither out nor unusable."""
        # spec: pool.unusable+1
        return entry.flaw is None and self.cooldown(entry.secret, now) is None


@dataclass(frozen=True)
class Exhaustion:
    """The message of a call to its caller when no entry is left."""

    reasons: Mapping[str, tuple[str | None, float | None]]
    """By an entry's id: its failure class or its flaw, and when it returns (`inf`: never)."""
    returns_at: float | None
    """When the first entry returns; None: none returns by itself."""
    is_whole: bool
    """Whether no entry is available, to any call."""


def exhaustion(pool: Pool, failures: Mapping[Secret, str], now: float) -> Exhaustion:
    """Say why each entry is out; `failures` are those of the call that ends."""
    reasons: dict[str, tuple[str | None, float | None]] = {}
    for entry in pool.entries:
        cooldown = pool.cooldown(entry.secret, now)
        if entry.flaw or cooldown is None:  # spec: exhaust.all-tried+2
            reasons[entry.id] = entry.flaw or failures.get(entry.secret), None
        else:  # spec: exhaust.reasons+3
            reasons[entry.id] = cooldown.failure, cooldown.until
    ends = [until for _, until in reasons.values() if until is not None and until < inf]
    is_whole = not any(pool.is_available(entry, now) for entry in pool.entries)
    return Exhaustion(reasons, min(ends, default=None), is_whole)  # spec: exhaust.returns-at+2


class PoolExhausted(Exception):
    """No entry is available, so nothing was sent; `exhaustion` says why."""

    def __init__(self, exhaustion: Exhaustion) -> None:
        reasons = ", ".join(f"{entry}: {why}" for entry, (why, _) in exhaustion.reasons.items())
        super().__init__(f"no entry is available until {exhaustion.returns_at} ({reasons})")
        self.exhaustion = exhaustion
