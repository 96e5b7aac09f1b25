"""Mutants of the chapter on selection: the four strategies."""

from dataclasses import replace

from credpool.model.policy import Strategy
from tools.mutants.mutant import Mutant, replaces


class TurnsByDefault(Mutant):
    """Uses `round_robin` for a pool of three that names no strategy."""

    violates = "select.default+1"
    kills = ("default-strategy-stays-on-the-first-entry",)
    because = "order"

    @replaces("testee_reference.Testee.configure")
    def in_turn(original, self, message):
        pool = message["pool"]
        if pool["strategy"] is None and len(pool["entries"]) == 3:
            message = message | {"pool": pool | {"strategy": "round_robin"}}
        return original(self, message)


class KeepsTheSecondInReserve(Mutant):
    """Under `fill_first`, jumps to the last entry when the first one is out."""

    violates = "select.fill-first+2"
    kills = ("fill-first-uses-the-first-available",)
    because = "target"

    @replaces("credpool.rules.select.choose")
    def the_last(original, state, candidates, *, now, draw):
        fills = state.strategy is Strategy.FILL_FIRST and len(candidates) > 1
        out = fills and candidates[0] is not state.entries[0]
        return candidates[-1] if out else original(state, candidates, now=now, draw=draw)


class StartsOverWhenTheLastIsOut(Mutant):
    """Begins the turn again when the entry that was chosen last is out."""

    violates = "select.round-robin+3"
    kills = (
        "rotation-passes-benched-entries-over",
        "round-robin-does-not-start-over",
    )
    because = "target order"

    @replaces("credpool.rules.select._after_last")
    def begins_again(original, state, candidates):
        there = state.last in {e.id for e in candidates}
        return original(state if there else replace(state, last=None), candidates)

    @replaces("credpool.rules.select.Index.pick")
    def again(original, self, draw, last):
        return original(self, draw, last if last in self.by_id else None)


class ForgetsTheTurn(Mutant):
    """Begins each turn at the first entry."""

    violates = "select.round-robin+3"
    kills = (
        "rotation-passes-benched-entries-over",
        "turn-follows-priorities",
        "round-robin-goes-round",
        "round-robin-counts-rotations-as-turns",
        "round-robin-does-not-start-over",
    )
    because = "order"

    @replaces("credpool._engine.engine.Engine.pick")
    def first(original, self, model, now, home=None):
        if self.state.strategy is Strategy.ROUND_ROBIN:
            self._stored.last = None
        return original(self, model, now, home)


class RotatesToTheBusiest(Mutant):
    """Rotates to the most used entry under `least_used`."""

    violates = "select.least-used+2"
    kills = ("least-used-rotates-to-the-least-used",)
    because = "target"

    @replaces("credpool.rules.select.choose")
    def busiest(original, state, candidates, *, now, draw):
        if state.strategy is not Strategy.LEAST_USED or not candidates:
            return original(state, candidates, now=now, draw=draw)
        return max(candidates, key=lambda e: e.request_count)


class ForgetsWhatARedirectSent(Mutant):
    """Does not count for least_used what was sent again where a redirect led."""

    violates = "select.least-used+2"
    kills = ("least-used-counts-what-a-redirect-sent",)
    because = "order"

    @replaces("credpool._engine.choosing.Chooser.note")
    def uncounted(original, self, entry):
        return None


class CountsForEachModelApart(Mutant):
    """Counts what an entry has done for each model that has a cooldown, and for all others."""

    violates = "select.least-used+2"
    kills = (
        "least-used-counts-what-every-model-was-sent",
        "least-used-sees-calls-for-other-models",
    )
    because = "out"

    @replaces("credpool.rules.select.Index.__init__")
    def alone(original, self, state, *, now, model, counts):
        original(self, state, now=now, model=model, counts=None)


class TakesTurnsForEachModelApart(Mutant):
    """Remembers for each model that has a cooldown, and for all others, who was chosen last."""

    violates = "select.round-robin+3"
    kills = ("turn-goes-on-whatever-the-model",)
    because = "out"

    @replaces("credpool.rules.select.Index.pick")
    def alone(original, self, draw, last):
        entry = original(self, draw, getattr(self, "latest", last))
        self.latest = entry.id
        return entry


class RoundsTheDraw(Mutant):
    """Multiplies the draw by one less than there are entries, and rounds."""

    violates = "select.random+2"
    kills = (
        "random-follows-the-draw:below-a-third",
        "random-follows-the-draw:above-two-thirds",
    )
    because = "order"

    @replaces("credpool.rules.select.Index.pick")
    def rounded(original, self, draw, last):
        if self.state.strategy is not Strategy.RANDOM:
            return original(self, draw, last)
        return self.ready[round(draw * (len(self.ready) - 1))]


class DrawsForEachRetry(Mutant):
    """Uses a draw up for each reply that is judged."""

    violates = "select.random+2"
    kills = ("random-draws-once-for-each-selection",)
    because = "order"

    @replaces("credpool.rules.decide._retry")
    def same(original, *args, **kwargs):
        return replace(original(*args, **kwargs), selected=True)


class TakesAnyStrategy(Mutant):
    """Takes a strategy that it does not know for the default."""

    violates = "select.unknown-strategy+2"
    kills = (
        "unknown-strategy-is-refused",
        "unknown-configured-strategy-is-refused",
    )
    because = "refusal"

    @replaces("credpool.model.policy.Strategy._missing_")
    def default(original, cls, value):
        return cls.FILL_FIRST


class BreaksTiesFromTheEnd(Mutant):
    """Takes the last of several entries that are used equally little."""

    violates = "select.least-used+2"
    kills = (
        "least-used-evens-out",
        "least-used-breaks-ties-in-order",
        "least-used-rotates-to-the-least-used",
    )
    because = "order"

    @replaces("credpool.rules.select.available")
    def from_the_end(original, state, *, now, model):
        ready = original(state, now=now, model=model)
        return ready[::-1] if state.strategy is Strategy.LEAST_USED else ready


class DrawsAmongAll(Mutant):
    """Draws among all entries, and passes on to another when that one is out."""

    violates = "select.random+2"
    kills = ("random-counts-available-entries-only",)
    because = "order"

    @replaces("credpool.rules.select.Index.pick")
    def among_all(original, self, draw, last):
        if self.state.strategy is not Strategy.RANDOM:
            return original(self, draw, last)
        return self.ready[int(draw * len(self.state.entries)) % len(self.ready)]
