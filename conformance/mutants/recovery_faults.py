"""Mutants of the chapter on recovery: faults that are not the credential's, and streams."""

import json
from contextlib import suppress
from dataclasses import replace

from credpool.model.entry import Cooldown
from credpool.model.errors import StoreError
from credpool.model.messages import Call, Failed, Verdict
from credpool.model.recovery import Step
from credpool.model.terms import FailureClass, Scope
from credpool.pool import engine_of
from credpool.rules import next_step
from tools.mutants.mutant import Mutant, replaces


def benched(state, entry, failure, *, now, seconds):
    """Return the state with a cooldown on one entry."""
    out = Cooldown(failure=failure, since=now, until=now + seconds)
    return state.change({entry.id: replace(entry, cooldown=out)})


class BenchesTheForbidden(Mutant):
    """Starts a cooldown after a 403 that says nothing about the key."""

    violates = "recover.table+1"
    kills = (
        "forbidden-tries-another-and-benches-nobody",
        "forbidden-everywhere-is-delivered",
    )
    because = "status"

    @replaces("credpool.rules.next_step.go_on")
    def out(original, state, event, step, *, now, draw):
        entry = state.find(event.entry)
        if event.verdict.failure is FailureClass.FORBIDDEN and entry is not None:
            state = benched(state, entry, FailureClass.FORBIDDEN, now=now, seconds=300)
        return original(state, event, step, now=now, draw=draw)


class BenchesTheSilent(Mutant):
    """Starts a cooldown when a connection breaks before a reply."""

    violates = "recover.no-reply+2"
    kills = (
        "no-reply-is-reported-as-it-is",
        "no-reply-after-a-rotation",
    )
    because = "status"

    @replaces("testee_reference.Testee.end")
    def out(original, self, call, outcome, over=None, **result):
        last = call.attempts[-1] if call.attempts else None
        if outcome == "failed" and last is not None and not last.answered:
            verdict = Verdict(
                failure=FailureClass.USAGE_LIMITED, scope=Scope.ENTRY, rule="mutant", hint=60.0
            )
            with suppress(StoreError):  # it may be what the call ends with
                entry = self.pool.state.find(last.entry)
                engine_of(self.pool).apply(
                    Failed(Call(started=self.time), entry.id, entry.secret, verdict)
                )
        return original(self, call, outcome, over, **result)


class BelievesAnOverloadsRetryAfter(Mutant):
    """Takes an entry out for as long as an overloaded server says."""

    violates = "recover.table+1"
    kills = ("retry-after-on-an-outage-benches-nobody:503",)
    because = "status"

    @replaces("credpool.rules.next_step.deliver_at_once")
    def out(original, state, event):
        verdict, now = event.verdict, event.call.started
        if verdict.failure is FailureClass.OVERLOADED and verdict.hint:
            entry = state.find(event.entry)
            state = benched(state, entry, verdict.failure, now=now, seconds=verdict.hint)
        return original(state, event)


class WalksThroughThePoolWithAWrongRequest(Mutant):
    """Tries a request that was called wrong with every entry."""

    violates = "recover.table+1"
    kills = ("wrong-request-benches-nobody",)
    because = "on"

    @replaces("credpool.rules.decide._fail")
    def everyone(original, state, event, *, now, draw):
        if event.verdict.failure is FailureClass.REQUEST_ERROR:
            return next_step.go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)
        return original(state, event, now=now, draw=draw)


class WalksThroughThePoolWhenTheServerIsBroken(Mutant):
    """Tries every entry when the server is broken."""

    violates = "recover.table+1"
    kills = (
        "broken-server-benches-nobody",
        "retry-after-on-an-outage-benches-nobody:500",
    )
    because = "on"

    @replaces("credpool.rules.decide._fail")
    def everyone(original, state, event, *, now, draw):
        if event.verdict.failure is FailureClass.SERVER_ERROR:
            return next_step.go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)
        return original(state, event, now=now, draw=draw)


