"""Mutants of the chapter on recovery: caps, money and entitlement."""

from credpool.model.recovery import Step
from credpool.model.terms import FailureClass
from credpool.rules import decide, next_step
from tools.mutants.mutant import Mutant, replaces


class BenchesForEveryModel(Mutant):
    """Takes an entry out for all models when it is out for one."""

    violates = "recover.not-entitled.other-models+2"
    kills = (
        "other-models-go-on",
        "cap-of-a-model",
        "rate-of-a-model",
        "long-rate-limit-of-a-model",
    )
    because = "status"

    @replaces("credpool.rules.cooldown._rest")
    def altogether(original, entry, cooldown, *, model):
        return original(entry, cooldown, model=None)


class ForgetsWhatAPlanLacks(Mutant):
    """Rotates when an entry may not use the model, and asks it first again the next time."""

    violates = "recover.table+1"
    kills = (
        "missing-entitlement-rotates-and-is-remembered",
        "missing-plan-rotates",
    )
    because = "out"

    @replaces("credpool.rules.cooldown._rest")
    def forgotten(original, entry, cooldown, *, model):
        if cooldown.failure is FailureClass.NOT_ENTITLED:
            return entry
        return original(entry, cooldown, model=model)


class DeliversA402(Mutant):
    """Hands a 402 to the caller, and goes on using the account."""

    violates = "recover.table+1"
    kills = (
        "no-money-rotates-on-the-first-reply:openrouter",
        "no-money-rotates-on-the-first-reply:gemini",
        "no-money-rotates-on-the-first-reply:status-alone",
    )
    because = "stop"

    @replaces("credpool.rules.decide._fail")
    def delivered(original, state, event, *, now, draw):
        broke = event.verdict.failure is FailureClass.OUT_OF_CREDIT and event.verdict.code == 402
        if broke and not event.call.probe:
            return next_step.deliver(state, event, now=now)
        return original(state, event, now=now, draw=draw)


class WaitsForAPlan(Mutant):
    """Waits for a used-up plan when it is back in a few seconds."""

    violates = "recover.table+1"
    kills = ("short-usage-hint-is-not-slept-through",)
    because = "same"

    @replaces("credpool.rules.decide._fail")
    def waits(original, state, event, *, now, draw):
        verdict, entry = event.verdict, state.find(event.entry)
        short = verdict.hint is not None and 0 < verdict.hint <= state.policy.max_retry_wait
        fresh = not event.call.did(Step.RETRY, event.entry) and not event.call.probe
        if verdict.failure is FailureClass.USAGE_LIMITED and short and fresh:
            return decide._retry(state, entry, event, now=now)
        return original(state, event, now=now, draw=draw)


class RetriesAUsedUpPlan(Mutant):
    """Tries a used-up plan once more when nothing says how long it is used up."""

    violates = "recover.table+1"
    kills = ("usage-limit-rotates-on-the-first-reply:text-alone",)
    because = "same"

    @replaces("credpool.rules.decide._fail")
    def again(original, state, event, *, now, draw):
        verdict, entry = event.verdict, state.find(event.entry)
        fresh = not event.call.did(Step.RETRY, event.entry) and not event.call.probe
        if verdict.failure is FailureClass.USAGE_LIMITED and verdict.hint is None and fresh:
            return decide._retry(state, entry, event, now=now)
        return original(state, event, now=now, draw=draw)
