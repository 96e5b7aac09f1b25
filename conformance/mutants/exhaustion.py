"""Mutants of the chapter on exhaustion: what the caller is told when all are out."""

from contextlib import suppress
from dataclasses import replace

import httpx

from credpool.model.messages import Decision, Send
from credpool.model.terms import FOREVER, FailureClass
from credpool.rules.usable import why_unusable
from tools.mutants.mutant import Mutant, replaces


class KnocksAnyway(Mutant):
    """Sends a call of a pool that is out with the first entry that is not dead."""

    violates = "exhaust.nothing-sent+2"
    kills = (
        "exhausted-pool-sends-nothing",
        "exhausted-for-one-model",
    )
    because = "out nothing"

    @replaces("credpool.rules.decide._start")
    def knocks(original, state, call, *, now, draw):
        decision = original(state, call, now=now, draw=draw)
        why_not = why_unusable(state)
        living = [e for e in state.entries if why_not(e) is None and not e.dead]
        if isinstance(decision.action, Send) or not living:
            return decision
        return Decision(state, call, Send(living[0]))


class CallsEverythingARateLimit(Mutant):
    """Tells the caller of rate limits, whatever the reasons were."""

    violates = "exhaust.reasons+3"
    kills = ("reasons-are-told-for-each-entry",)
    because = "exhausted"

    @replaces("credpool.rules.cooldown._out")
    def limit(original, entry, cooldown, why, failed):
        out = original(entry, cooldown, why, failed)
        return out if cooldown is None else replace(out, failure=FailureClass.RATE_LIMITED)


class TellsTheLatestReturn(Mutant):
    """Tells when the last entry returns, not the first."""

    violates = "exhaust.returns-at+2"
    kills = ("earliest-return-is-told",)
    because = "exhausted"

    @replaces("credpool.rules.cooldown.exhaustion")
    def latest(original, state, *, now, model, call=None):
        over = original(state, now=now, model=model, call=call)
        ends = [out.until for out in over.entries if out.until != FOREVER]
        return replace(over, returns_at=max(ends, default=None))


class ShowsNoReturn(Mutant):
    """Shows of an exhausted pool, when somebody looks at it, that none returns."""

    violates = "exhaust.returns-at+2"
    kills = ("earliest-return-is-told", "dead-entries-do-not-hide-a-return")
    because = "earliest"

    @replaces("credpool.events.report.report_pool")
    def never(original, state, *, now):
        return original(state, now=now) | {"returns_at": None}


class LetsTheDeadHideAReturn(Mutant):
    """Tells that none returns as soon as one entry is dead."""

    violates = "exhaust.returns-at+2"
    kills = ("dead-entries-do-not-hide-a-return",)
    because = "exhausted"

    @replaces("credpool.rules.cooldown.exhaustion")
    def none(original, state, *, now, model, call=None):
        over = original(state, now=now, model=model, call=call)
        dead = any(e.dead for e in state.entries)
        return replace(over, returns_at=None) if dead else over


class AsksAnotherProvider(Mutant):
    """Sends a call that finds its pool of one out to another provider."""

    violates = "exhaust.same-provider+1"
    kills = ("no-other-provider-is-asked",)
    because = "origin"

    @replaces("testee_reference.Testee.end")
    def elsewhere(original, self, call, outcome, over=None, **result):
        if outcome == "exhausted" and len(self.pool.state.entries) == 1:
            with suppress(httpx.HTTPError):
                httpx.post("https://another.example/v1/chat/completions", json={})
        return original(self, call, outcome, over, **result)


class PromisesADeadPoolsReturn(Mutant):
    """Tells that a pool of dead entries returns in five minutes."""

    violates = "exhaust.returns-at+2"
    kills = ("dead-entries-never-return",)
    because = "exhausted"

    @replaces("credpool.rules.cooldown.exhaustion")
    def promised(original, state, *, now, model, call=None):
        over = original(state, now=now, model=model, call=call)
        return replace(over, returns_at=now + 300) if over.returns_at is None else over


class TellsOfARefusalThatNeverWas(Mutant):
    """Tells of a key that cannot be sent that the provider has refused it."""

    violates = "exhaust.reasons+3"
    kills = ("unusable-entries-are-told-without-a-return", "only-unusable-entries-never-return")
    because = "exhausted"

    @replaces("credpool.rules.cooldown._out")
    def refused(original, entry, cooldown, why, failed):
        out = original(entry, cooldown, why, failed)
        if why is None:
            return out
        return replace(out, failure=FailureClass.AUTH_REJECTED, why=None)
