"""Mutants of the chapter on recovery: rate limits."""

from dataclasses import replace

from credpool.core.events import Send
from credpool_conformance.matrix.mutant import Mutant, replaces


class ForgetsThrottles(Mutant):
    """Gives each call a retry of its own."""

    violates = "recover.rate-limited.across-calls+2"
    kills = (
        "throttle-is-remembered-by-the-next-call",
        "throttles-of-overlapping-calls-add-up",
        "another-entrys-success-clears-nothing",
    )
    because = "wire"

    @replaces("credpool.core.decide._may_retry")
    def forgotten(original, state, entry, event, *, now):
        return original(state, replace(entry, throttled=False), event, now=now)


class NeverForgivesAThrottle(Mutant):
    """Keeps the mark of a throttle when the entry has answered since."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("success-clears-the-throttle",)
    because = "wire"

    @replaces("credpool.core.decide._succeed")
    def kept(original, state, event):
        decision = original(state, event)
        return decision if event.call.probe else replace(decision, state=state)


class SleepsThroughLongHints(Mutant):
    """Waits for a throttle to pass, however long it takes."""

    violates = "recover.rate-limited.rotate-second+2"
    kills = (
        "longest-wait-is-the-operators",
        "long-hint-rotates-at-once",
        "long-hint-of-a-sole-entry-is-delivered",
    )
    because = "waits"

    @replaces("credpool.core.decide._may_retry")
    def sleeps(original, state, entry, event, *, now):
        policy = replace(state.policy, max_retry_wait=1e9)
        return original(replace(state, policy=policy), entry, event, now=now)


class RotatesAtOnce(Mutant):
    """Rotates on the first throttle, without a retry."""

    violates = "recover.rate-limited.retry-once+2"
    kills = (
        "rate-limited-retries-once-then-rotates",
        "throttle-that-clears-benches-nobody",
        "sole-entry-is-retried-too",
        "each-entry-has-a-retry-of-its-own",
    )
    because = "wire"

    @replaces("credpool.core.decide._may_retry")
    def never(original, state, entry, event, *, now):
        return False


class WaitsAsLongAsThereIsAHint(Mutant):
    """Retries again and again while the hints are short."""

    violates = "recover.rate-limited.rotate-second+2"
    kills = ("hint-after-the-retry-sets-the-cooldown",)
    because = "wire"

    @replaces("credpool.core.decide._may_retry")
    def again(original, state, entry, event, *, now):
        hint = event.verdict.hint
        short = hint is not None and 0 < hint <= state.policy.max_retry_wait
        return short or original(state, entry, event, now=now)


class WaitsWholeSeconds(Mutant):
    """Rounds the wait before a retry up to whole seconds."""

    violates = "recover.rate-limited.retry-once+2"
    kills = (
        "retry-waits-for-a-short-hint:milliseconds",
        "retry-waits-for-a-short-hint:below-a-second",
        "retry-waits-for-a-short-hint:text",
    )
    because = "waits"

    @replaces("credpool.core.decide._retry")
    def whole(original, state, entry, event, *, now):
        hint = event.verdict.hint
        if hint is not None:
            event = replace(event, verdict=replace(event.verdict, hint=float(-(-hint // 1))))
        return original(state, entry, event, now=now)


class RetriesWithoutWaiting(Mutant):
    """Makes the retry at once, whatever the hint."""

    violates = "recover.rate-limited.retry-once+2"
    kills = (
        "retry-waits-for-a-short-hint",
        "longest-wait-is-the-operators",
    )
    because = "waits"

    @replaces("credpool.core.decide._retry")
    def at_once(original, state, entry, event, *, now):
        decision = original(state, entry, event, now=now)
        return replace(decision, action=Send(decision.action.entry))


class NeverForgetsAThrottle(Mutant):
    """Keeps the mark of a throttle through the cooldown that followed it."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("cooldown-clears-the-throttle",)
    because = "wire"

    @replaces("credpool.core.cooldown._rest")
    def kept(original, entry, cooldown, *, model):
        return replace(original(entry, cooldown, model=model), throttled=entry.throttled)


class PausesBeforeEveryRetry(Mutant):
    """Waits for a second before a retry that no hint asks to wait for."""

    violates = "recover.rate-limited.retry-once+2"
    kills = ("retry-without-a-hint-does-not-wait",)
    because = "waits"

    @replaces("credpool.core.decide._retry")
    def a_second(original, state, entry, event, *, now):
        if event.verdict.hint is None:
            event = replace(event, verdict=replace(event.verdict, hint=1.0))
        return original(state, entry, event, now=now)
