"""Mutants of the chapter on storage: moments that no right clock can have written."""

from dataclasses import replace

from credpool.model.terms import FOREVER
from tools.mutants.mutant import Mutant, replaces


class BelievesEveryCooldown(Mutant):
    """Lets a stored cooldown end when it says, however far ahead that is."""

    violates = "store.moments.bounded+1"
    kills = (
        "cooldown-from-a-wrong-clock-ends:too-long",
        "cooldown-from-a-wrong-clock-ends:a-year-ahead",
        "cooldown-from-a-wrong-clock-ends:a-year-ahead-and-too-long",
        "cooldown-from-a-wrong-clock-ends:half-a-minute-ahead",
        "model-cooldown-from-a-wrong-clock-ends",
    )
    because = "out"

    @replaces("credpool.rules.moments._cooldown")
    def whole(original, cooldown, policy, now):
        return cooldown


class GivesEveryForeignCooldownAMonth(Mutant):
    """Bounds the end of a cooldown alone, so that one of an hour from a clock ahead lasts a month."""

    violates = "store.moments.bounded+1"
    kills = ("cooldown-from-a-wrong-clock-ends:a-year-ahead",)
    because = "out"

    @replaces("credpool.rules.moments._cooldown")
    def only_the_end(original, cooldown, policy, now):
        if cooldown.until == FOREVER:
            return cooldown
        return replace(cooldown, until=min(cooldown.until, now + policy.max_cooldown))


class BelievesEveryClaim(Mutant):
    """Lets a stored claim hold until when it says."""

    violates = "store.moments.bounded+1"
    kills = ("claim-from-a-wrong-clock-ends",)
    because = "refresh"

    @replaces("credpool.rules.moments._claim")
    def whole(original, claim, policy, now):
        return claim


class TakesAFarClaimForNone(Mutant):
    """Refreshes at once a login whose claim ends too late, though its holder may be at it."""

    violates = "store.moments.bounded+1"
    kills = ("claim-from-a-wrong-clock-ends",)
    because = "refresh"

    @replaces("credpool.rules.moments._claim")
    def none(original, claim, policy, now):
        return claim if claim.until <= now + policy.claim_ttl else None


class BelievesEveryProbe(Mutant):
    """Lets a probe of the future block the next one until that moment has come."""

    violates = "store.moments.bounded+1"
    kills = ("probe-from-a-wrong-clock-blocks-no-other",)
    because = "out"

    @replaces("credpool.rules.moments._bounded")
    def but_the_probe(original, entry, policy, now):
        bounded = original(entry, policy, now)
        return bounded if bounded is entry else replace(bounded, probed_at=entry.probed_at)


class MovesEveryMomentAlong(Mutant):
    """Reads a far moment for the first time again whenever the file has changed."""

    violates = "store.moments.bounded+1"
    kills = ("claim-counts-from-its-first-reading",)
    because = "refresh"

    @replaces("credpool.rules.moments.read")
    def again(original, state, *, now, before=None):
        return original(state, now=now)


class WritesWhatItBelieves(Mutant):
    """Puts what its own clock believes in the place of what others have stored."""

    violates = "store.moments.kept+1"
    kills = ("moment-that-is-not-believed-stays-in-the-file",)
    because = "store"

    @replaces("credpool.rules.moments.Reading.as_stored")
    def as_believed(original, self, changed):
        return changed


class WaitsForAWrongClock(Mutant):
    """Waits for a claim that ends too late, beside an idle entry."""

    violates = "oauth.claim.doubtful+1"
    kills = ("claim-from-a-wrong-clock-holds-nobody-up",)
    because = "out"

    @replaces("credpool.rules.refresh._turned")
    def to_nobody(original, state, entry, call, *, now, draw):
        return None


class TurnsToAnotherClaimedLogin(Mutant):
    """Goes on with an entry that is held up just as well."""

    violates = "oauth.claim.doubtful+1"
    kills = ("claim-from-a-wrong-clock-holds-nobody-up",)
    because = "refresh"

    @replaces("credpool.rules.refresh._turned")
    def to_a_claimed_one(original, state, entry, call, *, now, draw):
        free = {e.id: replace(e, claim=None) for e in state.entries if e.id != entry.id}
        return original(state.change(free), entry, call, now=now, draw=draw)
