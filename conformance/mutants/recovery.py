"""Mutants of the chapter on recovery: progress, bounds and outages."""

from dataclasses import replace

from credpool.model.recovery import Step
from credpool.model.terms import FailureClass
from credpool.rules import next_step
from tools.mutants.mutant import Mutant, replaces


class GivesUpAfterThree(Mutant):
    """Delivers the third entry's refusal, however many are left."""

    violates = "recover.all-tried+2"
    kills = (
        "ten-keys-are-all-tried",
        "ten-throttled-keys-are-all-tried",
        "each-strategy-tries-every-entry",
    )
    because = "stop"

    @replaces("credpool.rules.next_step.go_on")
    def three(original, state, event, step, *, now, draw):
        tried = {attempt.entry for attempt in event.call.attempts} | {event.entry}
        if len(tried) >= 3:
            return next_step.deliver(state, event, now=now)
        return original(state, event, step, now=now, draw=draw)


class RefreshesTwice(Mutant):
    """Refreshes an entry twice in one call."""

    violates = "recover.bounded+2"
    kills = ("refresh-and-retry-are-bounded-together", "login-is-asked-once-in-a-call")
    because = "refresh"

    @replaces("credpool.rules.decide._may_refresh")
    def twice(original, entry, event):
        times = sum(a.entry == entry.id and a.step is Step.REFRESH for a in event.call.attempts)
        return times < 2

    @replaces("credpool.rules.refresh.claim")
    def forgets(original, state, event, *, now, draw):
        event = replace(event, call=replace(event.call, renewed=()))
        return original(state, event, now=now, draw=draw)


class HasNoOutageGuard(Mutant):
    """Leaves all entries out for an hour when all were throttled alike."""

    violates = "recover.outage-guard+2"
    kills = (
        "outage-guard-caps-the-cooldowns",
        "outage-guard-leaves-older-cooldowns-alone",
        "outage-guard-covers-model-limits",
    )
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def none(original, state, call, *, now):
        return state


class GuardsOlderCooldownsToo(Mutant):
    """Shortens every cooldown of the pool when all were throttled alike."""

    violates = "recover.outage-guard+2"
    kills = (
        "outage-guard-leaves-older-cooldowns-alone",
        "outage-guard-leaves-other-calls-alone",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._capped")
    def all_of_them(original, entry, started, limit):
        there = [c for c in (entry.cooldown, *entry.models.values()) if c is not None]
        return original(entry, there, limit)


class ReturnsToTheRefused(Mutant):
    """Rotates to the entry that the call has tried before its latest attempt."""

    violates = "recover.progress+3"
    kills = ("forbidden-goes-round-once",)
    because = "target"

    @replaces("credpool.rules.cooldown.secrets_tried")
    def the_latest(original, state, call):
        latest = {a.entry for a in call.attempts[-1:]}.union(call.renewed)
        return {e.secret for e in state.entries if e.id in latest}


class RotatesInACircle(Mutant):
    """Takes an entry back at once when its hint has passed, also for the call that it refused."""

    violates = "recover.progress+3"
    kills = ("rotation-never-returns-to-the-refused-key",)
    because = "same"

    @replaces("credpool.rules.cooldown._seconds")
    def at_once(original, state, entry, verdict, **kwargs):
        past = verdict.hint is not None and verdict.hint <= 0
        return 0.0 if past else original(state, entry, verdict, **kwargs)

    @replaces("credpool.rules.cooldown.secrets_tried")
    def nobody(original, state, call):
        return set() if any(a.hinted for a in call.attempts) else original(state, call)


class RetriesTwice(Mutant):
    """Gives an entry two retries in a call."""

    violates = "recover.bounded+2"
    kills = ("all-throttled-costs-two-requests-each",)
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def twice(original, state, entry, event, *, now):
        times = sum(a.entry == entry.id and a.step is Step.RETRY for a in event.call.attempts)
        return times == 1 or original(state, entry, event, now=now)


class GuardsAgainstHints(Mutant):
    """Takes throttles for an outage although one of them had a hint."""

    violates = "recover.outage-guard+2"
    kills = ("outage-guard-believes-hints",)
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def unhinted(original, state, call, *, now):
        attempts = tuple(replace(a, hinted=False) for a in call.attempts)
        return original(state, replace(call, attempts=attempts), now=now)


class GuardsAgainstAnything(Mutant):
    """Takes any refusals of all entries for an outage."""

    violates = "recover.outage-guard+2"
    kills = ("outage-guard-needs-like-refusals",)
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def alike(original, state, call, *, now):
        limited = FailureClass.RATE_LIMITED
        attempts = tuple(replace(a, failure=limited) for a in call.attempts)
        return original(state, replace(call, attempts=attempts), now=now)
