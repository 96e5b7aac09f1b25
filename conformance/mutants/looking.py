"""Mutants of the chapter on credentials and pools: looking at a pool."""

from credpool_conformance.matrix.mutant import Mutant, replaces


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


class LookingRevives(Mutant):
    """Ends a cooldown that has run for a minute when somebody looks."""

    violates = "pool.read.effect-free+1"
    kills = ("looking-does-not-revive", "looking-does-not-probe")
    because = "state"
    may = {
        "somebody looks a minute after a cooldown has begun": (
            "cooldown-ends-to-the-second",
            "exhausted-pool-sends-nothing",
            "earliest-return-is-told",
            "probe-after-an-hour",
            "probe-times-are-the-operators",
            "no-probe-while-another-is-available",
            "probe-that-fails-changes-nothing",
            "dead-entry-is-not-probed",
            "probe-passes-the-dead-over",
            "revoked-credential-is-dead",
            "grant-refused-for-good-is-dead",
            "dead-entries-are-not-chosen",
            "round-robin-does-not-start-over",
        )
    }

    @replaces("testee_reference.Testee.inspect")
    def revived(original, self, message):
        for entry in self.pool.state.entries:
            if entry.cooldown is not None and self.time - entry.cooldown.since >= 60:
                self.pool.reset(entry.id)
        return original(self, message)
