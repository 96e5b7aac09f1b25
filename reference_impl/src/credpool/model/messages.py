"""The events of a pool, and the actions that answer them (spec: recovery).

A `Call` is a value too: what one request of the caller's has tried so far.
"""

from dataclasses import dataclass
from typing import Final

from credpool.model.entry import Cooldown, Entry
from credpool.model.exhaustion import Exhaustion
from credpool.model.recovery import Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass, Scope

TOKEN_ENDPOINT: Final = "token-endpoint"  # noqa: S105 (a name)
"""The rule of a verdict that the token endpoint has spoken, not the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request sent: the entry, what its failure meant (None: no failure), what came next.

    `answered` is False when no reply came, or none that says anything about the entry.
    """

    entry: EntryId
    failure: FailureClass | None
    step: Step
    hinted: bool = False
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the caller's; `probe` tells that it tests an entry that is out.

    `home` is the entry that last answered its session, if it belongs to one.
    """

    started: float
    model: str | None = None
    home: EntryId | None = None
    probe: bool = False
    attempts: tuple[Attempt, ...] = ()
    benched: tuple[Cooldown, ...] = ()
    renewed: tuple[EntryId, ...] = ()
    """The entries whose one refresh the call has had, whatever came of it."""
    secrets: tuple[Secret, ...] = ()
    """The secrets that the call has rotated away from: a row can be removed, and another have its secret."""

    def tried(self, entry_id: EntryId) -> bool:
        """Whether the call has sent a request with the entry, or had its refresh."""
        return entry_id in self.renewed or any(a.entry == entry_id for a in self.attempts)

    def did(self, step: Step, entry_id: EntryId) -> bool:
        """Whether the call has taken that step with the entry."""
        return any(a.entry == entry_id and a.step is step for a in self.attempts)

    def refused(self, entry_id: EntryId) -> FailureClass | None:
        """Return what the latest refusal of the entry meant, if there was one."""
        return next((a.failure for a in reversed(self.attempts) if a.entry == entry_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The meaning of a failing reply; `hint` is seconds from now, `cooldown` the rule's default."""

    failure: FailureClass
    scope: Scope
    rule: str
    hint: float | None = None
    cooldown: float | None = None
    code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """New tokens for an entry; no refresh token means: keep the old one (RFC 6749 §6).

    `replaces` is the access token in whose place they are to be, and `spent` the refresh token
    that was presented for them; who holds neither any more has no use for them. `owner` is whose
    quota their source names, and `login_ends_at` from when on no refresh renews them.
    """

    secret: Secret
    refresh_token: Secret | None = None
    expires_at: float | None = None
    replaces: Secret | None = None
    spent: Secret | None = None
    owner: str | None = None
    login_ends_at: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether the new token has already ended."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Started:
    """A caller wants an answer."""

    call: Call


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The provider answered a request that carried `secret`; `owner` is whose quota it names."""

    call: Call
    entry: EntryId
    secret: Secret
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider refused; `secret` is the one the request carried.

    `late` tells that the caller had a part of the reply before it told the failure.
    """

    call: Call
    entry: EntryId
    secret: Secret
    verdict: Verdict
    owner: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """`holder` asks for the right to refresh the entry whose token is `secret`, or for the outcome.

    `known` is the cooldown that the entry had when its token was needed, and `waits_since` is
    since when the call has waited for somebody else's refresh, if it has.
    """

    call: Call
    entry: EntryId
    secret: Secret
    holder: str
    known: Cooldown | None = None
    waits_since: float | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """A call that has waited goes on with the entry, which had `secret` and `known` before."""

    call: Call
    entry: EntryId
    secret: Secret
    known: Cooldown | None = None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The token endpoint gave new tokens to `holder`, who had the claim."""

    call: Call
    entry: EntryId
    grant: Grant
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshFailed:
    """The token endpoint refused; `terminal` when the grant is gone for good.

    `secret` is the token that was to be replaced: whoever has replaced it meanwhile has won.
    `hint` is how many seconds the token endpoint asks to be left alone; `holder` is who had the
    claim; `unanswered` tells that the request was sent, and what became of the grant is not known.
    """

    call: Call
    entry: EntryId
    terminal: bool
    message: str | None = None
    secret: Secret | None = None
    hint: float | None = None
    holder: str | None = None
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """A person ends the cooldown of one entry, or of all (None)."""

    entry: EntryId | None = None


Message = Started | Succeeded | Failed | Claimed | Resumed | Refreshed | RefreshFailed | Reset


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request with this entry's secret."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until that moment, then go on with the entry as it is by then."""

    entry: Entry
    until: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask for the claim, and exchange the refresh token."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Exchange:
    """The claim is yours: exchange this entry's refresh token."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class AwaitClaim:
    """Somebody else is refreshing: look again, at the latest when their claim has expired."""

    until: float


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give the caller the latest reply; with an exhaustion, when it was the pool's last."""

    exhaustion: Exhaustion | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing was sent and nothing can be."""

    exhaustion: Exhaustion


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is to be done."""


Action = Send | Wait | Refresh | Exchange | AwaitClaim | Deliver | GiveUp | Rest


@dataclass(frozen=True, slots=True)
class Decision:
    """The pool as it is now, the call as it is now, and what to do.

    `selected` tells that the strategy chose, and so that `random` used its draw.
    """

    state: PoolState
    call: Call
    action: Action
    selected: bool = False

    def changes(self, before: PoolState) -> bool:
        """Whether an entry is another than it was, so that the decision has to be durable."""
        return self.state.entries is not before.entries
