"""Mutants of the chapter on exhaustion: the reply that ends a call."""

import json
from dataclasses import replace

from credpool.model.messages import Deliver
from credpool.model.terms import FailureClass
from credpool.rules import next_step
from tools.mutants.mutant import Mutant, replaces


class EmptiesStreamedRefusals(Mutant):
    """Gives a caller that asked for a stream an empty body in place of the last refusal."""

    violates = "exhaust.last-reply+2"
    kills = ("last-reply-of-a-streamed-call",)
    because = "reply"

    @replaces("credpool._calls.flow._finish")
    def empty(original, pool, action, response):
        original(pool, action, response)
        over = isinstance(action, Deliver) and action.exhaustion is not None
        if over and json.loads(b"".join(response.request.stream)).get("stream"):
            response._content = b""


class DeliversTheTokenEndpointsReply(Mutant):
    """Delivers what the token endpoint said in place of the provider's refusal."""

    violates = "exhaust.last-reply+2"
    kills = ("last-reply-is-the-providers-not-the-token-endpoints",)
    because = "reply"

    @replaces("credpool._calls.refresh.Renewal._answer")
    def heard(original, self, asked):
        reply = original(self, asked)
        if getattr(reply, "status", 0) >= 400:
            self._engine.overheard = reply
        return reply

    @replaces("credpool._calls.flow._finish")
    def told(original, pool, action, response):
        original(pool, action, response)
        heard = getattr(pool, "overheard", None)
        if heard is not None and response.status_code >= 400:
            response._content = heard.body


class LetsTheProviderSayRetry(Mutant):
    """Leaves a provider's own `x-should-retry` on the last reply of an exhausted pool."""

    violates = "exhaust.no-sdk-retry+3"
    kills = ("exhausted-reply-stops-the-sdk:provider-says-retry",)
    because = "should-retry"

    @replaces("credpool._calls.flow._finish")
    def as_sent(original, pool, action, response):
        own = None if response is None else response.headers.get("x-should-retry")
        original(pool, action, response)
        if own is not None:
            response.headers["x-should-retry"] = own


class SaysNothingToTheSdk(Mutant):
    """Lets an SDK retry the 429 of an account without money."""

    violates = "exhaust.no-sdk-retry+3"
    kills = ("exhausted-reply-stops-the-sdk:provider-is-silent",)
    because = "should-retry"

    @replaces("credpool._calls.flow._finish")
    def silent(original, pool, action, response):
        own = None if response is None else response.headers.get("x-should-retry")
        original(pool, action, response)
        over = isinstance(action, Deliver) and action.exhaustion is not None
        why = {out.failure for out in action.exhaustion.entries} if over else set()
        if why == {FailureClass.OUT_OF_CREDIT} and own is None:
            del response.headers["x-should-retry"]


class TakesARotationForTheEnd(Mutant):
    """Calls a pool exhausted when a call that has benched an entry ends without success."""

    violates = "exhaust.sdk-retry+1"
    kills = (
        "plain-reply-after-a-rotation",
        "plain-reply-while-a-forbidden-entry-is-left",
    )
    because = "should-retry"

    @replaces("credpool.rules.next_step.deliver")
    def the_end(original, state, event, *, now):
        decision = original(state, event, now=now)
        if not event.call.benched or decision.action.exhaustion.is_whole:
            return decision
        everyone = {e.id: replace(e, secret=None) for e in state.entries}
        over = original(state.change(everyone), event, now=now)
        return replace(decision, action=over.action)

    @replaces("credpool.rules.next_step.deliver_at_once")
    def the_end_at_once(original, state, event):
        decision = original(state, event)
        if not event.call.benched:
            return decision
        everyone = {e.id: replace(e, secret=None) for e in state.entries}
        over = next_step.deliver(state.change(everyone), event, now=event.call.started)
        return replace(decision, action=over.action)


class InventsAReasonOfItsOwn(Mutant):
    """Writes a summary in place of the last reply when the entries are out for several reasons."""

    violates = "exhaust.last-reply+2"
    kills = ("last-reply-is-delivered-unchanged", "last-reply-of-a-streamed-call")
    because = "reply"

    @replaces("credpool._calls.flow._finish")
    def invented(original, pool, action, response):
        original(pool, action, response)
        over = action.exhaustion if isinstance(action, Deliver) else None
        if over is not None and len({out.failure for out in over.entries}) > 1:
            response._content = b'{"error": {"message": "All keys are exhausted."}}'


class TellsTheSdkToStopAtOnce(Mutant):
    """Tells SDKs not to retry what only a retry gets past."""

    violates = "exhaust.sdk-retry+1"
    kills = (
        "plain-reply-leaves-the-sdk-alone:overloaded",
        "plain-reply-leaves-the-sdk-alone:server-error",
        "plain-reply-after-a-rotation",
    )
    because = "should-retry"

    @replaces("credpool._calls.flow._finish")
    def stop(original, pool, action, response):
        original(pool, action, response)
        if response is not None and response.status_code >= 500:
            response.headers["x-should-retry"] = "false"
