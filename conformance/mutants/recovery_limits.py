"""Mutants of the chapter on recovery: rate limits."""

from dataclasses import replace

from credpool.model.messages import Send
from credpool.model.terms import FailureClass, First429
from tools.mutants.mutant import Mutant, replaces


class ForgetsThrottles(Mutant):
    """Gives each call a retry of its own."""

    violates = "recover.rate-limited.across-calls+2"
    kills = (
        "throttle-is-remembered-by-the-next-call",
        "throttles-of-overlapping-calls-add-up",
        "another-entrys-success-clears-nothing",
    )
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def forgotten(original, state, entry, event, *, now):
        return original(state, replace(entry, marked=False), event, now=now)


class NeverForgivesAThrottle(Mutant):
    """Keeps the mark of a throttle when the entry has answered since."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("success-clears-the-throttle",)
    because = "retry"

    @replaces("credpool.rules.decide._succeed")
    def stored(original, state, event):
        decision = original(state, event)
        return decision if event.call.probe else replace(decision, state=state)


class RetriesWhatHasGoneOut(Mutant):
    """Retries a first 429, though another call has taken the entry out meanwhile."""

    violates = "recover.rate-limited.gone-out+1"
    kills = ("throttle-of-an-entry-that-went-out-rotates",)
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def as_if_it_were_there(original, state, entry, event, *, now):
        return original(state, replace(entry, cooldown=None, models={}), event, now=now)


class SleepsThroughLongHints(Mutant):
    """Waits for a throttle to pass, however long it takes."""

    violates = "recover.rate-limited.rotate-second+2"
    kills = (
        "longest-wait-is-the-operators",
        "long-hint-rotates-at-once",
        "long-hint-of-a-sole-entry-is-delivered",
    )
    because = "same on"

    @replaces("credpool.rules.decide._may_retry")
    def sleeps(original, state, entry, event, *, now):
        policy = replace(state.policy, max_retry_wait=1e9)
        return original(replace(state, policy=policy), entry, event, now=now)


class RotatesAtOnce(Mutant):
    """Rotates on the first throttle, without a retry."""

    violates = "recover.rate-limited.retry-once+3"
    kills = (
        "rate-limited-retries-once-then-rotates",
        "throttle-that-clears-benches-nobody",
        "sole-entry-is-retried-too",
        "each-entry-has-a-retry-of-its-own",
        "first-429-is-retried-by-default",
    )
    because = "retry"

    @replaces("credpool.rules.decide._may_retry")
    def never(original, state, entry, event, *, now):
        return False


def retrying(state):
    """Return the pool as if the operator had not asked it to rotate."""
    return replace(state, policy=replace(state.policy, first_429=First429.RETRY))


class RetriesWhateverIsSet(Mutant):
    """Reads `first_429: rotate` and retries as before."""

    violates = "recover.rate-limited.rotate-first+1"
    kills = (
        "first-429-rotates-when-set:no-hint",
        "first-429-rotates-when-set:short-hint",
        "first-429-of-a-sole-entry-is-delivered",
        "first-429-of-the-last-entry-is-delivered",
        "changed-first-429-is-in-force",
        "first-429-rotates-in-every-call",
    )
    because = "same on"

    @replaces("credpool.rules.decide._may_retry")
    def as_before(original, state, entry, event, *, now):
        return original(retrying(state), entry, event, now=now)


class WaitsForShortHintsAllTheSame(Mutant):
    """Rotates on the first throttle when it is told to, but not when the hint is short."""

    violates = "recover.rate-limited.rotate-first+1"
    kills = (
        "first-429-rotates-when-set:short-hint",
        "first-429-rotates-when-set:past-hint",
    )
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def hinted(original, state, entry, event, *, now):
        known = state if event.verdict.hint is None else retrying(state)
        return original(known, entry, event, now=now)


class AsksTheLastEntryTwice(Mutant):
    """Retries against the operator's policy when nobody is left to rotate to."""

    violates = "recover.rate-limited.rotate-first+1"
    kills = (
        "first-429-of-a-sole-entry-is-delivered",
        "first-429-of-the-last-entry-is-delivered",
    )
    because = "on"

    @replaces("credpool.rules.decide._may_retry")
    def last(original, state, entry, event, *, now):
        left = [e for e in state.entries if e is not entry and e.blocked(now) is None]
        return original(state if left else retrying(state), entry, event, now=now)


class RotatesWithoutACooldown(Mutant):
    """Goes on after a first throttle as it is told to, and leaves the entry in use."""

    violates = "recover.rate-limited.rotate-first+1"
    kills = ("first-429-rotates-when-set",)
    because = "status"

    @replaces("credpool.rules.cooldown.bench")
    def spared(original, state, event, *, now):
        chosen = state.policy.first_429 is First429.ROTATE
        if chosen and event.verdict.failure is FailureClass.RATE_LIMITED:
            return state, event.call
        return original(state, event, now=now)


class WaitsAsLongAsThereIsAHint(Mutant):
    """Retries again and again while the hints are short."""

    violates = "recover.rate-limited.rotate-second+2"
    kills = ("hint-after-the-retry-sets-the-cooldown",)
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def again(original, state, entry, event, *, now):
        hint = event.verdict.hint
        short = hint is not None and 0 < hint <= state.policy.max_retry_wait
        return short or original(state, entry, event, now=now)


class WaitsWholeSeconds(Mutant):
    """Cuts the wait before a retry down to whole seconds."""

    violates = "recover.rate-limited.retry-once+3"
    kills = (
        "retry-waits-for-a-short-hint:milliseconds",
        "retry-waits-for-a-short-hint:below-a-second",
        "retry-waits-for-a-short-hint:text",
    )
    because = "wait"

    @replaces("credpool.rules.decide._retry")
    def whole(original, state, entry, event, *, now):
        hint = event.verdict.hint
        if hint is not None:
            event = replace(event, verdict=replace(event.verdict, hint=float(hint // 1)))
        return original(state, entry, event, now=now)


class RetriesWithoutWaiting(Mutant):
    """Makes the retry at once, whatever the hint."""

    violates = "recover.rate-limited.retry-once+3"
    kills = (
        "retry-waits-for-a-short-hint",
        "longest-wait-is-the-operators",
    )
    because = "wait"

    @replaces("credpool.rules.decide._retry")
    def at_once(original, state, entry, event, *, now):
        decision = original(state, entry, event, now=now)
        return replace(decision, action=Send(decision.action.entry))


class NeverForgetsAThrottle(Mutant):
    """Keeps the mark of a throttle through the cooldown that followed it."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("cooldown-clears-the-throttle",)
    because = "retry"

    @replaces("credpool.rules.cooldown._rest")
    def stored(original, entry, cooldown, *, model):
        return replace(original(entry, cooldown, model=model), marked=entry.marked)


class PausesBeforeEveryRetry(Mutant):
    """Waits before a retry without a hint for longer than a random delay can be."""

    violates = "recover.rate-limited.retry-once+3"
    kills = ("retry-without-a-hint-does-not-wait",)
    because = "wait"

    @replaces("credpool.rules.decide._retry")
    def eleven_seconds(original, state, entry, event, *, now):
        if event.verdict.hint is None:
            event = replace(event, verdict=replace(event.verdict, hint=11.0))
        return original(state, entry, event, now=now)
