"""Mutants of the chapter on credentials and pools: whom a consequence rests on."""

import re
from dataclasses import replace

from credpool.model.terms import EntryId, Scope
from tools.mutants.mutant import Mutant, replaces


class BlamesTheCurrentEntry(Mutant):
    """Puts a failure down to the entry that was chosen last, whoever it was that failed."""

    violates = "pool.attribution+2"
    kills = (
        "overlapping-calls-blame-the-key-they-used",
        "round-robin-blames-the-key-it-used",
    )
    because = "out status target"

    @replaces("credpool.rules.decide._fail")
    def current(original, state, event, *, now, draw):
        entry = state.find(state.last or event.entry)
        if entry is None:
            return original(state, event, now=now, draw=draw)
        blamed = replace(event, entry=entry.id, secret=entry.secret)
        return original(state, blamed, now=now, draw=draw)


class NumbersEntriesByPlace(Mutant):
    """Reports under the ids as they were listed, in the order of the priorities."""

    violates = "pool.identity+1"
    kills = (
        "id-survives-order-and-status",
        "id-survives-a-restart",
    )
    because = "status"

    @replaces("testee_reference.Testee.inspect")
    def by_place(original, self, message):
        told = original(self, message)
        listed = [entry["id"] for entry in self.given["entries"]]
        for entry, id_ in zip(told["pool"]["entries"], listed, strict=False):
            entry["id"] = id_
        return told


class RenamesWithTheToken(Mutant):
    """Gives a login a new id with each new token."""

    violates = "pool.identity+1"
    kills = ("id-survives-a-refresh",)
    because = "ids"

    @replaces("credpool.rules.refresh.refreshed")
    def renamed(original, state, event):
        decision = original(state, event)
        if state.find(event.entry) is None:
            return decision
        fresh = replace(decision.state.find(event.entry), id=EntryId(f"{event.entry}-2"))
        return replace(decision, state=decision.state.change({event.entry: fresh}))


class KnowsNoOwners(Mutant):
    """Rests a consequence of owner scope on one entry alone."""

    violates = "pool.same-owner+2"
    kills = ("same-owner-shares-a-cap",)
    because = "target"

    @replaces("credpool.rules.cooldown.spread")
    def alone(original, state, secret, scope):
        return original(state, secret, Scope.ENTRY)


class BlamesTheWholeOwner(Mutant):
    """Rests every consequence on all entries of the owner."""

    violates = "pool.same-owner+2"
    kills = ("one-key-of-an-owner-may-be-wrong",)
    because = "stop"

    @replaces("credpool.rules.cooldown.spread")
    def all_of_them(original, state, secret, scope):
        return original(state, secret, Scope.OWNER)


class TakesTwinsForStrangers(Mutant):
    """Rests a consequence on one row of a key that is listed twice."""

    violates = "pool.same-secret+3"
    kills = (
        "same-secret-shares-a-refusal",
        "same-secret-shares-a-rate-limit",
    )
    because = "status"

    @replaces("credpool.rules.cooldown.spread")
    def by_row(original, state, secret, scope):
        rows = tuple(state.holding(secret))
        return (e for e in original(state, secret, scope) if e not in rows[1:])


class TakesUnknownOwnersForOne(Mutant):
    """Takes keys whose owners nobody knows for one owner's, when there are several and a plan is used up."""

    violates = "pool.same-owner+2"
    kills = ("unknown-owners-are-not-the-same",)
    because = "stop"

    @replaces("credpool.rules.cooldown.bench")
    def one_owner(original, state, event, *, now):
        several = len(state.entries) > 2 and not any(e.owner for e in state.entries)
        if not several or event.verdict.rule != "generic/usage-limit":
            return original(state, event, now=now)
        one = state.change({e.id: replace(e, owner="nobody") for e in state.entries})
        benched, call = original(one, event, now=now)
        return benched.change({e.id: replace(e, owner=None) for e in benched.entries}), call


class SendsQuotesAlong(Mutant):
    """Takes the quotation marks around a key for a part of it, and sends them."""

    violates = "pool.unusable+1"
    kills = ("unusable-secret-is-passed-over:in-quotes",)
    because = "order"

    @replaces("credpool.model.credential.secret_flaw")
    def quoted(original, text):
        return None if text.startswith('"') else original(text)


class SendsToAnyScheme(Mutant):
    """Tries an endpoint whatever its URL begins with."""

    violates = "pool.unusable+1"
    kills = ("unusable-base-url-is-passed-over:another-scheme",)
    because = "origin"

    @replaces("credpool.model.credential._address_flaw")
    def tried(original, text):
        return None if text.startswith("ftp:") else original(text)


class KeepsTheLineEnd(Mutant):
    """Takes the line end behind a value for a part of it."""

    violates = "pool.blanks+2"
    kills = (
        "blanks-around-a-secret-are-not-sent:line-end",
        "blanks-around-a-base-url-are-not-sent",
    )
    because = "order"

    @replaces("credpool.model.credential.bare")
    def stored(original, text):
        return text if text.endswith("\n") else original(text)


class RefusesEveryEqualsSign(Mutant):
    """Takes a key for an assignment as soon as capitals and an equals sign begin it."""

    violates = "select.fill-first+2"
    kills = ("unusual-secret-is-sent:equals-sign",)
    because = "order"

    @replaces("credpool.model.credential.secret_flaw")
    def assignment(original, text):
        assigned = re.match(r"[A-Z_]+=", text)
        return original(text) or ("has a name before it" if assigned else None)


class SendsTheSchemeAlone(Mutant):
    """Takes the word that stands before a key for a key."""

    violates = "pool.unusable+1"
    kills = ("unusable-secret-is-passed-over:scheme-alone",)
    because = "out"

    @replaces("credpool.model.credential.secret_flaw")
    def scheme(original, text):
        return None if text == "bearer" else original(text)
