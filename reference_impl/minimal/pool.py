"""The pool as a value: its entries in order, and what is known of their secrets (spec/pools.md).

A provider sees a key and not a row, so cooldowns, marks and counts are kept by secret: two rows
with one secret cannot disagree. Nothing here can be changed in place. Whoever looks at a pool
looks at a value, and what happens to a pool makes a new one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from minimal.rules import Provider

BLANKS = " \t\r\n"
SENDABLE = re.compile(r"[!-~]{1,16384}")
PASTED = re.compile(r"[\"'`]|.*[\"'`]$|(?i:bearer\b)|[A-Z_][A-Z0-9_]*=(?!=*$)")


@dataclass(frozen=True)
class Secret:
    """A secret that shows itself to nobody who does not ask for it."""

    text: str = field(repr=False)  # spec: security.no-leak+2

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.strip(BLANKS))  # spec: pool.blanks+2


@dataclass(frozen=True)
class Entry:
    """One row of a pool; nothing in it ever changes, its id least of all."""  # spec: pool.identity+1

    id: str
    secret: Secret
    base_url: str
    label: str = ""
    auth_type: str = "api_key"
    priority: int = 0

    def __post_init__(self) -> None:
        bare = self.base_url.strip(BLANKS).rstrip("/")  # spec: pool.blanks+2
        object.__setattr__(self, "base_url", bare)

    @property
    def flaw(self) -> str | None:
        """Why nothing can be sent with the entry, or None."""
        if not self.secret.text:
            return "holds no secret"
        if not SENDABLE.fullmatch(self.secret.text) or PASTED.match(self.secret.text):
            return "has a secret that cannot be sent"
        try:
            url = urlsplit(self.base_url)
            fine = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            fine = False
        if not fine or not SENDABLE.fullmatch(self.base_url):
            return "has a base URL that nothing can be sent to"
        return None


@dataclass(frozen=True)
class Cooldown:
    """Why a secret is out, since when, and until when; a death has no end."""

    failure: str
    reason: str
    since: float
    until: float


@dataclass(frozen=True)
class State:
    """What is known of a secret; `marked`: its one retry after a 429 is used."""

    cooldown: Cooldown | None = None
    marked: bool = False
    count: int = 0


@dataclass(frozen=True)
class Policy:
    """What an operator can choose, with the specification's defaults."""

    first_429: str = "retry"
    max_retry_wait: float = 10
    sole_cooldown: float = 60
    min_cooldown: float = 1
    max_cooldown: float = 31 * 86400
    cooldowns: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """The entries of one provider, in order, with a strategy and a policy."""

    provider: Provider  # spec: exhaust.same-provider+1  a pool knows no other
    entries: tuple[Entry, ...]
    strategy: str
    policy: Policy
    states: Mapping[Secret, State] = field(default_factory=dict)
    latest: str | None = None
    """The id of the entry that the latest selection chose."""

    def state(self, secret: Secret) -> State:
        """Return what is known of a secret."""
        return self.states.get(secret, State())

    def changed(self, secret: Secret, **values: object) -> "Pool":
        """Return the pool with something else known of a secret, and of no other."""
        # spec: pool.attribution+2, pool.same-secret+3
        return replace(self, states={**self.states, secret: replace(self.state(secret), **values)})

    def cooldown(self, entry: Entry, now: float) -> Cooldown | None:
        """Return what keeps an entry out, if something does."""
        found = self.state(entry.secret).cooldown
        return found if found and now < found.until else None  # spec: cooldown.end+2

    def is_available(self, entry: Entry, now: float) -> bool:
        """Whether an entry is not out, and can be sent with."""
        # spec: select.available+2, pool.unusable+1
        return entry.flaw is None and self.cooldown(entry, now) is None


@dataclass(frozen=True)
class Out:
    """Why an entry is out, and until when; or why it is unusable."""

    failure: str | None
    until: float | None = None
    flaw: str | None = None


@dataclass(frozen=True)
class Exhaustion:
    """What a call tells its caller when no entry is left for it."""

    entries: Mapping[str, Out]
    returns_at: float | None
    """The earliest moment at which an entry returns; None: none returns by itself."""
    is_whole: bool
    """Whether no entry is available; otherwise this call alone has tried them all."""


class PoolExhausted(Exception):
    """No entry is available, and nothing was sent."""  # spec: exhaust.nothing-sent+2

    def __init__(self, exhaustion: Exhaustion) -> None:
        why = ", ".join(f"{i} {out.flaw or out.failure}" for i, out in exhaustion.entries.items())
        when = "none returns by itself" if exhaustion.returns_at is None else (
            f"the first returns at {exhaustion.returns_at:.0f}"
        )
        super().__init__(f"no entry is available ({why}); {when}")
        self.exhaustion = exhaustion


def exhaustion_of(pool: Pool, failures: Mapping[Secret, str], now: float) -> Exhaustion:
    """Say why each entry is out; `failures` are the last ones of the call that ends."""
    told = {}
    for entry in pool.entries:
        cooldown = pool.cooldown(entry, now)
        if entry.flaw or cooldown is None:  # spec: exhaust.all-tried+1
            told[entry.id] = Out(None if entry.flaw else failures.get(entry.secret), None, entry.flaw)
        else:  # spec: exhaust.reasons+2
            told[entry.id] = Out(cooldown.failure, cooldown.until)
    ends = [out.until for out in told.values() if out.until not in (None, float("inf"))]
    is_whole = not any(pool.is_available(entry, now) for entry in pool.entries)
    return Exhaustion(told, min(ends, default=None), is_whole)  # spec: exhaust.returns-at+2
