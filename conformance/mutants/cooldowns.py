"""Mutants of the chapter on cooldowns: how long an entry is out."""

from dataclasses import replace

from credpool.model.terms import FailureClass
from tools.mutants.mutant import Mutant, replaces


class HasNoCeiling(Mutant):
    """Believes a hint of any length."""

    violates = "cooldown.clamp+2"
    kills = (
        "hint-is-kept-within-bounds:too-long",
        "hint-is-kept-within-bounds:years",
        "hint-is-kept-within-bounds:beyond-counting",
        "far-moment-is-kept-within-bounds",
        "bounds-are-the-operators:longest",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def unbounded(original, state, *args, **kwargs):
        policy = replace(state.policy, max_cooldown=9e9)
        return original(replace(state, policy=policy), *args, **kwargs)

    @replaces("credpool.rules.moments._longest")
    def believed(original, policy):
        return 9e9


class HasAFloorOfItsOwn(Mutant):
    """Keeps to one second, whatever the operator's floor is."""

    violates = "cooldown.clamp+2"
    kills = ("bounds-are-the-operators:shortest",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def its_own(original, state, *args, **kwargs):
        policy = replace(state.policy, min_cooldown=1.0)
        return original(replace(state, policy=policy), *args, **kwargs)


class IgnoresThePolicysCooldowns(Mutant):
    """Takes the decision table's cooldown, whatever the operator has set."""

    violates = "cooldown.default+2"
    kills = ("policy-sets-the-cooldown",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def by_the_table(original, state, *args, **kwargs):
        policy = replace(state.policy, cooldowns={})
        return original(replace(state, policy=policy), *args, **kwargs)


class IgnoresTheRulesCooldown(Mutant):
    """Takes the decision table's cooldown, whatever the registry's rule says."""

    violates = "cooldown.default+2"
    kills = ("cooldown-without-a-hint:of-the-rule",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def by_the_table(original, state, entry, verdict, **kwargs):
        return original(state, entry, replace(verdict, cooldown=None), **kwargs)


class AsksForMoneyEveryHour(Mutant):
    """Brings an empty account back after an hour."""

    violates = "cooldown.default+2"
    kills = (
        "cooldown-without-a-hint:out-of-credit",
        "policy-sets-the-cooldown",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def an_hour(original, state, entry, verdict, **kwargs):
        seconds = original(state, entry, verdict, **kwargs)
        broke = verdict.failure is FailureClass.OUT_OF_CREDIT and verdict.hint is None
        return min(seconds, 3600.0) if broke else seconds


class EndsCooldownsEarly(Mutant):
    """Takes an entry back most of a second before its cooldown ends."""

    violates = "cooldown.end+2"
    kills = ("cooldown-ends-to-the-second",)
    because = "out"

    @replaces("credpool.model.entry.Entry.blocked")
    def early(original, self, now, model=None):
        return original(self, now + 0.75, model)


class EndsCooldownsLate(Mutant):
    """Keeps an entry out at the very moment at which its cooldown ends."""

    violates = "cooldown.end+2"
    kills = ("cooldown-ends-to-the-second",)
    because = "order"

    @replaces("credpool.rules.select.available")
    def late(original, state, *, now, model):
        return original(state, now=now - 0.001, model=model)


class LetsTheLatestReportWin(Mutant):
    """Replaces a cooldown that is running by whatever comes later."""

    violates = "cooldown.never-shorten+3"
    kills = (
        "later-report-does-not-shorten",
        "other-refusal-does-not-shorten",
        "refresh-does-not-shorten",
        "outage-guard-leaves-other-calls-alone",
    )
    because = "until class"

    @replaces("credpool.rules.cooldown._longer")
    def latest(original, old, new):
        return new


class ShowsACooldownUntilTheNextCall(Mutant):
    """Shows an entry as out until it has answered again, although its cooldown has ended."""

    violates = "cooldown.end+2"
    kills = ("cooldown-ends-to-the-second", "status-and-selection-agree-at-the-end")
    because = "status"

    @replaces("credpool.events.report._entry")
    def still_out(original, entry, now):
        told = original(entry, now)
        if entry.cooldown is not None and told["status"] == "ok":
            told |= {"status": "exhausted", "class": entry.cooldown.failure.value, "until": now + 1}
        return told


class KeepsTheFirstGuess(Mutant):
    """Ignores a later report while a cooldown is running."""

    violates = "cooldown.never-shorten+3"
    kills = ("later-report-may-lengthen",)
    because = "until"

    @replaces("credpool.rules.cooldown._longer")
    def first(original, old, new):
        return old if old is not None and old.until > new.since else original(old, new)


class RestsEveryThrottleForAMinute(Mutant):
    """Gives every throttled entry a minute, also when another one is there."""

    violates = "cooldown.default+2"
    kills = ("cooldown-of-a-throttle-without-a-hint",)
    because = "until"

    @replaces("credpool.rules.cooldown._is_sole")
    def always(original, *args):
        return True


class RestsAFailedRefreshForAnHour(Mutant):
    """Takes a login that could not be refreshed out for an hour."""

    violates = "cooldown.default+2"
    kills = ("cooldown-of-a-failed-refresh",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def an_hour(original, state, entry, verdict, **kwargs):
        expired = verdict.failure is FailureClass.AUTH_EXPIRED
        return 3600.0 if expired else original(state, entry, verdict, **kwargs)
