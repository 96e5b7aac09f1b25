"""Mutants of the chapter on cooldowns: what a hint says."""

from dataclasses import replace
from email.utils import mktime_tz, parsedate_tz

from credpool.model.terms import FailureClass
from credpool.providers import data, hints
from tools.mutants.mutant import Mutant, replaces


class HintsOnlyLengthen(Mutant):
    """Takes the longer one of the hint and the default."""

    violates = "cooldown.hint+2"
    kills = (
        "hint-replaces-the-default:shorter",
        "hint-replaces-the-default:money",
        "hint-beats-the-policy",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def longer(original, state, entry, verdict, **kwargs):
        hinted = original(state, entry, verdict, **kwargs)
        default = original(state, entry, replace(verdict, hint=None), **kwargs)
        return max(hinted, default)


class PrefersThePolicyToTheHint(Mutant):
    """Takes the operator's cooldown where there is one, and the hint where there is none."""

    violates = "cooldown.hint+2"
    kills = ("hint-beats-the-policy",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def policy(original, state, entry, verdict, **kwargs):
        if verdict.failure in state.policy.cooldowns:
            verdict = replace(verdict, hint=None)
        return original(state, entry, verdict, **kwargs)


class BelievesHintsOfRefusals(Mutant):
    """Keeps a refused key out for as long as a Retry-After says."""

    violates = "cooldown.hint+2"
    kills = ("hint-of-a-refusal-is-not-read",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def hinted(original, state, entry, verdict, **kwargs):
        if verdict.failure is FailureClass.AUTH_REJECTED and verdict.hint is not None:
            return verdict.hint
        return original(state, entry, verdict, **kwargs)


class ReadsNoDates(Mutant):
    """Cannot read a hint that is an HTTP date."""

    violates = "cooldown.hint.forms+2"
    kills = (
        "hint-form:retry-after-5",
        "hint-form:retry-after-6",
    )
    because = "until"

    @replaces("credpool.providers.hints._parsed")
    def no_dates(original, raw, forms, now):
        return original(raw, [form for form in forms if form is not hints._http_date], now)


class ReadsDatesOfThisCenturyOnly(Mutant):
    """Reads dates as they are written today, and not as older servers write them."""

    violates = "cooldown.hint.forms+2"
    kills = (
        "hint-form:retry-after-16",
        "hint-form:retry-after-17",
        "hint-form:retry-after-18",
    )
    because = "until"

    @replaces("credpool.providers.hints._parsed")
    def fixed(original, raw, forms, now):
        if str(raw)[3:4] != ",":
            forms = [form for form in forms if form is not hints._http_date]
        return original(raw, forms, now)


class ReadsOneValue(Mutant):
    """Cannot read a header that comes twice."""

    violates = "cooldown.hint.forms+2"
    kills = (
        "hint-form:retry-after-19",
        "hint-form:retry-after-20",
        "hint-form:retry-after-21",
        "hint-form:retry-after-22",
        "hint-form:retry-after-twice",
        "hint-form:retry-after-twice-the-longer-first",
    )
    because = "until"

    @replaces("credpool.providers.hints._of_header")
    def one(original, value, forms, now):
        return hints._parsed(value, forms, now)


class TakesTheFirstValue(Mutant):
    """Takes of a header that comes twice the first value."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:retry-after-twice",)
    because = "until"

    @replaces("credpool.providers.hints._of_header")
    def first(original, value, forms, now):
        split = hints._BETWEEN_VALUES.split(value or "")
        return next((s for v in split if (s := original(v, forms, now)) is not None), None)


class TakesTheLastHint(Mutant):
    """Lets the last readable hint win, not the first."""

    violates = "cooldown.hint.forms+2"
    kills = (
        "hint-form:retry-after-ms-2",
        "hint-form:anthropic-ratelimit-reset-4",
        "first-readable-hint-wins:milliseconds-before-seconds",
        "first-readable-hint-wins:header-before-body",
        "first-readable-hint-wins:body-before-text",
        "first-readable-hint-wins:past-header-is-readable",
    )
    because = "until"

    @replaces("credpool.providers.hints.read_hint")
    def last(original, reply, rule, **how):
        if rule is not None:
            return original(reply, rule, **how)
        rows = [*reversed(data.hints())]
        return original(reply, [row["id"] for row in rows], **how)


class BelievesEveryHint(Mutant):
    """Reads every hint, also where the registry says which ones lie."""

    violates = "cooldown.hint.lies+2"
    kills = (
        "registry-says-which-hint-counts:money-beside-the-meters",
        "registry-says-which-hint-counts:empty-account-with-a-delay",
        "registry-says-which-hint-counts:plan-beside-a-retry-after",
        "text-beats-the-window-where-the-registry-says-so",
    )
    because = "until retry"

    @replaces("credpool.providers.hints.read_hint")
    def believes(original, reply, rule, **how):
        return original(reply, rule if isinstance(rule, dict) else None, **how)


class TakesThePastForNoHint(Mutant):
    """Takes a hint that is due already for none."""

    violates = "cooldown.clamp+2"
    kills = ("past-hint-is-the-shortest-cooldown",)
    because = "out"

    @replaces("credpool.rules.cooldown._seconds")
    def none(original, state, entry, verdict, **kwargs):
        if verdict.hint is not None and verdict.hint <= 0:
            verdict = replace(verdict, hint=None)
        return original(state, entry, verdict, **kwargs)


class TrustsItsOwnClock(Mutant):
    """Reads the provider's moments by its own clock."""

    violates = "cooldown.skew+2"
    kills = (
        "moments-are-read-by-the-providers-clock:slow-client-date",
        "moments-are-read-by-the-providers-clock:slow-client-epoch",
        "moments-are-read-by-the-providers-clock:slow-client-iso",
        "moments-are-read-by-the-providers-clock:slow-client-milliseconds",
        "moments-are-read-by-the-providers-clock:fast-client-date",
        "moments-are-read-by-the-providers-clock:fast-client-past",
        "moment-in-the-body-is-corrected-too",
    )
    because = "until"

    @replaces("credpool.providers.hints.server_time")
    def its_own(original, headers, now):
        return now


class CorrectsDelays(Mutant):
    """Corrects a delay by the provider's clock, as if it were a moment."""

    violates = "cooldown.skew+2"
    kills = ("delays-need-no-correction:seconds",)
    because = "until"

    @replaces("credpool.providers.hints.read_hint")
    def corrected(original, reply, rule, *, now, zone=None):
        hint = original(reply, rule, now=now, zone=zone)
        delay = hints._number(reply.headers.get("retry-after"))
        if hint is None or delay != hint:
            return hint
        return hint - hints.server_time(reply.headers, now) + now


class LooksForHintsInShortLists(Mutant):
    """Looks for hints in the first 63 items of a list."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:google-quota-reset-delay-7",)
    because = "until"

    @replaces("credpool.providers.hints.LONGEST_LIST")
    def short(original):
        return original - 1


class ReadsNoExponents(Mutant):
    """Cannot read a JSON number that has an exponent."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:resets-in-seconds-6", "hint-form:resets-in-seconds-7")
    because = "until"

    @replaces("credpool.providers.hints._parsed")
    def plain(original, raw, forms, now):
        return original(str(raw) if isinstance(raw, float) else raw, forms, now)


class ReadsOneValueOfAWindow(Mutant):
    """Cannot read a window's header that holds several values."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:x-ratelimit-reset-16",)
    because = "until"

    @replaces("credpool.providers.hints._of_windows")
    def one(original, row, forms, reply, now):
        headers = {n: v for n, v in reply.headers.items() if "," not in v}
        return original(row, forms, replace(reply, headers=headers), now)


class IgnoresTheCaseOfUnits(Mutant):
    """Reads units in capitals outside of texts, too."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:x-ratelimit-reset-17",)
    because = "until"

    @replaces("credpool.providers.hints._of_windows")
    def small(original, row, forms, reply, now):
        headers = {n: v.lower() for n, v in reply.headers.items()}
        return original(row, forms, replace(reply, headers=headers), now)


class ReadsAnyDate(Mutant):
    """Reads every date that mail programs write."""

    violates = "cooldown.hint.forms+2"
    kills = (
        "hint-form:retry-after-23",
        "hint-form:retry-after-24",
        "hint-form:retry-after-25",
        "hint-form:retry-after-26",
    )
    because = "until"

    @replaces("credpool.providers.hints._parsed")
    def whatever(original, raw, forms, now):
        seconds = original(raw, forms, now)
        if seconds is not None or hints._http_date not in forms:
            return seconds
        date = parsedate_tz(str(raw))
        return None if date is None or date[3] is None else mktime_tz(date) - now


class GoesByTheOtherWindows(Mutant):
    """Takes the reset of the open windows where that of the spent one cannot be read."""

    violates = "cooldown.hint.forms+2"
    kills = ("hint-form:x-ratelimit-reset-18",)
    because = "until"

    @replaces("credpool.providers.hints._of_windows")
    def others(original, row, forms, reply, now):
        seconds = original(row, forms, reply, now)
        if seconds is not None or row["otherwise"] != "largest":
            return seconds
        return original({**row, "spent": {"is": None}}, forms, reply, now)
