"""Mutants of the chapter on failures inside a success."""

from collections.abc import Mapping

from credpool._calls import watch
from credpool.providers import in_band
from tools.mutants.mutant import Mutant, replaces


class TakesEveryStreamForAnAnswer(Mutant):
    """Reads no event of a stream."""

    violates = "in-band.first+1"
    kills = ("first-event-that-fails-rotates", "first-event-is-read-however-it-is-written")
    because = "after"

    @replaces("credpool._calls.watch.Watch.feed")
    def blind(original, self, piece):
        self.events.begun = True


class KnowsEventsByTheirNameAlone(Mutant):
    """Looks at the name of an event, and not at its data."""

    violates = "in-band.first+1"
    kills = (
        "first-event-that-fails-rotates:responses",
        "first-event-that-fails-rotates:chat",
        "first-event-that-fails-rotates:gemini",
    )
    because = "after"

    @replaces("credpool.providers.in_band._failure")
    def named(original, name, data):
        return original(name, data) if name == "error" else None


class KnowsOneLineEnd(Mutant):
    """Takes a line feed for the only end of a line."""

    violates = "in-band.first+1"
    kills = ("first-event-is-read-however-it-is-written:with-cr-alone",)
    because = "after"

    @replaces("credpool.providers.in_band._events")
    def unix(original, raw):
        return original(raw.replace(b"\r", b" "))


class JudgesByTheCodeWithoutAStatus(Mutant):
    """Gives each told failure the status 429."""

    violates = "in-band.first+1"
    kills = (
        "first-event-that-fails-uses-the-table:a-servers-fault",
        "first-event-that-fails-uses-the-table:the-requests-fault",
        "first-event-that-fails-uses-the-table:an-unknown-code",
    )
    because = "after"

    @replaces("credpool.providers.in_band._status")
    def throttled(original, failure, codes, provider):
        return 429


class KnowsNoNumber(Mutant):
    """Reads no status from the failure itself."""

    violates = "in-band.first+1"
    kills = (
        "told-status-leads-to-the-rule:a-number",
        "told-status-leads-to-the-rule:its-digits",
        "told-status-leads-to-the-rule:the-number-before-the-code",
    )
    because = "after"

    @replaces("credpool.providers.in_band._status")
    def by_code(original, failure, codes, provider):
        error = failure.get("error")
        if isinstance(error, Mapping):
            failure = {"error": {k: v for k, v in error.items() if k != "code"}}
        return original(failure, codes, provider)


class AsksNoRuleForTheStatus(Mutant):
    """Knows the statuses of the table alone."""

    violates = "in-band.first+1"
    kills = ("told-status-leads-to-the-rule:a-rule",)
    because = "after"

    @replaces("credpool.providers.in_band._first")
    def none(original, rule):
        return 500


class ReadsNoBodyOfASuccess(Mutant):
    """Takes each JSON body of a success for an answer."""

    violates = "in-band.body+1"
    kills = ("body-of-a-success-that-fails-rotates",)
    because = "after"

    @replaces("credpool._calls.watch.Refusals._may_tell")
    def never(original, self, response):
        return False


class ReadsEverybodysBodies(Mutant):
    """Looks for an error in the JSON body of each provider."""

    violates = "in-band.healthy+1"
    kills = ("healthy-body-is-no-failure:another-providers-habit",)
    because = "on"

    @replaces("credpool._calls.watch.Refusals._may_tell")
    def always(original, self, response):
        return watch._is_success(response, "application/json")

    @replaces("credpool.providers.in_band.failure_in_body")
    def any_error(original, body, provider):
        found = in_band.parsed(body)
        return found if isinstance(found, dict) and found.get("error") else None


class SeesErrorsInAnswers(Mutant):
    """Takes an event with a failure's words in it for a failure."""

    violates = "in-band.healthy+1"
    kills = (
        "healthy-reply-is-no-failure:an-answer-about-errors",
        "healthy-reply-is-no-failure:a-failed-tool",
    )
    because = "on"

    @replaces("credpool.providers.in_band._failure")
    def words(original, name, data):
        if "usage_limit_reached" in str(data):
            return {"error": {"type": "usage_limit_reached"}}
        return original(name, data)


class TakesAnEventWithoutItsEnd(Mutant):
    """Judges an event before the line that ends it."""

    violates = "in-band.healthy+1"
    kills = ("healthy-reply-is-no-failure:an-event-without-its-end",)
    because = "status"

    @replaces("credpool.providers.in_band.Events.feed")
    def early(original, self, piece):
        original(self, piece if piece.endswith(b"\n\n") else piece + b"\n\n")


class ReadsAnyContentType(Mutant):
    """Takes each success for a stream of events."""

    violates = "in-band.healthy+1"
    kills = ("healthy-reply-is-no-failure:no-stream-of-events",)
    because = "on"

    @replaces("credpool._calls.watch._is_success")
    def any_type(original, response, kind):
        return response.status_code < 300 and kind == "text/event-stream"


class WaitsForTheWholeEvent(Mutant):
    """Holds a stream back until its first event has ended, however long it is."""

    violates = "in-band.bound+1"
    kills = ("long-beginning-is-passed-on",)
    because = "outcome"

    @replaces("credpool._calls.body.Beginning.goes_on")
    def patient(original, self, now):
        if self.watch is None:
            return original(self, now)
        return not self.ended and b"\n\n" not in self.raw


class ForgetsWhatCameLater(Mutant):
    """Reads no further than the first event."""

    violates = "in-band.later+1"
    kills = ("later-failure-counts-for-the-next-call",)
    because = "status"

    @replaces("credpool._calls.call.Ending.event")
    def deaf(original, self, failure):
        return None if failure else original(self, failure)


class RotatesForWhatComesWithTheFirstPiece(Mutant):
    """Takes any failure of the first piece for one that the first event tells."""

    violates = "in-band.later+1"
    kills = ("later-failure-counts-for-the-next-call:in-the-first-piece",)
    because = "on"

    @replaces("credpool._calls.watch.Refusals._told")
    def any_event(original, self, seen, watch):
        if watch is not None:
            watch.events.first = watch.events.failure
        return original(self, seen, watch)


class BenchesForAnyLateFailure(Mutant):
    """Takes an entry out for whatever a later event tells."""

    violates = "in-band.later+1"
    kills = ("later-failure-that-is-no-keys-costs-no-key",)
    because = "status"

    @replaces("credpool.providers.in_band._status")
    def spent(original, failure, codes, provider):
        return 402


class CallsItASuccessAtItsHead(Mutant):
    """Clears the mark, and ends the probe, when a stream begins."""

    violates = "in-band.no-success+1"
    kills = ("told-failure-clears-no-mark:later",)
    because = "same"

    @replaces("credpool._calls.call.ActiveCall.begins")
    def at_once(original, self, entry, headers):
        ending = original(self, entry, headers)
        step = self.proven(entry, None)
        if step is not None:
            self.settle(step)
        return ending


class BelievesTheHeadOfAProbe(CallsItASuccessAtItsHead):
    """Brings an entry back when the stream of its probe begins."""

    kills = ("told-failure-ends-no-probe",)
    because = "status"
