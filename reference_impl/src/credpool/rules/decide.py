"""The rules: `decide(state, event, now, draw)` (spec: recovery, cooldowns, exhaustion).

Values in, values out. Whatever is random or on a clock comes in as `draw` and `now`.
"""

from dataclasses import replace
from typing import assert_never

from credpool.model.entry import Entry
from credpool.model.messages import (
    Call,
    Claimed,
    Decision,
    Deliver,
    Failed,
    GiveUp,
    Message,
    Refresh,
    Refreshed,
    RefreshFailed,
    Reset,
    Rest,
    Resumed,
    Send,
    Started,
    Succeeded,
    Verdict,
    Wait,
)
from credpool.model.recovery import ENDED_BY_REFRESH, RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass, First429
from credpool.rules.cooldown import bench, exhaustion
from credpool.rules.next_step import (
    begin_with,
    deliver_at_once,
    go_on,
    turn_to,
    with_attempt,
)
from credpool.rules.probe import probe_due, released
from credpool.rules.refresh import arrived, claim, refresh_failed, resumed
from credpool.rules.select import available
from credpool.rules.usable import is_disabled


def decide(state: PoolState, event: Message, *, now: float, draw: float) -> Decision:
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
        case Succeeded(_, _, secret, owner):
            return _succeed(_owned(state, secret, owner), event)
        case Failed(_, _, secret, _, owner):
            known = _owned(state, secret, owner)  # spec: owner.learnt+2
            return _fail(known, event, now=now, draw=draw)
        case Claimed():
            return claim(state, event, now=now, draw=draw)
        case Resumed():
            return resumed(state, event, now=now, draw=draw)
        case Refreshed():
            return arrived(state, event, now=now)
        case RefreshFailed():
            return refresh_failed(state, event, now=now)
        case Reset(entry_id):
            return _reset(state, entry_id, now=now)
        case _:
            assert_never(event)


def _owned(state: PoolState, secret: Secret, owner: str | None) -> PoolState:
    """Return the pool with the owner that a reply has named for a secret."""
    if owner is None:
        return state
    holders = state.holding(secret)
    news = (e for e in holders if e.owner is None and e.learnt_owner != owner)
    return state.change({e.id: replace(e, learnt_owner=owner) for e in news})


def _start(state: PoolState, call: Call, *, now: float, draw: float) -> Decision:
    ready = available(state, now=now, model=call.model)
    turned = turn_to(state, call, ready, now=now, draw=draw)
    if turned is not None:
        return turned
    due = probe_due(state, call, now=now)  # spec: exhaust.probe.not-in-mid-call+1
    if due is None:  # spec: exhaust.nothing-sent+2
        return Decision(state, call, GiveUp(exhaustion(state, now=now, model=call.model)))
    probed = {e.id: replace(e, probed_at=now) for e in state.twins(due)}
    action = begin_with(state, probed[due.id], now=now)
    return Decision(state.change(probed), replace(call, probe=True), action)


def _succeed(state: PoolState, event: Succeeded) -> Decision:
    call = with_attempt(event.call, event.entry, None, Step.DELIVER)
    if call.probe:  # spec: exhaust.probe.success+3, cooldown.late-success+1
        state = released(state, event.secret, call.model)
    marked = (e for e in state.holding(event.secret) if e.marked)
    # spec: recover.rate-limited.across-calls+2
    state = state.change({e.id: replace(e, marked=False) for e in marked})
    return Decision(state, call, Deliver())


def _fail(state: PoolState, event: Failed, *, now: float, draw: float) -> Decision:
    entry = state.find(event.entry)
    if entry is not None:
        event = replace(event, verdict=_settled(event.verdict, entry))
    step = _step(entry, event)
    if event.late:
        return _fail_late(state, entry, event, step, now=now)
    if entry is None:
        return _fail_of_the_gone(state, event, step, now=now, draw=draw)
    if _is_stale(entry, event) and _may_refresh(entry, event):
        step = Step.REFRESH  # spec: oauth.late-refusal+2
    match _unless_paused(state, entry, event, step, now=now):
        case Step.REFRESH if _may_refresh(entry, event):
            call = with_attempt(event.call, entry.id, event.verdict, Step.REFRESH)
            renewed = entry.secret != event.secret  # somebody has refreshed it meanwhile
            return Decision(state, call, Send(entry) if renewed else Refresh(entry))
        case Step.DELIVER:
            return deliver_at_once(state, event)
        case _ if event.call.probe and not _is_death(event):  # spec: exhaust.probe.failure+3
            word = Step.TRY_NEXT if step is Step.TRY_NEXT else Step.ROTATE
            return go_on(state, event, word, now=now, draw=draw)  # spec: recover.all-tried+2
        case Step.TRY_NEXT:
            return go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)
        case Step.RETRY if _may_retry(state, entry, event, now=now):
            return _retry(state, entry, event, now=now)
        case _:
            state, call = bench(state, event, now=now)
            return go_on(state, replace(event, call=call), Step.ROTATE, now=now, draw=draw)


