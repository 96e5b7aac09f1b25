"""The rules: `decide(state, event, now, draw)` (spec: recovery, cooldowns, exhaustion).

Values in, values out. Whatever is random or on a clock comes in as `draw` and `now`.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from credpool.core.cooldown import bench, cap, exhaustion, secrets_tried, spread
from credpool.core.events import (
    Attempt,
    AwaitClaim,
    Call,
    Claimed,
    Decision,
    Deliver,
    Event,
    Exchange,
    Failed,
    GiveUp,
    Refresh,
    Refreshed,
    RefreshFailed,
    Reset,
    Rest,
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.core.model import (
    Claim,
    Entry,
    EntryId,
    FailureClass,
    PoolState,
    Scope,
)
from credpool.core.recovery import RECOVERY, Step
from credpool.core.select import available, choose

_MENDED_BY_REFRESH: Final = frozenset(
    {FailureClass.AUTH_EXPIRED, FailureClass.AUTH_REJECTED, FailureClass.AUTH_REVOKED}
)


def decide(state: PoolState, event: Event, *, now: float, draw: float) -> Decision:
    """Return the pool after `event`, and what to do next.

    Args:
        state: the pool as it is.
        event: what has happened.
        now: seconds since the epoch.
        draw: a number in [0, 1), used by the `random` strategy alone.
    """
    match event:
        case Started(call):
            return _start(state, call, now=now, draw=draw)
        case Succeeded(call, entry_id):
            return _succeed(state, call, entry_id)
        case Failed():
            return _fail(state, event, now=now, draw=draw)
        case Claimed():
            return _claim(state, event, now=now, draw=draw)
        case Refreshed():
            return _refreshed(state, event)
        case RefreshFailed():
            return _refresh_failed(state, event, now=now, draw=draw)
        case Reset(entry_id):
            return _reset(state, entry_id, now=now)
        case _:
            assert_never(event)


def _start(state: PoolState, call: Call, *, now: float, draw: float) -> Decision:
    chosen = choose(state, available(state, now=now, model=call.model), draw=draw)
    if chosen is not None:
        return _selected(state, call, chosen, now=now)
    due = _probe_due(state, call, now=now)
    if due is None:  # spec: exhaust.nothing-sent+1
        return Decision(state, call, GiveUp(exhaustion(state, now=now, model=call.model)))
    probed = replace(due, probed_at=now)
    action = _first(state, probed, now=now)
    return Decision(state.change({due.id: probed}), replace(call, probe=True), action)


def _selected(state: PoolState, call: Call, entry: Entry, *, now: float) -> Decision:
    action = _first(state, entry, now=now)
    return Decision(replace(state, last=entry.id), call, action, selected=True)


def _first(state: PoolState, entry: Entry, *, now: float) -> Send | Refresh:
    """Return what is done first with an entry: a token about to end is refreshed."""
    # spec: oauth.window.advisory+1, oauth.window.mandatory+1
    due = entry.expires_within(state.policy.advisory_window, now)
    return Refresh(entry) if due else Send(entry)


def _probe_due(state: PoolState, call: Call, *, now: float) -> Entry | None:
    """Return the least recently probed entry that may be tried although it is out."""
    policy = state.policy

    def due(entry: Entry) -> bool:  # spec: exhaust.probe+1, exhaust.probe.dead+1
        cooldown = entry.blocked(now, call.model)
        if cooldown is None or entry.dead or entry.secret is None:
            return False
        rested = entry.probed_at is None or now - entry.probed_at >= policy.probe_interval
        return rested and now - cooldown.since > policy.probe_after

    return min((e for e in state.entries if due(e)), key=lambda e: e.probed_at or 0.0, default=None)


def _succeed(state: PoolState, call: Call, entry_id: EntryId) -> Decision:
    call = _tried(call, entry_id, None, Step.DELIVER)
    entry = state.find(entry_id)
    if entry is None:
        return Decision(state, call, Deliver())
    if call.probe:  # spec: exhaust.probe.success+1
        state = state.change(_released(state, entry, call.model))
    elif entry.throttled:  # spec: recover.rate-limited.across-calls+1
        state = state.change({entry.id: replace(entry, throttled=False)})
    return Decision(state, call, Deliver())


def _released(state: PoolState, entry: Entry, model: str | None) -> dict[EntryId, Entry]:
    """Return the entries that one proof of life brings back: out for the same reason."""
    proven = (entry.cooldown, entry.models.get(model or ""))
    wrong = {c.failure for c in proven if c is not None}
    shared = any(RECOVERY[failure].scope is Scope.OWNER for failure in wrong)
    fellows = spread(state, entry, entry.secret, Scope.OWNER if shared else Scope.ENTRY)
    back = {e.id: _without(e, wrong, model) for e in fellows}
    return {**back, entry.id: replace(back[entry.id], probed_at=None, throttled=False)}


def _without(entry: Entry, wrong: Collection[FailureClass], model: str | None) -> Entry:
    """Return the entry without its cooldowns for those failures, in general and for the model."""
    out = entry.cooldown
    return replace(
        entry,
        cooldown=None if out is not None and out.failure in wrong else out,
        models={m: c for m, c in entry.models.items() if m != model or c.failure not in wrong},
    )


def _fail(state: PoolState, event: Failed, *, now: float, draw: float) -> Decision:
    entry = state.find(event.entry)
    if entry is not None:
        event = replace(event, verdict=_settled(event.verdict, entry))
    step = RECOVERY[event.verdict.failure].step
    if entry is None or (_is_stale(entry, event) and step is Step.ROTATE):
        last = _deliver if step is Step.DELIVER else partial(_next, step=Step.TRY_NEXT, draw=draw)
        return last(state, event, now=now)  # spec: pool.attribution.unknown+1
    match step:
        case Step.REFRESH if _may_refresh(entry, event):
            call = _tried(event.call, entry.id, event.verdict, Step.REFRESH)
            renewed = entry.secret != event.secret  # somebody has refreshed it meanwhile
            return Decision(state, call, Send(entry) if renewed else Refresh(entry))
        case _ if step is Step.DELIVER or (event.call.probe and not _is_death(event)):
            return _deliver(state, event, now=now)  # spec: exhaust.probe.failure+1
        case Step.TRY_NEXT:
            return _next(state, event, Step.TRY_NEXT, now=now, draw=draw)
        case Step.RETRY if _may_retry(state, entry, event, now=now):
            return _retry(state, entry, event, now=now)
        case _:
            state, call = bench(state, entry, event, now=now)
            return _next(state, replace(event, call=call), Step.ROTATE, now=now, draw=draw)


def _is_death(event: Failed) -> bool:
    return event.verdict.failure is FailureClass.AUTH_REVOKED


def _is_stale(entry: Entry, event: Failed) -> bool:
    """Whether the refusal is of a secret that the entry no longer holds."""
    return entry.secret != event.secret and event.verdict.failure in _MENDED_BY_REFRESH


def _settled(verdict: Verdict, entry: Entry) -> Verdict:
    """Tell a token that has run out from a key that is refused, by what the entry can do."""
    match verdict.failure, entry.refreshable:
        case FailureClass.AUTH_REJECTED, True:  # spec: classify.refreshable+1
            return replace(verdict, failure=FailureClass.AUTH_EXPIRED)
        case FailureClass.AUTH_EXPIRED, False:
            return replace(verdict, failure=FailureClass.AUTH_REJECTED)
        case _:
            return verdict


def _may_refresh(entry: Entry, event: Failed) -> bool:
    """Whether the attempt is repeated with a new token."""
    if entry.secret is None or entry.dead:  # spec: recover.auth-expired.terminal+1
        return False
    return not event.call.did(Step.REFRESH, entry.id)  # spec: recover.bounded+1


def _may_retry(state: PoolState, entry: Entry, event: Failed, *, now: float) -> bool:
    """Whether a rate-limited entry is tried once more."""
    if entry.throttled or event.call.did(Step.RETRY, entry.id):
        return False  # spec: recover.rate-limited.rotate-second+1
    if entry.blocked(now, event.call.model) is not None:
        return False
    hint = event.verdict.hint  # spec: recover.rate-limited.long-hint+1
    return hint is None or hint <= state.policy.max_retry_wait


def _retry(state: PoolState, entry: Entry, event: Failed, *, now: float) -> Decision:
    again = replace(entry, throttled=True)
    state = state.change({entry.id: again})
    call = _tried(event.call, entry.id, event.verdict, Step.RETRY)
    hint = event.verdict.hint
    if hint is None or hint <= 0:
        return Decision(state, call, Send(again))
    return Decision(state, call, Wait(again, now + hint))  # spec: recover.rate-limited.wait-hint+1


def _next(state: PoolState, event: Failed, step: Step, *, now: float, draw: float) -> Decision:
    """Go on with an untried available entry, or end the call."""
    ready = available(state, now=now, model=event.call.model)
    tried = _tried(event.call, event.entry, event.verdict, step)
    used = secrets_tried(state, tried)  # spec: pool.same-secret+1
    untried = [e for e in ready if e.secret not in used]
    chosen = choose(state, untried, draw=draw)
    if chosen is not None:  # spec: recover.progress+1, recover.all-tried+1
        return _selected(state, tried, chosen, now=now)
    return _deliver(cap(state, tried, now=now), event, now=now)


def _deliver(state: PoolState, event: Failed, *, now: float) -> Decision:
    call = _tried(event.call, event.entry, event.verdict, Step.DELIVER)
    if available(state, now=now, model=call.model):  # spec: exhaust.plain-reply+1
        return Decision(state, call, Deliver())
    return Decision(state, call, Deliver(exhaustion(state, now=now, model=call.model)))


def _tried(call: Call, entry_id: EntryId, verdict: Verdict | None, step: Step) -> Call:
    attempt = Attempt(
        entry=entry_id,
        failure=verdict.failure if verdict else None,
        step=step,
        hinted=verdict is not None and verdict.hint is not None,
    )
    return replace(call, attempts=(*call.attempts, attempt))


def _claim(state: PoolState, event: Claimed, *, now: float, draw: float) -> Decision:
    entry = state.find(event.entry)
    if entry is None or entry.secret is None or entry.refresh_token is None:
        return Decision(state, event.call, Rest())
    if entry.dead or _has_just_failed(entry, event.call, now):
        lost = RefreshFailed(event.call, entry.id, terminal=entry.dead)
        return _refresh_failed(state, lost, now=now, draw=draw)  # somebody has learnt it meanwhile
    if entry.secret != event.secret:
        return Decision(state, event.call, Send(entry))
    held = entry.claim
    if held is not None and held.until > now and held.holder != event.holder:
        if _is_good_still(state, entry, event.call, now=now):
            return Decision(state, event.call, Send(entry))  # spec: oauth.single-flight.no-wait+1
        return Decision(state, event.call, AwaitClaim(held.until))  # spec: oauth.single-flight+1
    mine = replace(entry, claim=Claim(holder=event.holder, until=now + state.policy.claim_ttl))
    return Decision(state.change({entry.id: mine}), event.call, Exchange(mine))


def _is_good_still(state: PoolState, entry: Entry, call: Call, *, now: float) -> bool:
    """Whether the token there is may be sent: not refused in this call, nor about to end."""
    refused = call.did(Step.REFRESH, entry.id)
    return not refused and not entry.expires_within(state.policy.mandatory_window, now)


def _has_just_failed(entry: Entry, call: Call, now: float) -> bool:
    """Whether another call's refresh has failed since this one began."""
    known = entry.blocked(now)
    failed = known is not None and known.failure is FailureClass.AUTH_EXPIRED
    return known is not None and failed and known.since >= call.started and not call.probe


