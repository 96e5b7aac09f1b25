"""Mutants of the chapter on logins: when a token is refreshed, by whom, and what is kept of it."""

from dataclasses import replace

from credpool._engine.view import view_of
from credpool.model.messages import AwaitClaim, Exchange, Refresh, Send
from credpool.pool import engine_of
from tools.mutants.mutant import Mutant, replaces


class WaitsForTheTokenToEnd(Mutant):
    """Refreshes no token before it has been refused."""

    violates = "oauth.window.mandatory+2"
    kills = (
        "token-about-to-end-is-refreshed-first",
        "token-of-a-rotation-is-refreshed-first-too",
        "windows-are-the-operators",
    )
    because = "refresh"

    @replaces("credpool.model.entry.Entry.expires_within")
    def never(original, self, seconds, now):
        return False


class HasWindowsOfItsOwn(Mutant):
    """Looks two minutes ahead at most, whatever the operator says."""

    violates = "oauth.window.mandatory+2"
    kills = ("windows-are-the-operators",)
    because = "refresh"

    @replaces("credpool.model.entry.Entry.expires_within")
    def two_minutes(original, self, seconds, now):
        return original(self, min(seconds, 120.0), now)


class RefreshesTheFirstOfACallOnly(Mutant):
    """Sends whoever it rotates to with the token there is."""

    violates = "oauth.window.mandatory+2"
    kills = ("token-of-a-rotation-is-refreshed-first-too",)
    because = "refresh"

    @replaces("credpool.rules.next_step.turn_to")
    def unlooked(original, state, call, candidates, **kwargs):
        decision = original(state, call, candidates, **kwargs)
        if decision is None or not call.attempts or not isinstance(decision.action, Refresh):
            return decision
        return replace(decision, action=Send(decision.action.entry))


class TrustsATokenThatIsAboutToEnd(Mutant):
    """Goes on with the old token when the refresh failed, however little time it has."""

    violates = "oauth.window.mandatory+2"
    kills = ("failed-mandatory-refresh-rotates",)
    because = "retry"

    @replaces("credpool.rules.refresh._is_good")
    def trusted(original, state, entry, call, known, *, now):
        return original(state, replace(entry, expires_at=None), call, known, now=now)


class WaitsForTheMandatoryWindow(Mutant):
    """Refreshes at the last moment only."""

    violates = "oauth.window.advisory+2"
    kills = ("token-is-refreshed-ahead-of-its-end",)
    because = "refresh"

    @replaces("credpool.model.entry.Entry.expires_within")
    def at_last(original, self, seconds, now):
        return original(self, 30.0 if seconds == 120.0 else seconds, now)


class LeavesTheEdgeOut(Mutant):
    """Refreshes a token once it has less time left than the window, and not as much."""

    violates = "oauth.window.advisory+2"
    kills = ("token-is-refreshed-ahead-of-its-end:at-the-edge",)
    because = "refresh"

    @replaces("credpool.model.entry.Entry.expires_within")
    def less(original, self, seconds, now):
        return original(self, seconds, now) and self.expires_at - now < seconds


class GivesUpAGoodToken(Mutant):
    """Takes the entry out when a better token could not be had."""

    violates = "oauth.window.advisory.harmless+2"
    kills = (
        "failed-advisory-refresh-harms-nobody",
        "token-that-is-over-in-the-advisory-window",
    )
    because = "retry"

    @replaces("credpool.rules.refresh.refresh_failed")
    def given_up(original, state, event, *, now):
        wide = replace(state.policy, mandatory_window=state.policy.advisory_window)
        decision = original(replace(state, policy=wide), event, now=now)
        return replace(decision, state=replace(decision.state, policy=state.policy))


class AsksAgainAtOnce(Mutant):
    """Forgets at once that a refresh has failed."""

    violates = "oauth.window.advisory.rest+2"
    kills = ("failed-advisory-refresh-is-not-repeated-at-once",)
    because = "refresh"

    @replaces("credpool.model.entry.Entry.rests")
    def never(original, self, policy, now):
        return False


class ForgetsARestWithItsMemory(Mutant):
    """Keeps it in memory alone that a refresh has failed."""

    violates = "oauth.window.advisory.rest+2"
    kills = ("rest-after-a-failed-refresh-survives-a-restart",)
    because = "refresh"

    @replaces("testee_reference.Testee.restart")
    def forgotten(original, self, message):
        if hasattr(self, "pool"):
            engine_of(self.pool).change(
                lambda state: replace(
                    state,
                    entries=tuple(replace(e, refresh_failed_at=None) for e in state.entries),
                )
            )
        return original(self, message)


