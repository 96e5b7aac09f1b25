"""Which entry is tried although it is out, and what its success proves (spec: exhaustion)."""

from collections.abc import Collection
from dataclasses import replace

from credpool.core.cooldown import spread
from credpool.core.events import Call
from credpool.core.model import Entry, EntryId, FailureClass, PoolState, Scope
from credpool.core.recovery import RECOVERY
from credpool.core.select import permitted
from credpool.core.usable import why_unusable


def probe_due(state: PoolState, call: Call, *, now: float) -> Entry | None:
    """Return the least recently probed entry that may be tried although it is out."""
    policy, why_not = state.policy, why_unusable(state)

    def due(entry: Entry) -> bool:  # spec: exhaust.probe+3, exhaust.probe.dead+2
        cooldown = entry.blocked(now, call.model)
        if cooldown is None or entry.dead or why_not(entry) is not None:
            return False
        rested = entry.probed_at is None or now - entry.probed_at >= policy.probe_interval
        return rested and now - cooldown.since > policy.probe_after

    waiting = (e for e in permitted(state) if due(e))  # spec: exhaust.probe.order+2
    return min(waiting, key=lambda e: e.probed_at or 0.0, default=None)


def released(state: PoolState, entry: Entry, model: str | None) -> dict[EntryId, Entry]:
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
