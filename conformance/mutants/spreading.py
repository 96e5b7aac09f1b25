"""Mutants of the chapter on sharing, within a process: calls under way, and sessions."""

from dataclasses import replace

from credpool.rules.select import under_cap
from tools.mutants.mutant import Mutant, replaces


class SpreadsUnasked(Mutant):
    """Has a cap of one call when nobody has asked for any."""

    violates = "lease.off+1"
    kills = ("without-a-cap-calls-share-an-entry",)
    because = "order"

    @replaces("credpool._engine.engine.Engine.lease")
    def always(original, self):
        return self._stored.own.leases.new()

    @replaces("credpool.rules.select.under_cap")
    def one(original, state, candidates):
        cap = state.policy.max_concurrent
        policy = replace(state.policy, max_concurrent=1 if cap is None else cap)
        return original(replace(state, policy=policy), candidates)


class HasNoCap(Mutant):
    """Lets any number of calls run with the preferred entry."""

    violates = "lease.cap+2"
    kills = (
        "calls-at-once-spread",
        "cap-of-two-lets-two-through",
        "cap-holds-for-rotations-too",
    )
    because = "order"

    @replaces("credpool.rules.select.under_cap")
    def everyone(original, state, candidates):
        return candidates


class CountsTheCapAsAllowedBeyond(Mutant):
    """Lets one call more than the cap through."""

    violates = "lease.cap+2"
    kills = ("calls-at-once-spread", "cap-of-two-lets-two-through")
    because = "order"

    @replaces("credpool.rules.select.under_cap")
    def one_more(original, state, candidates):
        cap = state.policy.max_concurrent
        policy = replace(state.policy, max_concurrent=None if cap is None else cap + 1)
        return original(replace(state, policy=policy), candidates)


class PilesUpAtTheCap(Mutant):
    """Puts every call above the cap on the preferred entry."""

    violates = "lease.cap+2"
    kills = ("nobody-waits-at-the-cap",)
    because = "order"

    @replaces("credpool.rules.select.under_cap")
    def all_or_some(original, state, candidates):
        found = original(state, candidates)
        cap = state.policy.max_concurrent
        full = cap is not None and all(state.leases.get(e.id, 0) >= cap for e in candidates)
        return candidates if full else found


class ChoosesTheFirstBelowTheCap(Mutant):
    """Takes the first entry below the cap, whatever the strategy."""

    violates = "lease.strategy+2"
    kills = (
        "strategy-chooses-below-the-cap:round-robin",
        "strategy-chooses-below-the-cap:least-used",
        "strategy-chooses-below-the-cap:random",
    )
    because = "order"

    @replaces("credpool.rules.select.under_cap")
    def first(original, state, candidates):
        found = original(state, candidates)
        return found if state.policy.max_concurrent is None else found[:1]


class OccupiesWhatItLeft(Mutant):
    """Counts a call that has rotated for the entry that it has left, too."""

    violates = "lease.end+2"
    kills = ("entry-that-was-left-is-free",)
    because = "order"

    @replaces("credpool._engine.leases.Lease.take")
    def both(original, self, entry):
        self._held.append(entry)


class OccupiesWhatItLost(Mutant):
    """Counts a call whose connection broke as under way."""

    violates = "lease.end+2"
    kills = ("lost-connection-frees-its-place",)
    because = "order"

    @replaces("credpool._calls.flow.Flow._over")
    def stored(original, self, active):
        self._engine.__dict__.setdefault("lost", []).append(active.lease)
        active.lease = None
        return original(self, active)


class OccupiesWhatItHasRead(Mutant):
    """Counts a call as under way although its reply has been read."""

    violates = "lease.end+2"
    kills = ("answered-call-frees-its-place:success",)
    because = "order"

    @replaces("credpool._calls.flow.Flow._leave")
    def stored(original, self, active, action, response):
        self._engine.__dict__.setdefault("read", []).append(active.lease)
        active.lease = None
        return original(self, active, action, response)


class ForgetsStreams(Mutant):
    """Counts a call as over as soon as the head of its reply is there."""

    violates = "lease.end+2"
    kills = (
        "stream-occupies-until-it-ends:read-to-its-end",
        "stream-occupies-until-it-ends:broken-off",
        "stream-occupies-until-it-ends:closed-by-the-caller",
    )
    because = "order"

    @replaces("credpool._calls.flow.Flow._leave")
    def early(original, self, active, action, response):
        if active.lease is not None:
            active.lease.end()
        return original(self, active, action, response)


class KnowsNoSessions(Mutant):
    """Chooses again for each call of a session."""

    violates = "affinity.stay+2"
    kills = (
        "session-stays-with-its-entry:round-robin",
        "session-stays-with-its-entry:least-used",
        "session-stays-with-its-entry:random",
        "session-belongs-to-the-entry-that-answered",
    )
    because = "order out"

    @replaces("credpool._engine.sessions.Sessions.home")
    def nowhere(original, self, session, now):
        return None


class GoesBackToTheFirst(Mutant):
    """Keeps a session's first entry in mind, and goes back to it when it returns."""

    violates = "affinity.move+2"
    kills = ("session-goes-over-and-stays",)
    because = "order"

    @replaces("credpool._engine.sessions.Sessions.settle")
    def once(original, self, session, entry, until):
        first, _ = self._homes.get(session, (entry, until))
        return original(self, session, first, until)


class NeverForgetsASession(Mutant):
    """Keeps every session for good."""

    violates = "affinity.forgotten+2"
    kills = ("session-is-forgotten:usual", "session-is-forgotten:the-operators")
    because = "order"

    @replaces("credpool._engine.sessions.Sessions.home")
    def always(original, self, session, now):
        return original(self, session, 0.0)


class TakesATurnForEachCall(Mutant):
    """Lets the strategy choose for a session's call too, and then does not use the choice."""

    violates = "affinity.no-turn+3"
    kills = ("session-takes-no-turn",)
    because = "order"

    @replaces("credpool._engine.engine.Engine.pick")
    def turned(original, self, model, now, home=None):
        chosen = original(self, model, now)
        return chosen if home is None else original(self, model, now, home)


class TearsSessionsApart(Mutant):
    """Prefers a less busy entry to the session's own."""

    violates = "affinity.stay+2"
    kills = ("session-stays-at-the-cap",)
    because = "order"

    @replaces("credpool.rules.next_step.turn_to")
    def apart(original, state, call, candidates, *, now, draw):
        return original(state, call, under_cap(state, candidates), now=now, draw=draw)


class TellsTheSession(Mutant):
    """Sends the session's name along."""

    violates = "affinity.private+2"
    kills = ("session-is-told-to-nobody",)
    because = "sent"

    @replaces("credpool.providers.wire._NOT_UPSTREAM")
    def told(original):
        return original - {b"x-credpool-session"}
