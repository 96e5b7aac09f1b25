"""Refreshes of a login: who makes them, their results, and how a call goes on then (spec: oauth).

A refresh belongs to no call: its outcome is put into the pool, and each call that wanted it, the
one that has made it too, looks at the entry again.
"""

from collections.abc import Iterator
from dataclasses import replace

from credpool.model.entry import Claim, Entry
from credpool.model.messages import (
    TOKEN_ENDPOINT,
    AwaitClaim,
    Call,
    Claimed,
    Decision,
    Exchange,
    Failed,
    Grant,
    Refresh,
    Refreshed,
    RefreshFailed,
    Rest,
    Resumed,
    Send,
    Verdict,
)
from credpool.model.recovery import ENDED_BY_REFRESH, RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FailureClass
from credpool.rules.cooldown import bench
from credpool.rules.next_step import leave, turn_to, untried
from credpool.rules.usable import is_disabled


def claim(state: PoolState, event: Claimed, *, now: float, draw: float) -> Decision:
    """Give the right to refresh to whoever asks first, and the outcome to whoever comes later."""
    entry, call = state.find(event.entry), event.call
    # spec: oauth.single-flight.adopt+2, operator.remove.refresh+1
    if entry is None or not _is_in(state, entry, event, now):
        return leave(state, call, now=now, draw=draw)
    held = entry.claim if entry.claim is not None and entry.claim.until > now else None
    is_good = _is_good(state, entry, call, event.secret, now=now)
    waits = held is not None or entry.rests(state.policy, now) or not entry.refreshable
    settled = entry.id in call.renewed or entry.secret != event.secret or waits
    if (is_good and settled) or _has_come_for(state, entry, event, now=now):
        return Decision(state, call, Send(entry))  # spec: oauth.single-flight.no-wait+2
    if held is not None and held.holder != event.holder and entry.refresh_failed_at is None:
        beside = _turned(state, entry, call, now=now, draw=draw) if held.doubtful else None
        return beside or Decision(
            state, call, AwaitClaim(held.until)
        )  # spec: oauth.single-flight+2
    if entry.id in call.renewed or not entry.refreshable:  # spec: oauth.once+1
        return leave(state, call, now=now, draw=draw)
    is_spent = held is not None and held.holder != event.holder  # its request had no answer
    if is_spent or _has_just_failed(entry, event):  # spec: oauth.claim.ends+1
        return _refused(state, entry, event, now=now, draw=draw)
    # spec: oauth.claim.expires+2
    mine = Claim(holder=event.holder, until=now + state.policy.claim_ttl)
    state = _changed(state, entry, claim=mine, failed_at=None)
    call = replace(call, renewed=(*call.renewed, entry.id))
    return Decision(state, call, Exchange(replace(entry, claim=mine, refresh_failed_at=None)))


def _turned(
    state: PoolState, entry: Entry, call: Call, *, now: float, draw: float
) -> Decision | None:
    """Go on with another entry that no claim holds up, if there is one."""
    free = [  # spec: oauth.claim.doubtful+1
        e
        for e in untried(state, call, now=now)
        if e.secret != entry.secret and (e.claim is None or e.claim.until <= now)
    ]
    return turn_to(state, call, free, now=now, draw=draw)


def resumed(state: PoolState, event: Resumed, *, now: float, draw: float) -> Decision:
    """Go on with the entry after a wait, if it and the token it has by now may be used."""
    entry, call = state.find(event.entry), event.call
    if entry is None or not _is_in(state, entry, event, now):  # spec: recover.look-again+1
        return leave(state, call, now=now, draw=draw)
    if _is_good(state, entry, call, event.secret, now=now):
        return Decision(state, call, Send(entry))
    if entry.id in call.renewed:
        return leave(state, call, now=now, draw=draw)
    return Decision(state, call, Refresh(entry))


def arrived(state: PoolState, event: Refreshed, *, now: float) -> Decision:
    """Put the new tokens in place, unless they are over already."""
    if not event.grant.is_over(now):
        return refreshed(state, event)
    stored = _with_refresh_token(state, event.grant)  # spec: oauth.reply.over+2
    what = "the new token was over when it came"
    lost = RefreshFailed(
        event.call,
        event.entry,
        terminal=False,
        message=what,
        secret=event.grant.replaces,
        holder=event.holder,
    )
    return refresh_failed(stored, lost, now=now)


def refreshed(state: PoolState, event: Refreshed) -> Decision:
    """Put the new tokens in place, with all who hold the grant that they came for."""
    fresh = {e.id: _renewed(e, event.grant) for e in _heirs(state, event)}
    return _settled(state.change(fresh), event)


def _heirs(state: PoolState, event: Refreshed) -> Iterator[Entry]:
    """Yield the rows that the new tokens are for: what somebody has put there since is newer."""
    entry, grant = state.find(event.entry), event.grant
    newer = entry is not None and grant.replaces not in (None, entry.secret)
    if grant.spent is None:
        if entry is not None and not newer:
            yield entry
    elif not newer or entry is None or entry.refresh_token != grant.spent:
        yield from _holding(state, grant.spent)  # spec: oauth.late-token+1


def _with_refresh_token(state: PoolState, grant: Grant) -> PoolState:
    """Return the pool with the new refresh token in place of the one that was spent for it."""
    if grant.refresh_token is None or grant.spent is None:
        return state
    rows = _holding(state, grant.spent)
    return state.change({e.id: replace(e, refresh_token=grant.refresh_token) for e in rows})


