"""Mutants of the chapter on cooldowns: the only entry that is left."""

from credpool.model.terms import FailureClass
from credpool.rules import cooldown
from tools.mutants.mutant import Mutant, replaces


class LocksTheSoleEntryOut(Mutant):
    """Gives a sole entry the same cooldown as any other."""

    violates = "cooldown.sole+3"
    kills = (
        "sole-entry-rests-for-a-minute",
        "two-rows-of-one-secret-are-one-key",
        "last-available-entry-rests-for-a-minute",
        "sole-rest-is-the-operators",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._is_sole")
    def never(original, *args):
        return False


class TakesTwinsForTwo(Mutant):
    """Takes a second row with the same secret for another key."""

    violates = "cooldown.sole+3"
    kills = ("two-rows-of-one-secret-are-one-key",)
    because = "until"

    @replaces("credpool.rules.cooldown._is_sole")
    def by_row(original, state, affected, now, model):
        refused = [e.id for e in affected[:1]]  # nobody, when the secret was replaced
        others = (e for e in state.entries if e.id not in refused)
        return not any(e.blocked(now, model) is None for e in others)


class CallsASoleEntryBackAgainstTheHint(Mutant):
    """Gives a throttled sole entry a minute, whatever the hint says."""

    violates = "cooldown.sole+3"
    kills = ("sole-entry-believes-a-hint",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def a_minute(original, state, affected, verdict, *, now, model):
        limited = verdict.failure is FailureClass.RATE_LIMITED
        if limited and cooldown._is_sole(state, affected, now, model):
            return state.policy.sole_cooldown
        return original(state, affected, verdict, now=now, model=model)


class AsksASoleAccountEveryMinute(Mutant):
    """Gives a sole entry the short rest after every refusal without a hint but a revocation."""

    violates = "cooldown.sole+3"
    kills = ("sole-entry-without-money-rests-as-usual",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def a_minute(original, state, affected, verdict, *, now, model):
        seconds = original(state, affected, verdict, now=now, model=model)
        hinted = verdict.hint is not None
        if hinted or not cooldown._is_sole(state, affected, now, model):
            return seconds
        return seconds if seconds == float("inf") else state.policy.sole_cooldown
