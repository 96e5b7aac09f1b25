"""Mutants of the chapter on recovery: refused keys and logins."""

from dataclasses import replace

from credpool.model.recovery import Step
from credpool.model.terms import FailureClass
from credpool.rules import decide, next_step
from tools.mutants.mutant import Mutant, replaces


class LosesTheCallWithTheToken(Mutant):
    """Ends the call when a refresh fails."""

    violates = "recover.auth-expired.failed+2"
    kills = ("refresh-that-fails-rotates",)
    because = "retry"

    @replaces("credpool.rules.next_step.leave")
    def lost(original, state, call, *, now, draw):
        return next_step._ended(state, call, now=now)


class NeverRefreshes(Mutant):
    """Benches a login whose token has run out."""

    violates = "recover.auth-expired.refresh+2"
    kills = (
        "probe-refreshes-a-login",
        "expired-token-is-refreshed-once",
    )
    because = "refresh"

    @replaces("credpool.rules.decide._may_refresh")
    def never(original, entry, event):
        return False


class TakesNothingForFinal(Mutant):
    """Takes every refusal of a refresh for a passing one."""

    violates = "recover.auth-expired.terminal+4"
    kills = ("grant-refused-for-good-is-dead",)
    because = "status"

    @replaces("credpool.providers.grant.read_token_reply")
    def passing(original, reply, **how):
        found = original(reply, **how)
        return replace(found, terminal=False) if hasattr(found, "terminal") else found


class KnowsFourCodes(Mutant):
    """Takes four codes for final, and asks a grant that is gone under another name again."""

    violates = "recover.auth-expired.terminal+4"
    kills = (
        "grant-gone-by-another-name:token-expired",
        "grant-gone-by-another-name:session-ended",
        "grant-gone-by-another-name:github",
    )
    because = "status"

    @replaces("credpool.providers.grant.read_token_reply")
    def four(original, reply, *, now, gone=frozenset()):
        ways = ("expired", "reused", "invalidated")
        known = {"invalid_grant", *(f"refresh_token_{way}" for way in ways)}
        return original(reply, now=now, gone=gone & known)


class TakesOneProvidersWordForAll(Mutant):
    """Takes what one provider calls a grant that is gone for the word of every other."""

    violates = "recover.auth-expired.terminal+4"
    kills = ("refusals-that-are-not-for-good:another-providers-word",)
    because = "killed"

    @replaces("credpool.providers.grant.read_token_reply")
    def anyone(original, reply, *, now, gone=frozenset()):
        return original(reply, now=now, gone=gone | {"bad_refresh_token"})


class TakesABadMinuteForFinal(Mutant):
    """Gives a login up when the token endpoint is busy or broken."""

    violates = "recover.auth-expired.terminal+4"
    kills = (
        "token-endpoints-bad-minute-kills-nobody:429",
        "token-endpoints-bad-minute-kills-nobody:429-with-a-terminal-word",
        "token-endpoints-bad-minute-kills-nobody:500",
        "token-endpoints-bad-minute-kills-nobody:503",
        "token-endpoints-bad-minute-kills-nobody:503-with-a-terminal-word",
    )
    because = "killed"

    @replaces("credpool.providers.grant.read_token_reply")
    def final(original, reply, **how):
        found = original(reply, **how)
        return replace(found, terminal=True) if reply.status >= 429 else found


class GoesByTheWordAlone(Mutant):
    """Believes `invalid_grant`, whatever the status it comes with."""

    violates = "recover.auth-expired.terminal+4"
    kills = (
        "token-endpoints-bad-minute-kills-nobody:429-with-a-terminal-word",
        "token-endpoints-bad-minute-kills-nobody:503-with-a-terminal-word",
    )
    because = "killed"

    @replaces("credpool.providers.grant.read_token_reply")
    def by_word(original, reply, **how):
        if "invalid_grant" in reply.codes:
            reply = replace(reply, status=400)
        return original(reply, **how)


class DeliversABare401(Mutant):
    """Hands a 401 that gives no reason to the caller, and goes on using the key."""

    violates = "recover.table+1"
    kills = ("rejected-key-rotates-and-comes-back:status-alone",)
    because = "stop"

    @replaces("credpool.rules.decide._fail")
    def delivered(original, state, event, *, now, draw):
        verdict, entry = event.verdict, state.find(event.entry)
        bare = verdict.rule == "generic/unauthorized" and not (entry is None or entry.refreshable)
        if bare and not event.call.probe:
            return next_step.deliver(state, event, now=now)
        return original(state, event, now=now, draw=draw)


class BringsTheRevokedBack(Mutant):
    """Keeps a revoked entry out for five minutes."""

    violates = "recover.table+1"
    kills = ("revoked-credential-is-dead",)
    because = "status"

    @replaces("credpool.rules.cooldown._seconds")
    def five_minutes(original, state, entry, verdict, **kwargs):
        seconds = original(state, entry, verdict, **kwargs)
        return 300.0 if verdict.failure is FailureClass.AUTH_REVOKED else seconds


class KeepsARefusedNewToken(Mutant):
    """Ends the call when the new token is refused, and benches nobody."""

    violates = "recover.auth-expired.failed+2"
    kills = ("new-token-refused-rotates",)
    because = "stop"

    @replaces("credpool.rules.decide._fail")
    def delivered(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if entry is None:
            return original(state, event, now=now, draw=draw)
        expired = decide._settled(event.verdict, entry).failure
        renewed = event.call.did(Step.REFRESH, event.entry)
        if expired is FailureClass.AUTH_EXPIRED and renewed:
            return next_step.deliver(state, event, now=now)
        return original(state, event, now=now, draw=draw)
