"""How a call goes on: with the entry chosen, with another one, or to its end (spec: recovery)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from operator import not_

from credpool.model.entry import Entry
from credpool.model.messages import Attempt, Call, Decision, Deliver, Failed, Refresh, Send, Verdict
from credpool.model.recovery import Step
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.rules.cooldown import cap, exhaustion, secrets_tried
from credpool.rules.select import at_home, available, choose, under_cap


def turn_to(
    state: PoolState, call: Call, candidates: Sequence[Entry], *, now: float, draw: float
) -> Decision | None:
    """Go on with one of the candidates: the session's own, or the strategy's choice."""
    call = replace(call, probe=False)  # whoever is available is not probed
    stored = at_home(candidates, call.home)
    if stored is not None:  # spec: affinity.stay+2, affinity.no-turn+3
        return Decision(state, call, begin_with(state, stored, now=now))
    free = under_cap(state, candidates)
    chosen = choose(state, free, now=now, draw=draw)  # spec: lease.strategy+2
    if chosen is None:
        return None
    action = begin_with(state, chosen, now=now)
    return Decision(replace(state, last=chosen.id), call, action, selected=True)


def begin_with(state: PoolState, entry: Entry, *, now: float) -> Send | Refresh:
    """Return what is done first with an entry: a token about to end is refreshed."""
    return Refresh(entry) if entry.is_due(state.policy, now) else Send(entry)


def go_on(state: PoolState, event: Failed, step: Step, *, now: float, draw: float) -> Decision:
    """Go on with an untried available entry, or end the call."""
    tried = with_attempt(event.call, event.entry, event.verdict, step)
    tried = replace(tried, secrets=(*tried.secrets, event.secret))  # the row may be gone
    turned = turn_to(state, tried, untried(state, tried, now=now), now=now, draw=draw)
    if turned is not None:  # spec: recover.progress+3, recover.all-tried+2
        return turned
    return deliver(cap(state, tried, now=now), event, now=now)


def leave(state: PoolState, call: Call, *, now: float, draw: float) -> Decision:
    """Go on with an untried available entry, or end the call: of this one there is no reply."""
    turned = turn_to(state, call, untried(state, call, now=now), now=now, draw=draw)
    return turned or _ended(cap(state, call, now=now), call, now=now)


def untried(state: PoolState, call: Call, *, now: float) -> Sequence[Entry]:
    """Return the available entries of which the call has tried neither the row nor the secret."""
    ready = available(state, now=now, model=call.model)
    # spec: recover.progress+3, pool.same-secret+3
    used = {id(e) for secret in secrets_tried(state, call) for e in state.holding(secret)}
    return [*compress(ready, map(not_, map(used.__contains__, map(id, ready))))]


def deliver_at_once(state: PoolState, event: Failed) -> Decision:
    """End the call with a reply that is the caller's, whoever is left (spec: recovery)."""
    call = with_attempt(event.call, event.entry, event.verdict, Step.DELIVER)
    return Decision(state, call, Deliver())  # spec: exhaust.sdk-retry+1


def deliver(state: PoolState, event: Failed, *, now: float) -> Decision:
    """End the call with the latest reply, because nobody is left."""
    return _ended(
        state, with_attempt(event.call, event.entry, event.verdict, Step.DELIVER), now=now
    )


def _ended(state: PoolState, call: Call, *, now: float) -> Decision:
    over = exhaustion(state, now=now, model=call.model, call=call)
    return Decision(state, call, Deliver(over))  # spec: exhaust.sdk-retry+1


def with_attempt(call: Call, entry_id: EntryId, verdict: Verdict | None, step: Step) -> Call:
    """Return the call with one more attempt: what its reply meant, and what came of it."""
    attempt = Attempt(
        entry=entry_id,
        failure=verdict.failure if verdict else None,
        step=step,
        hinted=verdict is not None and verdict.hint is not None,
    )
    return replace(call, attempts=(*call.attempts, attempt))
