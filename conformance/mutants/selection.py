"""Mutants of the chapter on selection: who may come next, and what is counted."""

from dataclasses import replace

from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.rules.usable import why_unusable
from tools.mutants.mutant import Mutant, replaces


class IgnoresPriorities(Mutant):
    """Takes the entries in the order of the list, whatever their priorities."""

    violates = "select.order+2"
    kills = (
        "lower-priority-number-comes-first",
        "turn-follows-priorities",
    )
    because = "order"

    @replaces("credpool.model.state.in_order")
    def as_listed(original, entries):
        return entries


class SortsEqualPrioritiesByName(Mutant):
    """Breaks ties of priority by the entries' ids."""

    violates = "select.order+2"
    kills = ("equal-priorities-keep-the-order-of-the-list",)
    because = "order"

    @replaces("credpool.model.state.in_order")
    def by_name(original, entries):
        return tuple(sorted(entries, key=lambda e: (e.priority, e.id)))


class DrawsBenchedEntries(Mutant):
    """Lets the dice fall on entries that are cooling down."""

    violates = "select.available+2"
    kills = ("benched-entries-are-not-chosen:random",)
    because = "out"

    @replaces("credpool.rules.select.available")
    def all_that_live(original, state, *, now, model):
        if state.strategy is not Strategy.RANDOM:
            return original(state, now=now, model=model)
        why_not = why_unusable(state)
        return tuple(e for e in state.entries if why_not(e) is None and not e.dead)


class RevivesTheDeadAfterAMonth(Mutant):
    """Presents a dead entry again when it has been dead for 30 days."""

    violates = "select.available+2"
    kills = ("dead-entries-are-not-chosen",)
    because = "out"

    @replaces("credpool.rules.select.available")
    def old_ones(original, state, *, now, model):
        back = {
            e.id: replace(e, cooldown=None)
            for e in state.entries
            if e.dead and now - e.cooldown.since > 30 * 86400
        }
        return original(state.change(back), now=now, model=model)


class SticksToItsFirstDraw(Mutant):
    """Stays with the entry that the dice chose first, for as long as it is available."""

    violates = "select.per-call+2"
    kills = ("each-call-selects-again",)
    because = "order"

    @replaces("credpool._engine.engine.Engine.pick")
    def again(original, self, model, now, home=None):
        last = self.state.find(self._stored.last) if self._stored.last else None
        sticks = self.state.strategy is Strategy.RANDOM and last is not None
        return last if sticks and last.blocked(now) is None else original(self, model, now, home)


class StaysOnTheFallBack(Mutant):
    """Goes on with the entry that answered after a refusal of this call alone."""

    violates = "select.per-call+2"
    kills = ("rotation-does-not-stick",)
    because = "order"

    @replaces("credpool._engine.engine.Engine.pick")
    def again(original, self, model, now, home=None):
        chosen = original(self, model, now, home)
        stays = getattr(self, "fall_back", None)
        return self.state.find(stays) if stays else chosen

    @replaces("credpool._calls.call.ActiveCall.succeeded")
    def with_attempt(original, self, entry, headers):
        forbidden = [a for a in self.attempts if a.step.value == "try-next"]
        if forbidden:
            self._engine.fall_back = entry.id
        return original(self, entry, headers)


class RejoinsAtTheEnd(Mutant):
    """Puts an entry whose cooldown has ended behind all others."""

    violates = "select.per-call+2"
    kills = (
        "first-entry-returns-after-its-cooldown",
        "turn-takes-a-returned-entry-in-again",
    )
    because = "order"

    @replaces("credpool.rules.select.available")
    def veterans_last(original, state, *, now, model):
        ready = original(state, now=now, model=model)
        return tuple(sorted(ready, key=lambda e: e.cooldown is not None))


class CountsCallsNotRequests(Mutant):
    """Counts a call's first request only."""

    violates = "select.count+2"
    kills = (
        "least-used-evens-out",
        "count-rises-with-each-request",
        "count-leaves-the-token-endpoint-out",
        "count-rises-with-each-refusal-and-success",
    )
    because = "counts"

    @replaces("credpool._engine.engine.Engine.used")
    def first_only(original, self, entry):
        if not getattr(self, "counting", False):
            original(self, entry)
        self.counting = True

    @replaces("credpool._calls.call.ActiveCall.start")
    def again(original, self):
        self._engine.counting = False
        return original(self)


class CountsRefreshes(Mutant):
    """Counts a request to the token endpoint as one to the provider's."""

    violates = "select.count+2"
    kills = ("count-leaves-the-token-endpoint-out",)
    because = "counts"

    @replaces("credpool._calls.call.keep")
    def counted(original, engine, event):
        entry = engine.state.find(event.entry)
        if entry is not None:
            engine.used(entry)
        return original(engine, event)


class ForgetsWhichModelIsOut(Mutant):
    """Chooses without minding for which model an entry is out."""

    violates = "select.available+2"
    kills = ("model-cooldown-counts-for-that-model",)
    because = "out"

    @replaces("credpool.rules.select.available")
    def for_any(original, state, *, now, model):
        return original(state, now=now, model=None)


class SendsAnEmptyHand(Mutant):
    """Sends a request for an entry that holds no secret."""

    violates = "select.available+2"
    kills = ("entries-without-a-secret-are-not-chosen",)
    because = "out"

    @replaces("credpool.rules.select.available")
    def empty(original, state, *, now, model):
        made_up = {e.id: replace(e, secret=Secret("none")) for e in state.entries if not e.secret}
        return original(state.change(made_up), now=now, model=model)