def _renewed(entry: Entry, grant: Grant) -> Entry:
    return replace(
        entry,
        secret=grant.secret,
        refresh_token=grant.refresh_token or entry.refresh_token,
        expires_at=grant.expires_at,
        login_ends_at=grant.login_ends_at or entry.login_ends_at,
        claim=None,
        refresh_failed_at=None,
        # spec: cooldown.end+2, oauth.new-token.ends+1
        cooldown=None if _is_disproved(entry) else entry.cooldown,
    )


def refresh_failed(state: PoolState, event: RefreshFailed, *, now: float) -> Decision:
    """Leave the entry in use while its token is good; else bench it."""
    entry = state.find(event.entry)
    if entry is None or entry.secret is None or event.secret not in (None, entry.secret):
        return _settled(state, event)  # spec: oauth.adopt-late+2
    held = entry.claim if entry.claim is not None and entry.claim.until > now else None
    if held is not None and event.holder not in (None, held.holder):
        return _settled(state, event)  # somebody else is at it by now: the outcome is theirs
    stored = (
        held if event.unanswered else None
    )  # spec: oauth.claim.ends+1, oauth.claim.unanswered+1
    state = _changed(state, entry, claim=stored, failed_at=now)
    is_harmless = event.call.probe or _is_good(state, entry, event.call, entry.secret, now=now)
    if is_harmless and not event.terminal:
        return _settled(state, event)  # spec: oauth.window.advisory.harmless+2
    return _settled(_benched(state, event, entry, entry.secret, now=now), event)


def _settled(state: PoolState, event: Refreshed | RefreshFailed) -> Decision:
    """Return the pool as a refresh has left it; its call looks for itself how to go on."""
    call = replace(event.call, renewed=(*event.call.renewed, event.entry))
    return Decision(state, call, Rest())


def _refused(
    state: PoolState, entry: Entry, event: Claimed, *, now: float, draw: float
) -> Decision:
    """Leave an entry whose refresh somebody else has seen fail; this call needed it."""
    if entry.secret is not None and not event.call.probe:
        lost = RefreshFailed(event.call, entry.id, terminal=False)
        state = _benched(state, lost, entry, entry.secret, now=now)
    call = replace(event.call, renewed=(*event.call.renewed, entry.id))
    return leave(state, call, now=now, draw=draw)


def _benched(
    state: PoolState, event: RefreshFailed, entry: Entry, secret: Secret, *, now: float
) -> PoolState:
    """Return the pool with the entry out, for as long as the token endpoint says."""
    # spec: recover.auth-expired.failed+2, recover.auth-expired.terminal+4
    failure = FailureClass.AUTH_REVOKED if event.terminal else FailureClass.AUTH_EXPIRED
    verdict = Verdict(
        failure=failure,
        scope=RECOVERY[failure].scope,
        rule=TOKEN_ENDPOINT,
        hint=None if event.terminal else event.hint,
        message=event.message,
    )
    benched, _ = bench(state, Failed(event.call, entry.id, secret, verdict), now=now)
    return benched


def _holding(state: PoolState, refresh_token: Secret) -> Iterator[Entry]:
    """Yield the rows of one login: those that hold its refresh token."""
    yield from (row for row in state.entries if row.refresh_token == refresh_token)


def _login(state: PoolState, entry: Entry) -> Iterator[Entry]:
    """Yield the rows of the entry's login, the entry among them."""
    for row in state.entries:  # spec: oauth.refresh-token.replaced+2
        if row.id == entry.id or row.refresh_token == entry.refresh_token is not None:
            yield row


def _changed(
    state: PoolState, entry: Entry, *, claim: Claim | None, failed_at: float | None
) -> PoolState:
    """Return the pool with that claim, or that failure, in every row of the entry's login."""
    return state.change(
        {
            row.id: replace(row, claim=claim, refresh_failed_at=failed_at)
            for row in _login(state, entry)
        }
    )


def _is_in(state: PoolState, entry: Entry, event: Claimed | Resumed, now: float) -> bool:
    """Whether the call may go on with the entry: it has not gone out since, nor for its token."""
    if entry.secret is None or entry.dead or is_disabled(state, entry):
        return False
    out, known = entry.blocked(now, event.call.model), event.known
    if out is None or event.call.probe:
        return True
    is_old = known is not None and (out.since, out.until) == (known.since, known.until)
    return is_old and out.failure not in ENDED_BY_REFRESH


def _is_good(state: PoolState, entry: Entry, call: Call, known: Secret, *, now: float) -> bool:
    """Whether the token there is may be sent: not refused in this call, nor about to end."""
    refused = entry.secret == known and call.refused(entry.id) in ENDED_BY_REFRESH
    return not refused and not entry.expires_within(state.policy.mandatory_window, now)


def _has_come_for(state: PoolState, entry: Entry, event: Claimed, *, now: float) -> bool:
    """Whether the token is what this call has refreshed or waited for, however short its life."""
    if entry.secret == event.secret or (entry.expires_at is not None and entry.expires_at <= now):
        return False
    since = event.waits_since
    prompt = since is not None and now - since < state.policy.mandatory_window
    return prompt or entry.id in event.call.renewed


def _has_just_failed(entry: Entry, event: Claimed) -> bool:
    """Whether the refresh that the call has waited for has failed."""
    failed, since = entry.refresh_failed_at, event.waits_since
    return failed is not None and since is not None and failed >= since


def _is_disproved(entry: Entry) -> bool:
    """Whether a new token proves the entry's cooldown wrong."""
    out = entry.cooldown
    if out is None or out.failure not in ENDED_BY_REFRESH:
        return False
    return not entry.dead or out.reason == TOKEN_ENDPOINT  # spec: oauth.late-token.dead+1