def _refreshed(state: PoolState, event: Refreshed) -> Decision:
    entry, grant = state.find(event.entry), event.grant
    if entry is None:
        return Decision(state, event.call, Deliver())
    fresh = replace(
        entry,
        secret=grant.secret,
        refresh_token=grant.refresh_token or entry.refresh_token,
        expires_at=grant.expires_at,
        claim=None,
        cooldown=None if _is_mended(entry) else entry.cooldown,  # spec: cooldown.end+1
    )
    return Decision(state.change({entry.id: fresh}), event.call, Send(fresh))


def _is_mended(entry: Entry) -> bool:
    """Whether a new token proves the entry's cooldown wrong."""
    return entry.cooldown is not None and entry.cooldown.failure in _MENDED_BY_REFRESH


def _refresh_failed(state: PoolState, event: RefreshFailed, *, now: float, draw: float) -> Decision:
    entry = state.find(event.entry)
    if entry is None or entry.secret is None:
        return Decision(state, event.call, Deliver())
    if event.secret is not None and event.secret != entry.secret:
        return Decision(state, event.call, Send(entry))  # somebody has refreshed it meanwhile
    if not event.terminal and _is_good_still(state, entry, event.call, now=now):
        # The claim stays, so that nobody asks again at once.
        return Decision(state, event.call, Send(entry))  # spec: oauth.window.advisory.harmless+1
    # spec: recover.auth-expired.failed+1, recover.auth-expired.terminal+1
    failure = FailureClass.AUTH_REVOKED if event.terminal else FailureClass.AUTH_EXPIRED
    verdict = Verdict(
        failure=failure,
        scope=RECOVERY[failure].scope,
        rule="token-endpoint",
        message=event.message,
    )
    state = state.change({entry.id: replace(entry, claim=None)})
    failed = Failed(event.call, entry.id, entry.secret, verdict)
    if event.call.probe and not event.terminal:  # spec: exhaust.probe.failure+1
        return replace(_deliver(state, failed, now=now), call=event.call)
    state, call = bench(state, entry, failed, now=now)
    decision = _next(state, replace(failed, call=call), Step.ROTATE, now=now, draw=draw)
    return replace(decision, call=call)


def _reset(state: PoolState, entry_id: EntryId | None, *, now: float) -> Decision:
    chosen = [e for e in state.entries if entry_id in (None, e.id) and _has_history(e)]
    clean = {
        e.id: replace(e, cooldown=None, models={}, throttled=False, probed_at=None, claim=None)
        for e in chosen
    }
    return Decision(state.change(clean), Call(started=now), Rest())


def _has_history(entry: Entry) -> bool:
    return bool(entry.cooldown or entry.models or entry.throttled or entry.claim)
