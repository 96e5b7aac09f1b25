"""Profiles: what a pool may say that it is.  A control each, and a mutant that it must not hide."""

import json
import sys
from dataclasses import replace

from credpool.model.messages import Wait
from credpool.model.recovery import Step
from credpool.model.terms import FailureClass
from credpool.pool import engine_of
from credpool.rules import next_step
from tools.mutants.mutant import Control, Mutant, replaces

KEYS_ONLY = ("oauth", "login", "borrowed", "payer")


def declares(drops=(), says=lambda reply: reply, **more):
    """Replace the testee's introduction by one that says more, and each reply by what `says` makes."""

    def introduced(original, self, emit, *args):
        def changed(reply):
            hello = reply.get("hello")
            if hello is not None:
                stored = [name for name in hello["features"] if name not in drops]
                reply = reply | {"hello": hello | {"features": stored} | more}
            emit(says(reply))

        original(self, changed, *args)

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

    @replaces("credpool.rules.decide._retry")
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
        in_place = self.given.get("strategy") in (None, "fill_first")  # the same entry once more
        if in_place and last in faults and outcome == "delivered" and not hasattr(call, "first"):
            call.first = (outcome, over, result)
            return self.run(call, call.asked)
        if outcome == "exhausted" and hasattr(call, "first"):
            outcome, over, result = call.first  # a probe has no second request
        return original(self, call, outcome, over, **result)


class Translates(Control):
    """Writes requests and replies in another form, and says so."""

    hello = declares(translates=["request", "reply"])

    @replaces("testee_reference.Testee.run")
    def request(original, self, call, asked):
        body = {
            ("max_completion_tokens" if k == "max_tokens" else k): v
            for k, v in asked["body"].items()
        }
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

    @replaces("testee_reference.Testee.say")
    def unnamed(original, self, call, kind, reply):
        told = named(reply, lambda name: None) if kind == "result" else reply
        return original(self, call, kind, told)


class HasOtherNamesForClasses(Control):
    """Calls the classes of failures by names of its own, and says that it tells none of ours."""

    hello = declares(tells=["until", "count", "reasons"], drops=("events", "operator"))

    @replaces("testee_reference.Testee.say")
    def renamed(original, self, call, kind, reply):
        told = named(reply, lambda name: name and f"its_{name}") if kind == "result" else reply
        return original(self, call, kind, told)


def silent(reply):
    """Leave out of a reply what is only told: classes, moments, counts, and reasons."""
    match reply:
        case {"result": result}:
            over = result["exhausted"] and {
                "returns_at": None,
                "entries": {id_: {} for id_ in result["exhausted"]["entries"]},
            }
            steps = [attempt | {"class": None} for attempt in result["attempts"]]
            return reply | {"result": result | {"attempts": steps, "exhausted": over}}
        case {"pool": pool}:
            entries = [mute(entry) for entry in pool["entries"]]
            return reply | {"pool": pool | {"returns_at": None, "entries": entries}}
        case _:
            return reply


def mute(entry):
    """Tell of an entry whether it is out, and for which models, and nothing else."""
    left = {k: v for k, v in entry.items() if k not in ("class", "until", "request_count")}
    return left | {"models": {m: {"class": "out"} for m in entry.get("models", {})}}


class TellsNothing(Control):
    """Tells no class, no moment, no count and no reason, and says so."""

    hello = declares(tells=[], drops=("events", "operator"), says=silent)


# --- what a profile must not hide


class PicksAndSaysTheKeys(Mutant):
    """Leaves the sending to its caller, and writes the keys out when a connection fails."""

    violates = "security.no-leak+2"
    kills = ("secrets-stay-out-of-errors",)
    because = "said"

    hello = declares(sends="caller")

    @replaces("testee_reference.Testee.end")
    def said(original, self, call, outcome, over=None, **result):
        if outcome == "failed":
            print(
                [e.secret.reveal() for e in engine_of(self.pool)._stored.view.state.entries],
                file=sys.stderr,
            )
        return original(self, call, outcome, over, **result)


