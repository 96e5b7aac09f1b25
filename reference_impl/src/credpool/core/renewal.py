"""Who refreshes a login, and what comes of it (spec: oauth)."""

from collections.abc import Iterator
from dataclasses import replace

from credpool.core.cooldown import bench, secrets_tried
from credpool.core.events import (
    TOKEN_ENDPOINT,
    AwaitClaim,
    Call,
    Claimed,
    Decision,
    Deliver,
    Exchange,
    Failed,
    Grant,
    Refreshed,
    RefreshFailed,
    Rest,
    Send,
    Verdict,
)
from credpool.core.model import Claim, Entry, FailureClass, PoolState
from credpool.core.recovery import MENDED_BY_REFRESH, RECOVERY, Step
from credpool.core.select import available
from credpool.core.steps import deliver, go_on, turn_to


def claim(state: PoolState, event: Claimed, *, now: float, draw: float) -> Decision:
    """Give the right to refresh to whoever asks first, and the outcome to whoever comes later."""
    entry = state.find(event.entry)
    if entry is None or entry.secret is None or entry.refresh_token is None:
        return Decision(state, event.call, Rest())
    if entry.dead or _has_just_failed(entry, event.call, now):
        lost = RefreshFailed(event.call, entry.id, terminal=entry.dead)
        return refresh_failed(state, lost, now=now, draw=draw)  # somebody has learnt it meanwhile
    if entry.secret != event.secret:
        return Decision(state, event.call, Send(entry))
    held = entry.claim
    if held is not None and held.until > now and held.holder != event.holder:
        if _is_good_still(state, entry, event.call, now=now):
            return Decision(state, event.call, Send(entry))  # spec: oauth.single-flight.no-wait+1
        if held.doubtful and (beside := _turned(state, entry, event.call, now=now, draw=draw)):
            return beside  # spec: oauth.claim.doubtful+1
        return Decision(state, event.call, AwaitClaim(held.until))  # spec: oauth.single-flight+1
    mine = Claim(holder=event.holder, until=now + state.policy.claim_ttl)
    state = _changed(state, entry, claim=mine)
    return Decision(state, event.call, Exchange(replace(entry, claim=mine)))


def _turned(
    state: PoolState, entry: Entry, call: Call, *, now: float, draw: float
) -> Decision | None:
    """Go on with another entry that no claim holds up, if there is one."""
    used = {entry.secret, *secrets_tried(state, call)}
    free = [
        e
        for e in available(state, now=now, model=call.model)
        if e.secret not in used and (e.claim is None or e.claim.until <= now)
    ]
    return turn_to(state, call, free, now=now, draw=draw)


def arrived(state: PoolState, event: Refreshed, *, now: float, draw: float) -> Decision:
    """Put the new tokens in place, and go on with them unless they are over already."""
    decision, ends = refreshed(state, event), event.grant.expires_at
    if ends is None or ends > now or not isinstance(decision.action, Send):
        return decision
    entry, what = decision.action.entry, "the new token was over when it came"
    lost = RefreshFailed(event.call, entry.id, False, what, entry.secret)  # noqa: FBT003 (as it is)
    return refresh_failed(decision.state, lost, now=now, draw=draw)  # spec: oauth.reply.over+1


def refreshed(state: PoolState, event: Refreshed) -> Decision:
    """Put the new tokens in place, with all who hold the grant that they came for."""
    entry = state.find(event.entry)
    if entry is None:
        return Decision(state, event.call, Deliver())
    if event.grant.replaces not in (None, entry.secret):
        return Decision(state, event.call, Send(entry))  # the store has newer ones
    fresh = {e.id: _renewed(e, event.grant) for e in _login(state, entry)}
    return Decision(state.change(fresh), event.call, Send(fresh[entry.id]))


def _renewed(entry: Entry, grant: Grant) -> Entry:
    return replace(
        entry,
        secret=grant.secret,
        refresh_token=grant.refresh_token or entry.refresh_token,
        expires_at=grant.expires_at,
        claim=None,
        cooldown=None if _is_mended(entry) else entry.cooldown,  # spec: cooldown.end+1
    )


def refresh_failed(state: PoolState, event: RefreshFailed, *, now: float, draw: float) -> Decision:
    """Go on with the old token while it is good; else bench the entry, and rotate."""
    entry = state.find(event.entry)
    if entry is None or entry.secret is None:
        return Decision(state, event.call, Deliver())
    if event.secret is not None and event.secret != entry.secret:
        return Decision(state, event.call, Send(entry))  # spec: oauth.adopt-late+1
    if not event.terminal and _is_good_still(state, entry, event.call, now=now):
        # The claim stays, so that nobody asks again at once.
        return Decision(state, event.call, Send(entry))  # spec: oauth.window.advisory.harmless+1
    # spec: recover.auth-expired.failed+1, recover.auth-expired.terminal+1
    failure = FailureClass.AUTH_REVOKED if event.terminal else FailureClass.AUTH_EXPIRED
    verdict = Verdict(
        failure=failure,
        scope=RECOVERY[failure].scope,
        rule=TOKEN_ENDPOINT,
        hint=None if event.terminal else event.hint,
        message=event.message,
    )
    state = _changed(state, entry, claim=None)
    failed = Failed(event.call, entry.id, entry.secret, verdict)
    if event.call.probe and not event.terminal:  # spec: exhaust.probe.failure+1
        return replace(deliver(state, failed, now=now), call=event.call)
    state, call = bench(state, entry, failed, now=now)
    decision = go_on(state, replace(failed, call=call), Step.ROTATE, now=now, draw=draw)
    return replace(decision, call=call)


def _login(state: PoolState, entry: Entry) -> Iterator[Entry]:
    """Yield the rows of the entry's login: those that hold the same refresh token."""
    for row in state.entries:  # spec: oauth.refresh-token.shared+1
        if row.id == entry.id or row.refresh_token == entry.refresh_token is not None:
            yield row


def _changed(state: PoolState, entry: Entry, *, claim: Claim | None) -> PoolState:
    """Return the pool with that claim in every row of the entry's login."""
    return state.change({row.id: replace(row, claim=claim) for row in _login(state, entry)})


def _is_good_still(state: PoolState, entry: Entry, call: Call, *, now: float) -> bool:
    """Whether the token there is may be sent: not refused in this call, nor about to end."""
    refused = call.did(Step.REFRESH, entry.id)
    return not refused and not entry.expires_within(state.policy.mandatory_window, now)


def _has_just_failed(entry: Entry, call: Call, now: float) -> bool:
    """Whether another call's refresh has failed since this one began."""
    known = entry.blocked(now)
    failed = known is not None and known.failure is FailureClass.AUTH_EXPIRED
    return known is not None and failed and known.since >= call.started and not call.probe


def _is_mended(entry: Entry) -> bool:
    """Whether a new token proves the entry's cooldown wrong."""
    return entry.cooldown is not None and entry.cooldown.failure in MENDED_BY_REFRESH
