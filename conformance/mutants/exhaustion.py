"""Mutants of the chapter on exhaustion: what the caller learns when all are out."""

import json
from contextlib import suppress
from dataclasses import replace

import httpx

from credpool.core.events import Decision, Deliver, Send
from credpool.core.model import FOREVER, FailureClass
from credpool_conformance.matrix.mutant import Mutant, replaces


class EmptiesStreamedRefusals(Mutant):
    """Gives a caller that asked for a stream an empty body in place of the last refusal."""

    violates = "exhaust.last-reply+1"
    kills = ("last-reply-of-a-streamed-call",)
    because = "reply"

    @replaces("credpool.flow._finish")
    def empty(original, pool, action, response):
        original(pool, action, response)
        over = isinstance(action, Deliver) and action.exhaustion is not None
        if over and json.loads(b"".join(response.request.stream)).get("stream"):
            response._content = b""


class DeliversTheTokenEndpointsReply(Mutant):
    """Delivers what the token endpoint said in place of the provider's refusal."""

    violates = "exhaust.last-reply+1"
    kills = ("last-reply-is-the-providers-not-the-token-endpoints",)
    because = "reply"
    may = {"a sole login cannot be refreshed": ("tokens-stay-out-of-errors",)}

    @replaces("credpool.flow.Flow._exchanged")
    def heard(original, self, active, entry, asked, reply):
        self._pool.heard = reply
        return original(self, active, entry, asked, reply)

    @replaces("credpool.flow._finish")
    def told(original, pool, action, response):
        original(pool, action, response)
        heard = getattr(pool, "heard", None)
        if heard is not None and response.status_code >= 400:
            response._content = heard.body


class LetsTheProviderSayRetry(Mutant):
    """Leaves a provider's own `x-should-retry` on the last reply of an exhausted pool."""

    violates = "exhaust.no-sdk-retry+1"
    kills = ("exhausted-reply-stops-the-sdk:provider-says-retry",)
    because = "headers"

    @replaces("credpool.flow._finish")
    def as_sent(original, pool, action, response):
        own = None if response is None else response.headers.get("x-should-retry")
        original(pool, action, response)
        if own is not None:
            response.headers["x-should-retry"] = own


class SaysNothingToTheSdk(Mutant):
    """Lets an SDK retry the 429 of an account without money."""

    violates = "exhaust.no-sdk-retry+1"
    kills = ("exhausted-reply-stops-the-sdk:provider-is-silent",)
    because = "headers"
    may = {"their last reply is a 429 about money": ("probe-that-fails-changes-nothing",)}

    @replaces("credpool.flow._finish")
    def silent(original, pool, action, response):
        own = None if response is None else response.headers.get("x-should-retry")
        original(pool, action, response)
        over = isinstance(action, Deliver) and action.exhaustion is not None
        why = {out.failure for out in action.exhaustion.entries} if over else set()
        if why == {FailureClass.OUT_OF_CREDIT} and own is None:
            del response.headers["x-should-retry"]


class KnocksAnyway(Mutant):
    """Sends a call of a pool that is out with the first entry that is not dead."""

    violates = "exhaust.nothing-sent+1"
    kills = (
        "exhausted-pool-sends-nothing",
        "exhausted-for-one-model",
    )
    because = "outcome"
    may = {
        "they call a pool that is out": (
            "earliest-return-is-told",
            "reasons-are-told-for-each-entry",
            "no-other-provider-is-asked",
            "probe-after-an-hour",
            "probe-times-are-the-operators",
            "secrets-stay-out-of-errors",
        )
    }

    @replaces("credpool.core.decide._start")
    def knocks(original, state, call, *, now, draw):
        decision = original(state, call, now=now, draw=draw)
        living = [e for e in state.entries if e.secret is not None and not e.dead]
        if isinstance(decision.action, Send) or not living:
            return decision
        return Decision(state, call, Send(living[0]))


class TakesARotationForTheEnd(Mutant):
    """Calls a pool exhausted when a call that has benched an entry ends without success."""

    violates = "exhaust.plain-reply+1"
    kills = (
        "plain-reply-after-a-rotation",
        "plain-reply-while-a-forbidden-entry-is-left",
    )
    because = "headers"

    @replaces("credpool.core.decide._deliver")
    def the_end(original, state, event, *, now):
        decision = original(state, event, now=now)
        if not event.call.benched or decision.action.exhaustion is not None:
            return decision
        everyone = {e.id: replace(e, secret=None) for e in state.entries}
        over = original(state.change(everyone), event, now=now)
        return replace(decision, action=over.action)


class CallsEverythingARateLimit(Mutant):
    """Tells the caller of rate limits, whatever the reasons were."""

    violates = "exhaust.reasons+1"
    kills = ("reasons-are-told-for-each-entry",)
    because = "exhausted"
    may = {
        "they tell why an entry is out": (
            "revocation-has-no-end",
            "exhausted-for-one-model",
            "probe-that-fails-changes-nothing",
        )
    }

    @replaces("credpool.core.cooldown._out")
    def limit(original, entry, cooldown):
        out = original(entry, cooldown)
        return out if cooldown is None else replace(out, failure=FailureClass.RATE_LIMITED)


class TellsTheLatestReturn(Mutant):
    """Tells when the last entry returns, not the first."""

    violates = "exhaust.returns-at+1"
    kills = ("earliest-return-is-told",)
    because = "exhausted"

    @replaces("credpool.core.cooldown.exhaustion")
    def latest(original, state, *, now, model):
        over = original(state, now=now, model=model)
        ends = [out.until for out in over.entries if out.until != FOREVER]
        return replace(over, returns_at=max(ends, default=None))


class LetsTheDeadHideAReturn(Mutant):
    """Tells that none returns as soon as one entry is dead."""

    violates = "exhaust.returns-at+1"
    kills = ("dead-entries-do-not-hide-a-return",)
    because = "exhausted"

    @replaces("credpool.core.cooldown.exhaustion")
    def none(original, state, *, now, model):
        over = original(state, now=now, model=model)
        dead = any(e.dead for e in state.entries)
        return replace(over, returns_at=None) if dead else over


class AsksAnotherProvider(Mutant):
    """Sends a call that finds its pool of one out to another provider."""

    violates = "exhaust.same-provider+1"
    kills = ("no-other-provider-is-asked",)
    because = "wire"
    may = {
        "they call a pool of one that is out": (
            "exhausted-for-one-model",
            "probe-after-an-hour",
            "probe-times-are-the-operators",
            "dead-entry-is-not-probed",
            "tokens-stay-out-of-errors",
        )
    }

    @replaces("testee_reference.Testee.end")
    def elsewhere(original, self, call, outcome, over=None, **result):
        if outcome == "exhausted" and len(self.pool.state.entries) == 1:
            with suppress(httpx.HTTPError):
                httpx.post("https://another.example/v1/chat/completions", json={})
        return original(self, call, outcome, over, **result)