class TranslatesAndLosesTraceIds(Mutant):
    """Translates requests, and drops a header of the caller's on the way."""

    violates = "security.caller-headers+3"
    kills = ("caller-headers-arrive",)
    because = "header"

    hello = declares(translates=["request", "reply"])

    @replaces("credpool.providers.wire.seal")
    def dropped(original, entry, provider, headers):
        sealed = original(entry, provider, headers)
        return replace(sealed, drop=sealed.drop | {b"x-trace-id"})


class RepeatsAFaultAndWalksOn(Mutant):
    """Says that it repeats a fault in place, and tries every other entry after a 500."""

    violates = "recover.table+1"
    kills = ("broken-server-benches-nobody",)
    because = "on"

    hello = declares(retries_faults=True)

    @replaces("credpool.rules.decide._fail")
    def walk(original, state, event, *, now, draw):
        if event.verdict.failure is FailureClass.SERVER_ERROR:
            return next_step.go_on(state, event, Step.TRY_NEXT, now=now, draw=draw)
        return original(state, event, now=now, draw=draw)


class HasOneStrategyAndGivesUp(Mutant):
    """Has `fill_first` only, and stops after the second key."""

    violates = "recover.all-tried+2"
    kills = ("ten-keys-are-all-tried",)
    because = "stop"

    hello = declares(strategies=["fill_first"], drops=("quota-aware",))

    @replaces("credpool.rules.next_step.go_on")
    def two(original, state, event, step, *, now, draw):
        tried = {attempt.entry for attempt in event.call.attempts} | {event.entry}
        if len(tried) >= 2:
            return next_step.deliver(state, event, now=now)
        return original(state, event, step, now=now, draw=draw)


class HasKeysAndBenchesTheForbidden(Mutant):
    """Has API keys only, and takes a key out for a 403."""

    violates = "recover.table+1"
    kills = ("forbidden-tries-another-and-benches-nobody",)
    because = "status"

    hello = declares(credentials=["api_key"], drops=KEYS_ONLY)

    @replaces("credpool.rules.decide._fail")
    def rejected(original, state, event, *, now, draw):
        if event.verdict.failure is FailureClass.FORBIDDEN:
            failure = FailureClass.AUTH_REJECTED
            event = replace(event, verdict=replace(event.verdict, failure=failure))
        return original(state, event, now=now, draw=draw)


class KnowsOneProviderAndForgetsTheGuard(Mutant):
    """Knows one provider, and has no outage guard."""

    violates = "recover.outage-guard+2"
    kills = ("outage-guard-caps-the-cooldowns",)
    because = "out"

    hello = declares(providers=["openai"])

    @replaces("credpool.rules.cooldown.cap")
    def none(original, state, call, *, now):
        return state


class HasNoPolicyAndNeverRetries(Mutant):
    """Lets the operator set nothing, and moves on at the first 429."""

    violates = "recover.rate-limited.retry-once+3"
    kills = ("rate-limited-retries-once-then-rotates",)
    because = "retry"

    hello = declares(policy=[], drops=("lease", "payer"))

    @replaces("credpool.rules.decide._may_retry")
    def never(original, *args, **kwargs):
        return False


class NamesNoClassAndReadsNoText(Mutant):
    """Tells no class of any failure, and reads no text of a reply that is not JSON."""

    violates = "classify.any-body+2"
    kills = ("plain-text-is-read",)
    because = "after"

    hello = declares(tells=["until", "count", "reasons"], drops=("events", "operator"))
    say = HasNoNamesForClasses.unnamed

    @replaces("credpool.providers.reply.Reply.message")
    def nothing(original, self):
        return original(self) if self.data is not None else ""


class TellsNothingAndReadsNoText(Mutant):
    """Tells nothing of what it does, and reads no hint in the text of a message."""

    violates = "cooldown.hint.text+1"
    kills = ("hint-in-a-text:text-1", "hint-in-a-text:text-9")
    because = "out"

    hello = TellsNothing.hello

    @replaces("credpool.providers.hints._of_text")
    def unread(original, pattern, message, now, zone):
        return None
