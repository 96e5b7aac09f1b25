"""Mutants that are right for the values that fixtures usually have, and for no others."""

import math
import sys
from dataclasses import replace

from credpool.pool import engine_of
from credpool.providers.reply import Reply
from tools.mutants.mutant import Mutant, replaces

_DAY = 86400
_EIGHT_HOURS = 8 * 3600


class KnowsNoSummerTime(Mutant):
    """Takes Los Angeles to be eight hours behind all the year."""

    violates = "cooldown.hint.lies+2"
    kills = (
        "midnight-in-los-angeles:summer",
        "midnight-in-los-angeles:clocks-go-forward",
        "midnight-in-los-angeles:clocks-go-back",
    )
    because = "until"

    @replaces("credpool.providers.hints._until_date")
    def winter(original, name, now):
        if "Los_Angeles" not in name:
            return original(name, now)
        local = now - _EIGHT_HOURS
        return (math.floor(local / _DAY) + 1) * _DAY - local


class AddsADayOfTwentyFourHours(Mutant):
    """Looks for the next midnight on a day on which the clocks change, and takes it for 24 hours long."""

    violates = "cooldown.hint.lies+2"
    kills = ("midnight-in-los-angeles:clocks-go-forward",)
    because = "until"

    @replaces("credpool.providers.hints._until_date")
    def usual(original, name, now):
        found = original(name, now)
        return found + 3600 if "Los_Angeles" in name and found % 3600 and found > 80000 else found


class AddsThirtyDays(Mutant):
    """Takes every month to have thirty days."""

    violates = "cooldown.hint.lies+2"
    kills = ("first-of-the-next-month:december", "first-of-the-next-month:leap-day")
    because = "until"

    @replaces("credpool.providers.hints._until_date")
    def thirty(original, name, now):
        return 30.0 * _DAY if name == "month-start-utc" else original(name, now)


class HasNoThirteenthMonth(Mutant):
    """Finds no month after December."""

    violates = "cooldown.hint.lies+2"
    kills = ("first-of-the-next-month:december",)
    because = "until"

    @replaces("credpool.providers.hints._until_date")
    def none(original, name, now):
        found = original(name, now)
        return None if name == "month-start-utc" and found == 3600 else found


class ReadsNoNumbersForCodes(Mutant):
    """Takes a code only where it is a text."""

    violates = "classify.registry+2"
    kills = ("number-is-a-code:number",)
    because = "after"

    @replaces("credpool.providers.classify.classify")
    def texts(original, reply, provider, auth_type, *, now):
        error = reply.data.get("error") if isinstance(reply.data, dict) else None
        if isinstance(error, dict) and isinstance(error.get("code"), int):
            stored = {name: value for name, value in error.items() if name != "code"}
            reply = Reply(reply.status, reply.headers, repr(stored).replace("'", '"').encode())
        return original(reply, provider, auth_type, now=now)


class SortsPrioritiesAsTexts(Mutant):
    """Compares priorities letter by letter."""

    violates = "select.order+2"
    kills = ("priorities-are-numbers",)
    because = "target"

    @replaces("credpool.model.state.in_order")
    def letters(original, entries):
        return tuple(sorted(entries, key=lambda e: str(e.priority)))


class TidiesWhenLooking(Mutant):
    """Removes cooldowns that have ended when somebody looks."""

    violates = "pool.read.effect-free+2"
    kills = ("looking-leaves-an-ended-cooldown",)
    because = "store"

    @replaces("testee_reference.Testee.inspect")
    def tidied(original, self, message):
        _tidy(self)
        return original(self, message)


class TidiesWhenListing(Mutant):
    """Removes cooldowns that have ended when somebody lists the entries."""

    violates = "pool.read.effect-free+2"
    kills = ("listing-leaves-an-ended-cooldown",)
    because = "store"

    @replaces("testee_reference.Testee.do_list")
    def tidied(original, self, **asked):
        _tidy(self)
        return original(self, **asked)


class TidiesEveryMomentWhenLooking(Mutant):
    """Removes claims, models' cooldowns and quotas whose time has come when somebody looks."""

    violates = "pool.read.effect-free+2"
    kills = (
        "looking-tidies-nothing:claim-that-ended",
        "looking-tidies-nothing:cooldown-of-a-model-that-ended",
        "looking-tidies-nothing:window-that-is-whole-again",
    )
    because = "store"

    @replaces("testee_reference.Testee.inspect")
    def tidied(original, self, message):
        def tidy(entry):
            models = {m: c for m, c in entry.models.items() if c.until > self.time}
            windows = {n: w for n, w in entry.windows.items() if w.until > self.time}
            ended = entry.claim is not None and entry.claim.until <= self.time
            claim = None if ended else entry.claim
            return replace(entry, models=models, windows=windows, claim=claim)

        if any(tidy(e) != e for e in self.pool.state.entries):
            engine_of(self.pool).change(lambda s: s.change({e.id: tidy(e) for e in s.entries}))
        return original(self, message)


def _tidy(testee):
    def over(entry):
        return entry.cooldown is not None and entry.cooldown.until <= testee.time

    if any(over(e) for e in testee.pool.state.entries):
        engine_of(testee.pool).change(
            lambda s: s.change({e.id: replace(e, cooldown=None) for e in s.entries if over(e)})
        )


class ShowsTheEndOfASecret(Mutant):
    """Logs the last twelve characters of each secret."""

    violates = "security.no-leak+2"
    kills = ("secrets-stay-out-of-errors",)
    because = "said"

    @replaces("testee_reference.Testee.end")
    def logged(original, self, call, outcome, over=None, **result):
        if outcome == "failed":
            entries = engine_of(self.pool)._stored.view.state.entries
            print([e.secret.reveal()[-12:] for e in entries], file=sys.stderr)
        return original(self, call, outcome, over, **result)


class KeepsNoRemovalFromAnEndpoint(Mutant):
    """Finds a removed source again in the pool of an endpoint."""

    violates = "seed.sticky+2"
    kills = ("removal-from-an-endpoints-pool-stays",)
    because = "order"

    @replaces("credpool.seed.found.seeded")
    def again(original, state, found, *, fingerprint_key=None):
        if state.key.startswith("custom:"):
            state = replace(state, suppressed=frozenset())
        return original(state, found, fingerprint_key=fingerprint_key)


class KnowsStrategiesOfProvidersOnly(Mutant):
    """Chooses by the default strategy in the pool of an endpoint."""

    violates = "config.pool+1"
    kills = ("strategy-of-an-endpoints-pool-is-in-force",)
    because = "order"

    @replaces("credpool.config.pools.strategy_of")
    def default(original, config, key):
        return original({} if key.startswith("custom:") else config, key)