class StartsABrokenStreamAnew(Mutant):
    """Sends the request again when a stream breaks."""

    violates = "recover.stream.no-retry+1"
    kills = ("broken-stream-is-not-repeated",)
    because = "on"

    @replaces("testee_reference.Testee.run")
    def remembered(original, self, call, asked):
        call.asked = asked
        return original(self, call, asked)

    @replaces("testee_reference.Testee.end")
    def again(original, self, call, outcome, over=None, **result):
        if outcome == "failed" and call.asked["stream"]:
            return self.run(call, call.asked | {"stream": False})
        return original(self, call, outcome, over, **result)


class DrainsStreams(Mutant):
    """Reads every reply to its end before the caller has it."""

    violates = "recover.stream.not-drained+2"
    kills = (
        "stream-arrives-as-it-is-written",
        "stream-after-a-rotation-is-not-drained",
    )
    because = "outcome"

    @replaces("credpool._calls.flow._judged")
    def drained(original, active, sent, response, entry, reply):
        response.read()
        return original(active, sent, response, entry, reply)


class WalksThroughThePoolOnAnOverload(Mutant):
    """Tries every entry when the server is overloaded."""

    violates = "recover.table+1"
    kills = ("overload-benches-nobody", "retry-after-on-an-outage-benches-nobody:503")
    because = "on"

    @replaces("credpool.rules.decide._fail")
    def everyone(original, state, event, *, now, draw):
        if event.verdict.failure is FailureClass.OVERLOADED:
            return next_step.go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)
        return original(state, event, now=now, draw=draw)


class RepeatsAStreamThatTellsAnError(Mutant):
    """Sends the request again when a stream has told an error."""

    violates = "recover.stream.no-retry+1"
    kills = ("error-inside-a-stream-is-passed-on",)
    because = "on"

    @replaces("testee_reference.Testee.run")
    def remembered(original, self, call, asked):
        call.asked = asked
        return original(self, call, asked)

    @replaces("testee_reference.Testee.end")
    def again(original, self, call, outcome, over=None, **result):
        whole = outcome == "delivered" and call.asked["stream"]
        if whole and "event: error" in result["body"]:
            return self.run(call, call.asked | {"stream": False})
        return original(self, call, outcome, over, **result)


class DeliversWhatItHasRead(Mutant):
    """Delivers of a long refusal what was needed to classify it."""

    violates = "recover.whole-body+1"
    kills = ("long-refusal-is-delivered-whole:request",)
    because = "reply"

    @replaces("credpool._calls.body.ResumedStream.__iter__")
    def beginning(original, self):
        yield from self._beginning.again()


class ForgetsTheQuery(Mutant):
    """Sends the caller's path without its query."""

    violates = "request.unchanged+1"
    kills = ("request-arrives-as-it-was-made:query",)
    because = "request"

    @replaces("testee_reference.Testee.run")
    def without(original, self, call, asked):
        return original(self, call, asked | {"path": asked["path"].partition("?")[0]})


class AddsADefaultToTheBody(Mutant):
    """Puts a parameter into the body that the caller has left out."""

    violates = "request.unchanged+1"
    kills = ("request-arrives-as-it-was-made",)
    because = "request"

    @replaces("testee_reference.Testee.run")
    def added(original, self, call, asked):
        return original(self, call, asked | {"body": {"temperature": 0} | asked["body"]})


class WritesTheReplyAgain(Mutant):
    """Parses the JSON of a reply, and writes it in its own way."""

    violates = "reply.unchanged+1"
    kills = ("reply-arrives-as-it-was-sent:blanks",)
    because = "reply"

    @replaces("testee_reference.Testee.end")
    def parsed(original, self, call, outcome, over=None, **result):
        body = result.get("body", "")
        if outcome == "delivered" and body.lstrip().startswith("{") and result["status"] == 200:
            result["body"] = json.dumps(json.loads(body))
        return original(self, call, outcome, over, **result)


class LosesTheRequestId(Mutant):
    """Delivers a reply without the provider's request id."""

    violates = "reply.unchanged+1"
    kills = ("reply-arrives-as-it-was-sent",)
    because = "reply"

    @replaces("testee_reference.Testee.end")
    def lost(original, self, call, outcome, over=None, **result):
        headers = result.get("headers") or {}
        stored = {name: value for name, value in headers.items() if name != "x-request-id"}
        return original(self, call, outcome, over, **result | {"headers": stored})
