"""The values a pool is made of (spec: terms, pools).

A pool is a value: frozen, compared by content, changed by `replace`.
Times are seconds since the epoch, as floats.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Final, NewType, NoReturn

from credpool.model.errors import BadPolicy, UnknownStrategy
from credpool.model.limits import First429, fault
from credpool.model.payer import Payer, PayerChange
from credpool.model.secret import Secret
from credpool.providers.quota import Windows

EntryId = NewType("EntryId", str)
"""What an entry is known by, within its pool and for as long as it exists."""

FOREVER: Final[float] = math.inf
"""The `until` of an entry that returns only when someone re-authenticates it."""


EXHAUSTION: Final = "credpool.exhaustion"
"""The key of a delivered reply's `extensions` under which the pool's `Exhaustion` is found."""


LONGEST_EXCHANGE: Final = 20.0
"""How many seconds a request to a token endpoint may take, from the look-up of its host to its end."""

LEAST_CLAIM: Final = 30.0
"""How many seconds a claim has to last for that; a shorter one cuts the request short."""


class AuthType(Enum):
    """How a credential authenticates, and so who is billed."""

    API_KEY = "api_key"
    OAUTH = "oauth"


class Status(Enum):
    """What a person is told about an entry."""

    OK = "ok"
    EXHAUSTED = "exhausted"
    DEAD = "dead"


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


class FailureClass(Enum):
    """What a failing reply means, whatever its status code (spec: classification)."""

    RATE_LIMITED = "rate_limited"
    USAGE_LIMITED = "usage_limited"
    OUT_OF_CREDIT = "out_of_credit"
    AUTH_EXPIRED = "auth_expired"
    AUTH_REJECTED = "auth_rejected"
    AUTH_REVOKED = "auth_revoked"
    NOT_ENTITLED = "not_entitled"
    FORBIDDEN = "forbidden"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    REQUEST_ERROR = "request_error"


class Scope(Enum):
    """Whom a cooldown rests on."""

    ENTRY = "entry"
    OWNER = "owner"
    MODEL = "model"
    OWNER_MODEL = "owner-model"
    CALL = "call"
    NONE = "none"

    @property
    def of_owner(self) -> bool:
        """Whether it falls to all entries of the owner."""
        return self in (Scope.OWNER, Scope.OWNER_MODEL)

    @property
    def of_model(self) -> bool:
        """Whether it speaks of one model alone."""
        return self in (Scope.MODEL, Scope.OWNER_MODEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Why an entry is out, since when, and until when."""

    failure: FailureClass
    since: float
    until: float
    code: int | None = None
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The expiring right of one holder to refresh an entry."""

    holder: str
    until: float
    doubtful: bool = False
    """Whether it was stored with a later end than a claim can have, so that a clock is wrong."""


_NO_MODELS: Final[Mapping[str, Cooldown]] = MappingProxyType({})
_NO_EXTRA: Final[Mapping[str, object]] = MappingProxyType({})
_NO_LEASES: Final[Mapping[EntryId, int]] = MappingProxyType({})
_NO_QUOTAS: Final[Mapping[EntryId, Windows]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One credential's row in a pool, with its hard state."""

    id: EntryId
    secret: Secret | None = None
    label: str = ""
    auth_type: AuthType = AuthType.API_KEY
    source: str = "manual"
    priority: int = 0
    base_url: str | None = None
    owner: str | None = None
    learnt_owner: str | None = None
    payer: Payer | None = None
    refresh_token: Secret | None = None
    token_url: str | None = None
    expires_at: float | None = None
    request_count: int = 0
    cooldown: Cooldown | None = None
    models: Mapping[str, Cooldown] = field(default_factory=lambda: _NO_MODELS)
    throttled: bool = False
    probed_at: float | None = None
    claim: Claim | None = None
    refresh_failed_at: float | None = None
    """When a refresh has failed last, since the last one that was begun."""
    borrowed: bool = False
    """Whether somebody else owns the secret: it is read again, never refreshed, never kept."""
    reference: str | None = None
    """Where the secret stands, if a row names that in its place: `env:NAME`, `file:PATH`, …"""
    extra: Mapping[str, object] = field(default_factory=lambda: _NO_EXTRA, repr=False)

    @property
    def dead(self) -> bool:
        """Whether only re-authentication brings the entry back."""
        return self.cooldown is not None and self.cooldown.until == FOREVER

    @property
    def refreshable(self) -> bool:
        """Whether the library may exchange a refresh token for this entry."""
        return self.refresh_token is not None and not self.borrowed  # spec: borrow.no-refresh+2

    @property
    def renewable(self) -> bool:
        """Whether there may be a newer token: to be had in exchange, or where this one is from."""
        return self.refreshable or self.borrowed

    def expires_within(self, seconds: float, now: float) -> bool:
        """Whether the token can be renewed, and ends within that time."""
        ends = self.expires_at is not None and self.expires_at - now <= seconds
        return ends and self.renewable

    def is_due(self, policy: "Policy", now: float) -> bool:
        """Whether the token is renewed before a request is sent with it."""
        # spec: oauth.window.advisory+2, oauth.window.mandatory+2, borrow.reread.expiry+2
        window = policy.mandatory_window if self.borrowed else policy.advisory_window
        return self.expires_within(window, now)

    def rests(self, policy: "Policy", now: float) -> bool:
        """Whether a refresh has failed so lately that none is made ahead of time."""
        failed = self.refresh_failed_at  # spec: oauth.window.advisory.rest+2
        return failed is not None and 0 <= now - failed < policy.claim_ttl

    def blocked(self, now: float, model: str | None = None) -> Cooldown | None:
        """Return the cooldown that keeps the entry out at `now` for `model`, the longest first."""
        found = (self.cooldown, self.models.get(model) if model is not None else None)
        running = [c for c in found if c is not None and c.until > now]  # spec: cooldown.end+2
        return max(running, key=lambda c: c.until, default=None)

    def status(self, now: float) -> Status:
        """Return the status a person is shown at `now`."""
        if self.dead:
            return Status.DEAD
        return Status.OK if self.blocked(now) is None else Status.EXHAUSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an operator may set; times in seconds (spec: cooldowns, exhaustion)."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """A pool: the entries of one provider in order, and how to choose among them.

    `last` and `leases` (the calls under way with each entry) are this process's alone.
    """

    key: str
    provider: str
    entries: tuple[Entry, ...] = ()
    strategy: Strategy = Strategy.FILL_FIRST  # spec: select.default+1
    policy: Policy = field(default_factory=Policy)
    last: EntryId | None = None
    leases: Mapping[EntryId, int] = field(default_factory=lambda: _NO_LEASES)
    quotas: Mapping[EntryId, Windows] = field(default_factory=lambda: _NO_QUOTAS, repr=False)
    suppressed: frozenset[str] = frozenset()
    """The sources that were removed, and are not seeded until they are added again."""
    extra: Mapping[str, object] = field(default_factory=lambda: _NO_EXTRA, repr=False)

    def find(self, entry_id: EntryId) -> Entry | None:
        """Return the entry with that id, or None."""
        return next((e for e in self.entries if e.id == entry_id), None)

    def twins(self, entry: Entry) -> Iterator[Entry]:
        """Yield the entry and every other that holds the same secret."""
        yield from (entry,) if entry.secret is None else self.holding(entry.secret)

    def holding(self, secret: Secret) -> Iterator[Entry]:
        """Yield the entries that hold the secret."""
        return (e for e in self.entries if e.secret == secret)

    def change(self, changed: Mapping[EntryId, Entry]) -> "PoolState":
        """Return the pool with those entries in place of the ones with their ids."""
        entries = tuple(changed.get(e.id, e) for e in self.entries) if changed else self.entries
        return self if entries == self.entries else replace(self, entries=entries)


def twins(entries: Iterable[Entry]) -> Mapping[EntryId, Sequence[EntryId]]:
    """Return the entries that hold one secret together, by each of their ids."""
    holders: dict[Secret | None, list[EntryId]] = {}
    for entry in entries:
        holders.setdefault(entry.secret, []).append(entry.id)
    holders.pop(None, None)
    return {one: ids for ids in holders.values() if len(ids) > 1 for one in ids}


def in_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries by ascending priority, equal ones as they were given."""
    return tuple(sorted(entries, key=lambda e: e.priority))  # spec: select.order+2


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """One entry's part in an exhaustion."""

    id: EntryId
    failure: FailureClass | None
    until: float
    forbidden: bool = False
    """Whether the policy on payers leaves it out, failure or not."""
    why: str | None = None
    """Why nothing can be sent with it, whatever replies have said of it."""
    available: bool = False
    """Whether the next call may use it: it has only failed for the present one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """Why each entry is out, and when the first returns (None: none will by itself)."""

    returns_at: float | None
    entries: tuple[Out, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no entry is available: an exhausted pool, and not one call that has tried all."""
        return not any(out.available for out in self.entries)
