"""Probes: the entry that is tried although it is out, and the effect of its success (spec: exhaustion)."""

from dataclasses import replace

from credpool.model.entry import Cooldown, Entry
from credpool.model.messages import Call
from credpool.model.recovery import RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, FailureClass, Scope
from credpool.providers.registry import provider
from credpool.rules.cooldown import spread
from credpool.rules.select import permitted
from credpool.rules.usable import why_unusable


def probe_due(state: PoolState, call: Call, *, now: float) -> Entry | None:
    """Return the least recently probed entry that may be tried although it is out."""
    policy, why_not = state.policy, why_unusable(state, call.model)

    def due(entry: Entry) -> bool:  # spec: exhaust.probe+3, exhaust.probe.dead+2
        cooldown = entry.blocked(now, call.model)
        if cooldown is None or entry.dead or why_not(entry) is not None:
            return False
        rested = entry.probed_at is None or now - entry.probed_at >= policy.probe_interval
        return rested and now - cooldown.since > policy.probe_after

    waiting = (e for e in permitted(state) if due(e))  # spec: exhaust.probe.order+2
    return min(waiting, key=lambda e: e.probed_at or 0.0, default=None)


def released(state: PoolState, secret: Secret, model: str | None) -> PoolState:
    """Return the pool without what one success proves wrong: the cooldowns of the same kind."""
    freed: dict[EntryId, Entry] = {}
    found = ((e.cooldown, e.models.get(model or "")) for e in state.holding(secret))
    wrong = [c for outs in found for c in outs if c is not None and c.until != FOREVER]
    for out in wrong:
        for other in spread(state, secret, _scope(state, out)):
            known = freed.get(other.id, other)
            freed[other.id] = _without(known, out.failure, model)
    return state.change(freed)


def _scope(state: PoolState, out: Cooldown) -> Scope:
    """Return the scope of the rule that has started a cooldown, or else of its class."""
    rules = (r for r in provider(state.provider).rules if r.name == out.reason)
    return next((r.scope for r in rules), RECOVERY[out.failure].scope)


def _without(entry: Entry, wrong: FailureClass, model: str | None) -> Entry:
    """Return the entry without its cooldowns of that class, in general and for the model."""
    out = entry.cooldown
    return replace(
        entry,
        cooldown=None if out is not None and out.failure is wrong else out,
        models={m: c for m, c in entry.models.items() if m != model or c.failure is not wrong},
    )
