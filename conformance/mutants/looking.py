"""Mutants of the chapter on credentials and pools: looking at a pool."""

from credpool_conformance.matrix.mutant import Mutant, replaces


class LookingTakesATurn(Mutant):
    """Asks the strategy for an entry in order to show who would be next."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-move-the-turn",)
    because = "wire"
    may = {
        "the pool is looked at between calls, and it goes round": (
            "pool.attribution",
            "recover.rate-limited.across-calls",
            "security.own-origin",
            "select.return",
            "select.round-robin",
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
    may = {"the pool is looked at between draws": ("select.*",)}

    @replaces("testee_reference.Testee.inspect")
    def next_one(original, self, message):
        self.randoms[:1] = []
        return original(self, message)


class LookingRefreshes(Mutant):
    """Refreshes a token that is about to run out when somebody looks."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-refresh",)
    because = "wire"
    may = {"somebody looks at a token that is about to end": ("oauth.*", "store.schema")}

    @replaces("testee_reference.Testee.inspect")
    def refreshed(original, self, message):
        for entry in self.pool.state.entries:
            if entry.expires_at is not None and entry.expires_at - self.time < 120:
                form = {"refresh_token": entry.refresh_token.reveal()}
                self.http.post(self.given["token_url"], data=form)
        return original(self, message)


class LookingRevives(Mutant):
    """Ends a cooldown that has run for a minute when somebody looks."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-revive", "looking-does-not-probe")
    because = "state"
    may = {
        "somebody looks a minute after a cooldown has begun": (
            "cooldown.end",
            "exhaust.*",
            "recover.*",
            "select.*",
            "store.*",
        )
    }

    @replaces("testee_reference.Testee.inspect")
    def revived(original, self, message):
        for entry in self.pool.state.entries:
            if entry.cooldown is not None and self.time - entry.cooldown.since >= 60:
                self.pool.reset(entry.id)
        return original(self, message)