class TakesNoClaim(Mutant):
    """Lets every call that needs a token ask for one."""

    violates = "oauth.single-flight+2"
    kills = (
        "two-calls-refresh-once",
        "refresh-that-failed-while-a-call-waited",
        "token-that-lives-for-seconds-is-used",
    )
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def unclaimed(original, state, event, *, now, draw):
        decision = original(state, event, now=now, draw=draw)
        if isinstance(decision.action, AwaitClaim):
            return replace(decision, action=Exchange(decision.state.find(event.entry)))
        return decision


class RefreshesWhatIsFresh(Mutant):
    """Refreshes once more after another call has done so."""

    violates = "oauth.single-flight.adopt+2"
    kills = ("two-calls-refresh-once",)
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def again(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if entry is not None and entry.id not in event.call.renewed:
            event = replace(event, secret=entry.secret)
        return original(state, event, now=now, draw=draw)


class WaitsForABetterToken(Mutant):
    """Stands still while another call refreshes, though the token is good."""

    violates = "oauth.single-flight.no-wait+2"
    kills = ("nobody-waits-while-the-token-is-good",)
    because = "out"

    @replaces("credpool.rules.refresh.claim")
    def waits(original, state, event, *, now, draw):
        decision = original(state, event, now=now, draw=draw)
        entry = state.find(event.entry)
        is_theirs = entry is not None and entry.claim is not None and entry.claim.until > now
        if is_theirs and entry.secret == event.secret and isinstance(decision.action, Send):
            return replace(decision, action=AwaitClaim(entry.claim.until))
        return decision


class HoldsItsClaimForEver(Mutant):
    """Takes the right to refresh for good."""

    violates = "oauth.claim.expires+2"
    kills = ("refresh-of-a-lost-holder-is-taken-over",)
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def for_ever(original, state, event, *, now, draw):
        for_long = replace(state, policy=replace(state.policy, claim_ttl=1e9))
        decision = original(for_long, event, now=now, draw=draw)
        return replace(decision, state=replace(decision.state, policy=state.policy))

    @replaces("credpool.rules.moments._claim")
    def believed(original, claim, policy, now):
        return claim


class LetsGoOfItsClaimTooSoon(Mutant):
    """Gives the right to refresh away after half its time."""

    violates = "oauth.claim.expires+2"
    kills = ("refresh-of-a-lost-holder-is-taken-over",)
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def half(original, state, event, *, now, draw):
        halved = replace(state, policy=replace(state.policy, claim_ttl=30.0))
        decision = original(halved, event, now=now, draw=draw)
        return replace(decision, state=replace(decision.state, policy=state.policy))


class KeepsASpentRefreshToken(Mutant):
    """Presents the old refresh token again, though the reply brought a new one."""

    violates = "oauth.refresh-token.replaced+2"
    kills = ("new-refresh-token-is-the-next-to-be-presented",)
    because = "refresh"

    @replaces("credpool.rules.refresh.refreshed")
    def spent(original, state, event):
        return original(state, replace(event, grant=replace(event.grant, refresh_token=None)))


class ForgetsItsRefreshToken(Mutant):
    """Has no refresh token any more when the reply brought none."""

    violates = "oauth.refresh-token.replaced+2"
    kills = ("refresh-token-stays-when-the-reply-has-none",)
    because = "retry"

    @replaces("credpool.rules.refresh.refreshed")
    def forgotten(original, state, event):
        entry = state.find(event.entry)
        if entry is not None and event.grant.refresh_token is None:
            state = state.change({entry.id: replace(entry, refresh_token=None)})
        return original(state, event)


class TakesALengthForADate(Mutant):
    """Takes `expires_in` for the moment at which the token ends."""

    violates = "oauth.expires-in+2"
    kills = ("expiry-counts-from-the-reply",)
    because = "retry"

    @replaces("credpool.providers.grant.read_token_reply")
    def since_1970(original, reply, *, now, gone=frozenset()):
        return original(reply, now=0.0, gone=gone)


class UsesNewTokensUnsaved(Mutant):
    """Sends a request with the new tokens, which only its memory has."""

    violates = "oauth.saved-first+3"
    kills = ("new-tokens-are-saved-before-they-are-used",)
    because = "out"

    @replaces("credpool._calls.call.keep")
    def unsaved(original, engine, event):
        stored = engine._stored

        def remember(change, glance=None):
            held = replace(stored.view.reading, state=change(stored.view.state))
            stored.view = view_of(stored.view.stamp, held.state, held, None)

        stored.commit = remember
        try:
            return original(engine, event)
        finally:
            del stored.commit
