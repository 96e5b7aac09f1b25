"""Mutants of the chapter on logins: refreshes that fail, and tokens that go astray."""

from dataclasses import replace

from credpool._engine.view import view_of
from credpool.model.errors import StoreError
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.rules import refresh
from tools.mutants.mutant import Mutant, replaces


class UsesWhatItCouldNotSave(Mutant):
    """Sends new tokens although the store did not take them."""

    violates = "oauth.saved-first+3"
    kills = ("unsaved-tokens-are-not-used",)
    because = "on"

    @replaces("credpool._calls.call.keep")
    def used(original, engine, event):
        try:
            return original(engine, event)
        except StoreError:
            stored = engine._stored
            made = refresh.refreshed(stored.view.state, event)
            reading = replace(stored.view.reading, state=made.state)
            stored.view = view_of(stored.view.stamp, made.state, reading, None)
            return made


class ForgetsWhatItCouldNotSave(Mutant):
    """Presents the old refresh token again after new tokens could not be saved."""

    violates = "oauth.saved-first.again+3"
    kills = ("unsaved-tokens-are-not-used",)
    because = "out"

    @replaces("credpool._calls.call.ActiveCall.claim")
    def forgotten(original, self, entry, waits_since=None):
        self._engine.unsaved.clear()
        return original(self, entry, waits_since)


class TakesAnySuccessForTokens(Mutant):
    """Takes a reply with status 200 for new tokens, whatever is in it."""

    violates = "oauth.reply.no-token+2"
    kills = (
        "reply-without-a-token-leaves-what-is-there:empty",
        "reply-without-a-token-leaves-what-is-there:no-json",
        "reply-without-a-token-leaves-what-is-there:error-with-200",
    )
    because = "bare"

    @replaces("credpool.providers.grant.read_token_reply")
    def taken(original, reply, *, now, gone=frozenset()):
        found = original(reply, now=now, gone=gone)
        return (
            found
            if reply.status != 200 or isinstance(found, Grant)
            else Grant(secret=Secret("none"))
        )


class SendsWhatIsOver(Mutant):
    """Sends a new token without a look at its end."""

    violates = "oauth.reply.over+2"
    kills = (
        "token-that-is-over-is-a-failed-refresh:at-once",
        "token-that-is-over-is-a-failed-refresh:long-ago",
        "token-that-is-over-leaves-a-good-one-in-use",
    )
    because = "retry"

    @replaces("credpool.rules.refresh.arrived")
    def sent(original, state, event, *, now):
        endless = replace(event.grant, expires_at=None)
        return refresh.refreshed(state, replace(event, grant=endless))


class DropsWhatIsOver(Mutant):
    """Keeps the spent refresh token when the token that came for it is over."""

    violates = "oauth.reply.over+2"
    kills = (
        "token-that-is-over-is-a-failed-refresh:at-once",
        "token-that-is-over-is-a-failed-refresh:long-ago",
    )
    because = "refresh"

    @replaces("credpool.rules.refresh.arrived")
    def dropped(original, state, event, *, now):
        grant = event.grant
        if grant.expires_at is not None and grant.expires_at <= now:
            event = replace(event, grant=replace(grant, refresh_token=None))
        return original(state, event, now=now)


class JudgesByWhatItRemembers(Mutant):
    """Takes a login out for a refused refresh without a look at what others have stored."""

    violates = "oauth.adopt-late+2"
    kills = (
        "token-of-another-program-is-adopted:refused-for-good",
        "token-of-another-program-is-adopted:spent",
    )
    because = "retry"

    @replaces("credpool.rules.refresh.refresh_failed")
    def remembered(original, state, event, *, now):
        return original(state, replace(event, secret=None), now=now)


class RestsAsUsual(Mutant):
    """Does not listen to the token endpoint's own hint."""

    violates = "oauth.refusal.hint+2"
    kills = ("token-endpoint-says-how-long:throttled", "token-endpoint-says-how-long:down")
    because = "until"

    @replaces("credpool.providers.grant.read_token_reply")
    def deaf(original, reply, *, now, gone=frozenset()):
        found = original(reply, now=now, gone=gone)
        return found if isinstance(found, Grant) else replace(found, hint=None)


class SendsTheRefreshTokenAlong(Mutant):
    """Sends a refresh token to the provider, in a header of its own, if nobody knows its token's end."""

    violates = "oauth.refresh-token.apart+2"
    kills = ("tokens-go-their-own-ways",)
    because = "sent"

    @replaces("credpool.providers.wire.seal")
    def along(original, entry, *args):
        sealed = original(entry, *args)
        if entry.refresh_token is None or entry.expires_at is not None:
            return sealed
        header = (b"x-refresh-token", entry.refresh_token.reveal().encode())
        return replace(sealed, plain=(*sealed.plain, header))


class SendsTheAccessTokenAlong(Mutant):
    """Sends an old access token to the token endpoint too, if nobody knows its end."""

    violates = "oauth.access-token.apart+2"
    kills = ("tokens-go-their-own-ways",)
    because = "sent"

    @replaces("credpool.providers.grant.token_request")
    def along(original, entry, provider):
        asked = original(entry, provider)
        if entry.expires_at is not None:
            return asked
        return replace(asked, form={**asked.form, "access_token": entry.secret.reveal()})
