"""Mutants of the chapter on credentials and pools: whom a consequence rests on."""

from dataclasses import replace

from credpool.core.model import EntryId, Scope
from credpool_conformance.matrix.mutant import Mutant, replaces


class BlamesTheCurrentEntry(Mutant):
    """Puts a failure down to the entry that was chosen last, whoever it was that failed."""

    violates = "pool.attribution+1"
    kills = (
        "overlapping-calls-blame-the-key-they-used",
        "round-robin-blames-the-key-it-used",
    )
    because = "state"
    may = {
        "another call has chosen an entry before the reply came": (
            "later-report-does-not-shorten",
            "other-refusal-does-not-shorten",
            "refresh-does-not-shorten",
            "later-report-may-lengthen",
            "outage-guard-leaves-other-calls-alone",
        )
    }

    @replaces("credpool.core.decide._fail")
    def current(original, state, event, *, now, draw):
        entry = state.find(state.last or event.entry)
        blamed = replace(event, entry=entry.id, secret=entry.secret)
        return original(state, blamed, now=now, draw=draw)


class NumbersEntriesByPlace(Mutant):
    """Reports under the ids as they were listed, in the order of the priorities."""

    violates = "pool.identity+1"
    kills = (
        "id-survives-order-and-status",
        "id-survives-a-restart",
    )
    because = "state"
    may = {
        "their entries are listed in another order than that of their priorities": (
            "lower-priority-number-comes-first",
            "least-used-breaks-ties-in-order",
        )
    }

    @replaces("testee_reference.Testee.inspect")
    def by_place(original, self, message):
        told = original(self, message)
        listed = [entry["id"] for entry in self.given["entries"]]
        for entry, id_ in zip(told["pool"]["entries"], listed, strict=True):
            entry["id"] = id_
        return told


class RenamesWithTheToken(Mutant):
    """Gives a login a new id with each new token."""

    violates = "pool.identity+1"
    kills = ("id-survives-a-refresh",)
    because = "state"
    may = {
        "a login is refreshed": (
            "registry-example-of-expiry",
            "refused-login-is-refreshed",
            "refresh-does-not-shorten",
            "probe-refreshes-a-login",
            "refresh-and-retry-are-bounded-together",
            "expired-token-is-refreshed-once",
            "new-token-refused-rotates",
            "token-endpoints-bad-minute-kills-nobody",
            "count-leaves-the-token-endpoint-out",
        )
    }

    @replaces("credpool.core.decide._refreshed")
    def renamed(original, state, event):
        decision = original(state, event)
        fresh = replace(decision.action.entry, id=EntryId(f"{event.entry}-2"))
        return replace(
            decision,
            state=decision.state.change({event.entry: fresh}),
            action=replace(decision.action, entry=fresh),
        )


class LookingTakesATurn(Mutant):
    """Asks the strategy for an entry in order to show who would be next."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-move-the-turn",)
    because = "wire"
    may = {
        "the pool is looked at between calls, and it goes round": (
            "round-robin-blames-the-key-it-used",
            "late-success-does-not-clear-another-key",
            "rotation-passes-benched-entries-over",
            "another-entrys-success-clears-nothing",
            "each-secret-goes-to-its-own-origin",
            "turn-follows-priorities",
            "turn-takes-a-returned-entry-in-again",
            "round-robin-goes-round",
            "round-robin-counts-rotations-as-turns",
            "round-robin-does-not-start-over",
        )
    }

    @replaces("testee_reference.Testee.inspect")
    def next_one(original, self, message):
        if self.given.get("strategy") == "round_robin":
            self.pool.pick(lambda: None, self.time)
        return original(self, message)


class LookingTakesADraw(Mutant):
    """Throws the dice in order to show who would be next."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-takes-no-draw",)
    because = "wire"
    may = {
        "the pool is looked at between draws": (
            "each-call-selects-anew",
            "random-counts-available-entries-only",
            "random-draws-once-for-each-selection",
        )
    }

    @replaces("testee_reference.Testee.inspect")
    def next_one(original, self, message):
        self.randoms[:1] = []
        return original(self, message)


class LookingRefreshes(Mutant):
    """Refreshes a token that is about to run out when somebody looks."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-refresh",)
    because = "wire"

    @replaces("testee_reference.Testee.inspect")
    def refreshed(original, self, message):
        for entry in self.pool.state.entries:
            if entry.expires_at is not None and entry.expires_at - self.time < 120:
                form = {"refresh_token": entry.refresh_token.reveal()}
                self.http.post(self.given["token_url"], data=form)
        return original(self, message)


class KnowsNoOwners(Mutant):
    """Rests a consequence of owner scope on one entry alone."""

    violates = "pool.same-owner+1"
    kills = ("same-owner-shares-a-cap",)
    because = "wire"

    @replaces("credpool.core.cooldown.spread")
    def alone(original, state, entry, secret, scope):
        return original(state, entry, secret, Scope.ENTRY)


class BlamesTheWholeOwner(Mutant):
    """Rests every consequence on all entries of the owner."""

    violates = "pool.same-owner+1"
    kills = ("one-key-of-an-owner-may-be-wrong",)
    because = "state"

    @replaces("credpool.core.cooldown.spread")
    def all_of_them(original, state, entry, secret, scope):
        return original(state, entry, secret, Scope.OWNER)


class TakesTwinsForStrangers(Mutant):
    """Rests a consequence on one row of a key that is listed twice."""

    violates = "pool.same-secret+1"
    kills = (
        "same-secret-shares-a-refusal",
        "same-secret-shares-a-rate-limit",
    )
    because = "state"
    may = {"a key is listed twice": ("two-rows-of-one-secret-are-one-key",)}

    @replaces("credpool.core.cooldown.spread")
    def by_row(original, state, entry, secret, scope):
        return original(state, entry, None, scope)
