"""Mutants of histories in which three conformant pools once differed: each does what one did."""

from dataclasses import replace

from credpool.model.messages import Reset
from credpool.model.recovery import ENDED_BY_REFRESH
from credpool.model.terms import FailureClass
from credpool.rules.cooldown import TOKEN_ENDPOINT
from credpool.rules.next_step import deliver
from tools.mutants.mutant import Mutant, replaces


class LearnsAnOwnerOnce(Mutant):
    """Keeps the owner that a reply has named first."""

    violates = "owner.learnt+2"
    kills = ("owner-that-changes-is-learnt-again",)
    because = "stop"

    @replaces("credpool.rules.decide._owned")
    def once(original, state, secret, owner):
        known = any(e.learnt_owner is not None for e in state.holding(secret))
        return state if known else original(state, secret, owner)


class ProbesEachRow(Mutant):
    """Notes a probe for the row alone, and probes the next row of the secret too."""

    violates = "exhaust.probe+3"
    kills = ("rows-with-one-secret-are-probed-as-one",)
    because = "nothing"

    @replaces("credpool.rules.decide._start")
    def by_row(original, state, call, *, now, draw):
        made = original(state, call, now=now, draw=draw)
        if not made.call.probe:
            return made
        others = [e for e in state.entries if e.id != made.action.entry.id]
        return replace(made, state=made.state.change({e.id: e for e in others}))


class TakesABrokenServerForExhaustion(Mutant):
    """Tells the caller of a 503 to a probe that the pool is exhausted."""

    violates = "exhaust.sdk-retry+1"
    kills = ("broken-server-during-a-probe-is-retryable",)
    because = "should-retry"

    @replaces("credpool.rules.decide._fail")
    def ended(original, state, event, *, now, draw):
        if event.call.probe and event.verdict.failure is FailureClass.OVERLOADED:
            return deliver(state, event, now=now)
        return original(state, event, now=now, draw=draw)


class GuardsByAnyRefusal(Mutant):
    """Lets a hint of a refusal that was retried keep the outage guard away."""

    violates = "recover.outage-guard+2"
    kills = ("guard-counts-the-last-refusal",)
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def by_any(original, state, call, *, now):
        hinted = any(a.hinted for a in call.attempts)
        return state if hinted else original(state, call, now=now)


class GuardsAgainstTheTokenEndpoint(Mutant):
    """Shortens what a token endpoint has asked for when the other entries were throttled."""

    violates = "recover.outage-guard+2"
    kills = ("guard-leaves-a-token-endpoints-wish-alone",)
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def over_all(original, state, call, *, now):
        asked = [e.cooldown for e in state.entries if e.cooldown and call.tried(e.id)]
        theirs = [c for c in asked if c.reason == TOKEN_ENDPOINT]
        wide = replace(call, renewed=(), benched=(*call.benched, *theirs))
        return original(state, wide, now=now)


class AsksAgainForTheLastToken(Mutant):
    """Refreshes an entry again that went out because its refresh failed for another call."""

    violates = "recover.auth-expired.refresh+2"
    kills = ("refused-for-the-last-token",)
    because = "refresh"

    @replaces("credpool.rules.refresh._is_in")
    def whatever_failed(original, state, entry, event, now):
        out = entry.blocked(now)
        if out is not None and out.failure in ENDED_BY_REFRESH and not entry.dead:
            return True
        return original(state, entry, event, now)


class TakesARedirectForAFault(Mutant):
    """Delivers a redirect as a fault on the way to the provider."""

    violates = "reply.unchanged+1"
    kills = ("redirect-is-no-missing-reply",)
    because = "outcome"

    @replaces("credpool._calls.flow._judged")
    def as_fault(original, active, sent, response, entry, reply):
        if 300 <= response.status_code < 400:
            response.status_code = 502
        return original(active, sent, response, entry, reply)


class CountsTheRowAlone(Mutant):
    """Counts a request for the row that was chosen, and not for the others of its secret."""

    violates = "select.count+2"
    kills = ("least-used-counts-the-secret",)
    because = "counts"

    @replaces("credpool.model.state.twins")
    def alone(original, entries):
        return {}


class SaysNothingOfAProbesSwitch(Mutant):
    """Does not tell that a call has begun with a probe of another entry."""

    violates = "events.switch+2"
    kills = ("probe-is-told-as-a-switch",)
    because = "events"

    @replaces("credpool.events.changes._switch")
    def silent(original, before, event, made, now):
        return iter(()) if made.call.probe else original(before, event, made, now)


class OrdersByWhoWasMovedFirst(Mutant):
    """Orders entries that were moved ahead, and are equal, by when that was done."""

    violates = "select.order+2"
    kills = ("order-among-equals-after-a-change",)
    because = "order"
    moved = ()

    @replaces("credpool.model.state.in_order")
    def by_moves(original, entries):
        ahead = [e.id for e in entries if e.priority < 0]
        known = [id_ for id_ in OrdersByWhoWasMovedFirst.moved if id_ in ahead]
        moved = [*known, *(id_ for id_ in ahead if id_ not in known)]
        OrdersByWhoWasMovedFirst.moved = tuple(moved)
        places = {id_: place for place, id_ in enumerate(moved)}
        return tuple(sorted(entries, key=lambda e: (e.priority, places.get(e.id, 0))))


class ForgivesAtTheEndOfAStream(Mutant):
    """Takes the end of a stream for news of its entry."""

    violates = "cooldown.late-success+1"
    kills = ("late-success-of-a-stream-revives-nobody",)
    because = "status"

    @replaces("credpool._calls.flow.Flow._leave")
    def held(original, self, active, action, response):
        engine, entry = self._engine, active.attempts[-1].entry if active.attempts else None

        class End:
            def end(self):
                found = engine.state.find(entry)
                if found is not None and found.cooldown is not None:
                    engine.apply(Reset(entry))

        if response is not None and response.is_success and not response.is_closed:
            self._hold(response, End())
        return original(self, active, action, response)


class TakesALikeCooldownForItsOwn(Mutant):
    """Cuts a cooldown short that another call began, if it looks like the call's own."""

    violates = "recover.outage-guard+2"
    kills = ("guard-leaves-what-another-call-began-at-once",)
    because = "until"

    @replaces("credpool.rules.cooldown.cap")
    def alike(original, state, call, *, now):
        own = tuple(e.cooldown for e in state.entries if e.cooldown and e.cooldown.since == now)
        return original(state, replace(call, benched=own), now=now)


class AuthenticatesOneRedirect(Mutant):
    """Sends the secret again where one redirect has led, and not where the next one leads."""

    violates = "security.one-secret+3"
    kills = ("each-redirect-within-the-origin-is-authenticated",)
    because = "bare"

    @replaces("credpool._calls.flow._lost_its_secret")
    def once(original, sent, response):
        return original(sent, response) and not str(sent.url).endswith("/moved")
