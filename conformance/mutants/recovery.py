"""Mutants of the chapter on recovery: progress, bounds and outages."""

from credpool.core import decide
from credpool.core.recovery import Step
from credpool_conformance.matrix.mutant import Mutant, replaces


class GivesUpAfterThree(Mutant):
    """Delivers the third entry's refusal, however many are left."""

    violates = "recover.all-tried+1"
    kills = (
        "ten-keys-are-all-tried",
        "each-strategy-tries-every-entry",
    )
    because = "wire"
    may = {
        "a third entry is asked, and it is not the last": (
            "reasons-are-told-for-each-entry",
            "outage-guard-caps-the-cooldowns",
        )
    }

    @replaces("credpool.core.decide._next")
    def three(original, state, event, step, *, now, draw):
        tried = {attempt.entry for attempt in event.call.attempts} | {event.entry}
        if len(tried) >= 3:
            return decide._deliver(state, event, now=now)
        return original(state, event, step, now=now, draw=draw)


class RefreshesTwice(Mutant):
    """Refreshes an entry twice in one call."""

    violates = "recover.bounded+1"
    kills = ("refresh-and-retry-are-bounded-together",)
    because = "wire"
    may = {"a new token is refused": ("new-token-refused-rotates",)}

    @replaces("credpool.core.decide._may_refresh")
    def twice(original, entry, event):
        times = sum(a.entry == entry.id and a.step is Step.REFRESH for a in event.call.attempts)
        return times < 2


class HasNoOutageGuard(Mutant):
    """Leaves all entries out for an hour when all were throttled alike."""

    violates = "recover.outage-guard+1"
    kills = (
        "outage-guard-caps-the-cooldowns",
        "outage-guard-leaves-older-cooldowns-alone",
        "outage-guard-covers-model-limits",
    )
    because = "state"

    @replaces("credpool.core.cooldown.cap")
    def none(original, state, call, *, now):
        return state


class GuardsOlderCooldownsToo(Mutant):
    """Shortens every cooldown of the pool when all were throttled alike."""

    violates = "recover.outage-guard+1"
    kills = (
        "outage-guard-leaves-older-cooldowns-alone",
        "outage-guard-leaves-other-calls-alone",
    )
    because = "state"

    @replaces("credpool.core.cooldown._capped")
    def all_of_them(original, entry, started, limit):
        there = [c for c in (entry.cooldown, *entry.models.values()) if c is not None]
        return original(entry, there, limit)


class ReturnsToTheRefused(Mutant):
    """Rotates without minding whom the call has tried."""

    violates = "recover.progress+1"
    kills = ("forbidden-goes-round-once",)
    because = "wire"
    may = {
        "a refusal leaves the entry available": (
            "plain-reply-leaves-the-sdk-alone",
            "plain-reply-while-a-forbidden-entry-is-left",
            "each-strategy-tries-every-entry",
            "forbidden-tries-another-and-benches-nobody",
            "forbidden-everywhere-is-delivered",
            "rotation-does-not-stick",
        )
    }

    @replaces("credpool.core.cooldown.secrets_tried")
    def nobody(original, state, call):
        return set()
