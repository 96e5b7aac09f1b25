"""Mutants of the chapter on cooldowns: what the text of a message says, and windows of any name."""

import re

from tools.mutants.mutant import Mutant, replaces


class ReadsShortUnits(Mutant):
    """Reads the units that Go writes, and no words."""

    violates = "cooldown.hint.text+1"
    kills = ("hint-in-a-text:text-7", "hint-in-a-text:text-9", "hint-in-a-text:text-10")
    because = "until"

    @replaces("credpool.providers.data.words")
    def short(original, kind):
        units = ("ns", "us", "ms", "s", "m", "h")
        found = original(kind)
        return {unit: found[unit] for unit in units} if kind == "units" else found


class ReadsNoMoments(Mutant):
    """Reads in a text how long it will take, and not when it will be."""

    violates = "cooldown.hint.text+1"
    kills = ("hint-in-a-text:text-18", "hint-in-a-text:text-21", "hint-in-a-text:text-24")
    because = "until"

    @replaces("credpool.providers.texts.until")
    def none(original, text, zone, now):
        return None


class LooksAtThePlaceThatFitsFirst(Mutant):
    """Gives a text up when the first place that fits the pattern cannot be read."""

    violates = "cooldown.hint.text+1"
    kills = ("hint-in-a-text:text-43",)
    because = "until"

    @replaces("credpool.providers.hints._of_text")
    def first(original, pattern, message, now, zone):
        found = re.search(pattern, message, re.IGNORECASE | re.ASCII)
        return original(pattern, message[: found.end()], now, zone) if found else None


class TakesThirteenForOne(Mutant):
    """Reads a time of day that no clock shows."""

    violates = "cooldown.hint.text+1"
    kills = ("no-hint-in-a-text:text-37",)
    because = "until"

    @replaces("credpool.providers.texts._clock")
    def lenient(original, parts):
        return original({**parts, "hour": str(int(parts.get("hour", 0)) % 24)})


class PassesOverWhatIsBehindAZone(Mutant):
    """Takes the beginning of a zone for the zone."""

    violates = "cooldown.hint.text+1"
    kills = (
        "no-hint-in-a-text:text-46",
        "no-hint-in-a-text:text-47",
        "no-hint-in-a-text:text-48",
        "no-hint-in-a-text:text-49",
    )
    because = "until"

    @replaces("credpool.providers.texts._parts")
    def beginning(original, text):
        return {name: part for name, part in original(text).items() if name != "more"}


class GuessesTheZone(Mutant):
    """Takes a moment without a zone for one of UTC."""

    violates = "cooldown.hint.zone+1"
    kills = (
        "moment-without-a-zone:date-and-time",
        "moment-without-a-zone:passed-elsewhere",
        "moment-without-a-zone:time",
        "moment-without-a-zone:another-provider",
    )
    because = "until"

    @replaces("credpool.providers.texts.until")
    def guessed(original, text, zone, now):
        return original(text, zone or "+00:00", now)


class KnowsWindowsByName(Mutant):
    """Reads the windows that had been seen when it was written."""

    violates = "cooldown.hint.windows+1"
    kills = ("window-of-any-name:model", "window-of-any-name:unheard-of")
    because = "until"

    @replaces("credpool.providers.hints._windows")
    def known(original, row, headers):
        old = ("5h", "7d", "7d_opus", "7d_sonnet")
        for reset, state in original(row, headers):
            if "unified" not in reset or reset.split("-")[3] in old:
                yield reset, state


class TakesTheOverageForAWindow(Mutant):
    """Waits for the month's overage as for a window of the plan."""

    violates = "cooldown.hint.windows+1"
    kills = ("window-of-any-name:paid-overage",)
    because = "until"

    @replaces("credpool.providers.hints._windows")
    def every(original, row, headers):
        yield from original({**row, "except": ()}, headers)
