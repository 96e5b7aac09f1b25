"""Profiles: what a pool may say that it is.  A control each, and a mutant that it must not hide."""

import json
from dataclasses import replace

from credpool.core.events import Wait
from credpool.core.model import FailureClass
from credpool_conformance.matrix.mutant import Control, Mutant, replaces

KEYS_ONLY = ("oauth", "login", "borrowed", "payer")


def declares(**more):
    """Replace the testee's introduction by one that says more."""

    def introduced(original, self, emit, *args):
        def says(reply):
            hello = reply.get("hello")
            if hello is not None:
                kept = [name for name in hello["features"] if name not in more.get("drops", ())]
                told = {name: value for name, value in more.items() if name != "drops"}
                reply = reply | {"hello": hello | {"features": kept} | told}
            emit(reply)

        original(self, says, *args)

    return replaces("testee_reference.Testee.__init__")(introduced)


def named(reply, name):
    """Call the classes in a result otherwise."""
    attempts = [attempt | {"class": name(attempt["class"])} for attempt in reply["attempts"]]
    over = reply["exhausted"]
    if over:
        reasons = {id_: why | {"class": name(why["class"])} for id_, why in over["entries"].items()}
        over = over | {"entries": reasons}
    return reply | {"attempts": attempts, "exhausted": over}


class PausesBeforeARetry(Control):
    """Adds two seconds and a half to the wait before each retry."""

    @replaces("credpool.core.decide._retry")
    def later(original, state, entry, event, *, now):
        decision = original(state, entry, event, now=now)
        action = decision.action
        until = action.until if isinstance(action, Wait) else now
        return replace(decision, action=Wait(action.entry, until + 2.5))


class RepeatsAFaultInPlace(Control):
    """Sends a request again with the same entry after a fault, once, and says so."""

    hello = declares(retries_faults=True)

    @replaces("testee_reference.Testee.run")
    def remembered(original, self, call, asked):
        call.asked = asked
        return original(self, call, asked)

    @replaces("testee_reference.Testee.end")
    def again(original, self, call, outcome, over=None, **result):
        last = call.attempts[-1].failure if call.attempts else None
        faults = (FailureClass.OVERLOADED, FailureClass.SERVER_ERROR)
        if last in faults and outcome == "delivered" and not getattr(call, "repeated", False):
            call.repeated, call.first = True, (outcome, over, result)
            return self.run(call, call.asked)
        if outcome == "exhausted" and getattr(call, "repeated", False):
            outcome, over, result = call.first  # a probe has no second request
        return original(self, call, outcome, over, **result)


class Translates(Control):
    """Writes requests and replies in another form, and says so."""

    hello = declares(translates=["request", "reply"])

    @replaces("testee_reference.Testee.run")
    def request(original, self, call, asked):
        body = {("max_completion_tokens" if k == "max_tokens" else k): v for k, v in asked["body"].items()}
        return original(self, call, asked | {"body": body})

    @replaces("testee_reference.Testee.end")
    def reply(original, self, call, outcome, over=None, **result):
        if outcome == "delivered" and result.get("body"):
            result["body"] = json.dumps({"translated": result["body"]})
        return original(self, call, outcome, over, **result)


class OnlyPicks(Control):
    """Says that its caller sends."""

    hello = declares(sends="caller")


class HasKeysOnly(Control):
    """Says that it has API keys only, and no feature of logins."""

    hello = declares(credentials=["api_key"], drops=KEYS_ONLY)


class HasOneStrategy(Control):
    """Says that it has `fill_first` only."""

    hello = declares(strategies=["fill_first"], drops=("quota-aware",))


class KnowsOneProvider(Control):
    """Says that it knows one provider."""

    hello = declares(providers=["openai"])


class HasNoPolicy(Control):
    """Says that the operator can set nothing."""

    hello = declares(policy=[], drops=("lease", "payer"))


class HasNoNamesForClasses(Control):
    """Tells no class of any failure, and says so."""

    hello = declares(tells=["until", "count", "reasons"], drops=("events", "operator"))

    @replaces("testee_reference.Testee.end")
    def unnamed(original, self, call, outcome, over=None, **result):
        say = self.say

        def silent(call, kind, reply):
            say(call, kind, named(reply, lambda name: None))

        self.say = silent
        try:
            return original(self, call, outcome, over, **result)
        finally:
            del self.say


class HasOtherNamesForClasses(Control):
    """Calls the classes of failures by names of its own, and says that it tells none of ours."""

    hello = declares(tells=["until", "count", "reasons"], drops=("events", "operator"))

    @replaces("testee_reference.Testee.end")
    def renamed(original, self, call, outcome, over=None, **result):
        say = self.say

        def other(call, kind, reply):
            say(call, kind, named(reply, lambda name: name and f"its_{name}"))

        self.say = other
        try:
            return original(self, call, outcome, over, **result)
        finally:
            del self.say
