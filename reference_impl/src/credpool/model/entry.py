"""One credential's row in a pool, as a value (spec: terms, pools)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from credpool.model.policy import Policy
from credpool.model.secret import Secret
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass, Payer, Status


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


@dataclass(frozen=True, slots=True)
class Window:
    """One of an entry's quotas: the fraction that is left, and when it is whole again."""

    left: float
    until: float
    lasts: bool = field(default=False, compare=False)
    """Whether a reply told it more than an hour before its reset."""


Windows = Mapping[str, Window]
"""The known quotas of an entry, by the names of the windows."""

_NO_WINDOWS: Final[Windows] = MappingProxyType({})
_NO_MODELS: Final[Mapping[str, Cooldown]] = MappingProxyType({})
_NO_EXTRA: Final[Mapping[str, object]] = MappingProxyType({})


def fits(name: str, model: str) -> bool:
    """Return whether a name that an entry serves is the model's, or begins as the model's does."""
    return model.startswith(name[:-1]) if name.endswith("*") else model == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One credential's row in a pool, with its hard state."""

    id: EntryId  # spec: pool.identity+1
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
    login_ends_at: float | None = None
    """From when on the login cannot be renewed by any refresh, if that is known."""
    request_count: int = 0
    cooldown: Cooldown | None = None
    models: Mapping[str, Cooldown] = field(default_factory=lambda: _NO_MODELS)
    marked: bool = False
    """Whether it has the mark of a first 429: its one retry is used."""
    probed_at: float | None = None
    claim: Claim | None = None
    refresh_failed_at: float | None = None
    """When a refresh has failed last, since the last one that was begun."""
    borrowed: bool = False
    """Whether somebody else owns the secret: it is read again, never refreshed, never kept."""
    reference: str | None = None
    """Where the secret stands, if a row names that in its place: `env:NAME`, `file:PATH`, …"""
    disabled: bool = False
    """Whether a person has paused it: nothing is sent with its secret."""
    unread: bool = False
    """Whether its secret is where only a call looks, since a program has to be run there."""
    serves: tuple[str, ...] = ()
    """The models it is for, by name or with `*` for any ending; none: every model."""
    windows: Windows = field(default_factory=lambda: _NO_WINDOWS)
    """Its quotas as they were known when the store was written last: for people, and soft state."""
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

    def is_due(self, policy: Policy, now: float) -> bool:
        """Whether the token is renewed before a request is sent with it."""
        # spec: oauth.window.advisory+2, oauth.window.mandatory+2, borrow.reread.expiry+2
        window = policy.mandatory_window if self.borrowed else policy.advisory_window
        return self.expires_within(window, now)

    def rests(self, policy: Policy, now: float) -> bool:
        """Whether a refresh has failed so lately that none is made ahead of time."""
        failed = self.refresh_failed_at  # spec: oauth.window.advisory.rest+2
        return failed is not None and 0 <= now - failed < policy.claim_ttl

    def takes(self, model: str | None) -> bool:
        """Whether the entry serves a model; one that names no models serves all."""
        names = self.serves if model is not None else ()
        return not names or any(fits(name, model or "") for name in names)

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