def _fail_late(
    state: PoolState, entry: Entry | None, event: Failed, step: Step, *, now: float
) -> Decision:
    """Keep what a failure says that came when the caller had a part of the reply: the call is over."""
    is_old = entry is not None and _is_stale(entry, event)
    if is_old or (event.call.probe and not _is_death(event)):
        return Decision(state, event.call, Deliver())
    if step is Step.RETRY and entry is not None and _may_retry(state, entry, event, now=now):
        state = state.change(_marked(state, event.secret))
    elif step is Step.ROTATE or (step is Step.RETRY and entry is not None):
        state, _ = bench(state, event, now=now)
    return Decision(state, event.call, Deliver())


def _fail_of_the_gone(
    state: PoolState, event: Failed, step: Step, *, now: float, draw: float
) -> Decision:
    """Go on after a refusal whose entry was removed; another row may hold the secret."""
    if step is Step.DELIVER:
        return deliver_at_once(state, event)
    if step is Step.ROTATE:  # spec: pool.same-secret+3
        state, call = bench(state, event, now=now)
        event = replace(event, call=call)
    return go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)


def _step(entry: Entry | None, event: Failed) -> Step:
    """Return what the failure asks for; a borrowed token is read again before it dies."""
    if entry is not None and entry.borrowed and _is_death(event):
        return Step.REFRESH  # spec: borrow.reread.refused+2
    return RECOVERY[event.verdict.failure].step


def _is_death(event: Failed) -> bool:
    return event.verdict.failure is FailureClass.AUTH_REVOKED


def _is_stale(entry: Entry, event: Failed) -> bool:
    """Whether the refusal is of a secret that the entry no longer holds."""
    return entry.secret != event.secret and event.verdict.failure in ENDED_BY_REFRESH


def _settled(verdict: Verdict, entry: Entry) -> Verdict:
    """Tell a token that has run out from a key that is refused, by what the entry can do."""
    match verdict.failure, entry.renewable:
        case FailureClass.AUTH_REJECTED, True:  # spec: classify.refreshable+2
            return replace(verdict, failure=FailureClass.AUTH_EXPIRED)
        case FailureClass.AUTH_EXPIRED, False:
            return replace(verdict, failure=FailureClass.AUTH_REJECTED)
        case _:
            return verdict


def _unless_paused(
    state: PoolState, entry: Entry, event: Failed, step: Step, *, now: float
) -> Step:
    """Return the step; nothing is repeated with an entry that was disabled meanwhile."""
    if _is_death(event) or not is_disabled(state, entry):
        return step
    match step:  # spec: operator.disable+1
        case Step.RETRY if _may_retry(state, entry, event, now=now):
            return Step.TRY_NEXT
        case Step.REFRESH if _may_refresh(entry, event):
            return Step.TRY_NEXT
        case _:
            return step


def _may_refresh(entry: Entry, event: Failed) -> bool:
    """Whether the attempt is repeated with a new token."""
    if entry.secret is None or entry.dead:  # spec: recover.auth-expired.terminal+4
        return False
    if event.call.did(Step.REFRESH, entry.id):  # spec: recover.bounded+2
        return False
    return entry.id not in event.call.renewed or entry.secret != event.secret  # spec: oauth.once+1


def _may_retry(state: PoolState, entry: Entry, event: Failed, *, now: float) -> bool:
    """Whether a rate-limited entry is tried once more."""
    if state.policy.first_429 is First429.ROTATE:  # spec: recover.rate-limited.rotate-first+1
        return False
    if entry.marked or event.call.did(Step.RETRY, entry.id):
        return False  # spec: recover.rate-limited.rotate-second+2
    if entry.blocked(now, event.call.model) is not None:
        return False  # spec: recover.rate-limited.gone-out+1
    hint = event.verdict.hint  # spec: recover.rate-limited.rotate-second+2
    return hint is None or hint <= state.policy.max_retry_wait


def _retry(state: PoolState, entry: Entry, event: Failed, *, now: float) -> Decision:
    marked = _marked(state, event.secret)
    state, again = state.change(marked), marked.get(entry.id, entry)
    call = with_attempt(event.call, entry.id, event.verdict, Step.RETRY)
    hint = event.verdict.hint
    if hint is None or hint <= 0:
        return Decision(state, call, Send(again))
    return Decision(state, call, Wait(again, now + hint))  # spec: recover.rate-limited.retry-once+3


def _marked(state: PoolState, secret: Secret) -> dict[EntryId, Entry]:
    return {e.id: replace(e, marked=True) for e in state.holding(secret)}


def _reset(state: PoolState, entry_id: EntryId | None, *, now: float) -> Decision:
    chosen = (e for e in state.entries if entry_id in (None, e.id))
    clean = {e.id: new for e in chosen if (new := _unrefused(e)) != e}
    return Decision(state.change(clean), Call(started=now), Rest())


def _unrefused(entry: Entry) -> Entry:
    """Return the entry without its refusals; a refresh that is under way is none."""
    return replace(  # spec: operator.reset.claim+1, operator.reset.clean+3
        entry, cooldown=None, models={}, marked=False, probed_at=None, refresh_failed_at=None
    )
