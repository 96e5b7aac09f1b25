"""Mutants of the chapter on credentials and pools: looking at a pool."""

from contextlib import suppress

from credpool.pool import engine_of
from tools.mutants.mutant import Mutant, replaces


class LookingTakesATurn(Mutant):
    """Asks the strategy for an entry in order to show who would be next."""

    violates = "pool.read.effect-free+2"
    kills = ("looking-does-not-move-the-turn",)
    because = "order"

    @replaces("testee_reference.Testee.inspect")
    def next_one(original, self, message):
        if self.given.get("strategy") == "round_robin":
            engine_of(self.pool).pick(lambda: None, self.time)
        return original(self, message)


class LookingTakesADraw(Mutant):
    """Throws the dice in order to show who would be next."""

    violates = "pool.read.effect-free+2"
    kills = ("looking-takes-no-draw",)
    because = "order"

    @replaces("testee_reference.Testee.inspect")
    def next_one(original, self, message):
        self.randoms[:1] = []
        return original(self, message)


class LookingRefreshes(Mutant):
    """Refreshes a token that is about to run out when somebody looks."""

    violates = "pool.read.effect-free+2"
    kills = ("looking-does-not-refresh",)
    because = "refresh"

    @replaces("testee_reference.Testee.inspect")
    def refreshed(original, self, message):
        for entry in self.pool.state.entries:
            if (
                entry.renewable
                and not entry.borrowed
                and entry.is_due(self.pool.state.policy, self.time)
            ):
                form = {"refresh_token": entry.refresh_token.reveal()}
                with suppress(self.http.HTTPError):
                    self.http.post(self.given["token_url"], data=form)
        return original(self, message)


class LookingRevives(Mutant):
    """Ends a cooldown that has run for a minute when somebody looks."""

    violates = "pool.read.effect-free+2"
    kills = ("looking-does-not-revive", "looking-does-not-probe")
    because = "status"

    @replaces("testee_reference.Testee.inspect")
    def revived(original, self, message):
        for entry in self.pool.state.entries:
            if entry.cooldown is not None and self.time - entry.cooldown.since >= 60:
                self.pool.reset(entry.id)
        return original(self, message)
