"""Mutants of the chapter on logins: people who log in, and whose entry that is."""

from dataclasses import replace

from credpool._engine.view import view_of
from credpool.login import device
from credpool.login.entries import Login, logged_in
from credpool.model.errors import LoginFailed, NoLogin
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.pool import engine_of
from tools.mutants.mutant import Mutant, replaces


class PosesAsAnotherProgram(Mutant):
    """Asks for a code with a client id that it brought along."""

    violates = "login.client+2"
    kills = ("login-by-code:named",)
    because = "login"

    @replaces("credpool.login.device.device_request")
    def shipped(original, app):
        asked = original(app)
        return replace(asked, form={**asked.form, "client_id": "another-programs"})


class ForgetsTheClient(Mutant):
    """Refreshes without a word about the client."""

    violates = "oauth.client-id+2"
    kills = ("refresh-names-the-logins-client",)
    because = "login"

    @replaces("credpool.providers.grant.token_request")
    def forgotten(original, entry, provider):
        asked = original(entry, provider)
        return replace(asked, form={k: v for k, v in asked.form.items() if k != "client_id"})


class KeepsNothingForALogin(Mutant):
    """Puts whatever came in place of the tokens that were there."""

    violates = "login.no-token+1"
    kills = (
        "login-without-a-token-changes-nothing:empty",
        "login-without-a-token-changes-nothing:no-json",
        "login-without-a-token-changes-nothing:only-a-refresh-token",
    )
    because = "refusal"

    @replaces("credpool.login.app.read_login")
    def stored(original, app, reply, *, now):
        try:
            return original(app, reply, now=now)
        except LoginFailed:
            grant = Grant(secret=Secret("nothing"))
            return Login(grant=grant, account=None, token_url=app.token_url)


class SavesNoLogin(Mutant):
    """Reports a login that it has only in memory."""

    violates = "login.durable+2"
    kills = ("login-is-there-after-a-restart",)
    because = "ids"

    @replaces("credpool.login._keep")
    def forgotten(original, pool, login, *, into, new, source):
        view = engine_of(pool)._stored.view
        state = logged_in(view.state, login, into=into, new=new)
        reading = replace(view.reading, state=state)
        engine_of(pool)._stored.view = view_of(view.stamp, state, reading, None)
        return new


class LosesPatience(Mutant):
    """Ends a login at the first poll that brings nothing."""

    violates = "login.device.patience+2"
    kills = (
        "bad-second-does-not-end-a-login:down",
        "bad-second-does-not-end-a-login:no-answer",
    )
    because = "refusal"

    @replaces("credpool.login.device.after_poll")
    def at_once(original, app, waiting, reply, *, now):
        if reply is None or reply.status >= 500:
            raise LoginFailed(NoLogin.NO_TOKEN, "the token endpoint is down", "log in again")
        return original(app, waiting, reply, now=now)


class KeepsTheTokensAlone(Mutant):
    """Forgets everything about a login but its tokens."""

    violates = "login.fields+2"
    kills = ("login-is-kept-with-what-it-was-told",)
    because = "store"

    @replaces("credpool.login.entries.logged_in")
    def bare(original, state, login, **kwargs):
        bare = original(state, login, **kwargs)
        forgotten = {e.id: replace(e, extra={}, token_url=None) for e in bare.entries}
        return bare.change(forgotten)


class ReadsTheCodeAloud(Mutant):
    """Shows the code with letters in place of the figures that look like them."""

    violates = "login.device.prompt+2"
    kills = ("login-by-code:named",)
    because = "login"

    @replaces("credpool.login.device.read_device")
    def aloud(original, reply, *, now):
        found = original(reply, now=now)
        prompt = replace(found.prompt, code=found.prompt.code.replace("0", "O"))
        return replace(found, prompt=prompt)


class AsksEveryFiveSeconds(Mutant):
    """Asks every five seconds, however rarely the provider wants to be asked."""

    violates = "login.device.interval+3"
    kills = ("login-by-code:longer",)
    because = "wait"

    @replaces("credpool.login.device.read_device")
    def impatient(original, reply, *, now):
        found = original(reply, now=now)
        return replace(found, interval=min(found.interval, 5.0), at=min(found.at, now + 5.0))


class IsNotSlowedDown(Mutant):
    """Takes `slow_down` for a mere `authorization_pending`."""

    violates = "login.device.interval+3"
    kills = ("slow-down-lasts:as-written", "slow-down-lasts:with-429", "slow-down-lasts:with-200")
    because = "wait"

    @replaces("credpool.login.device.SLOWER")
    def none(original):
        return 0.0


class SlowsDownOnce(Mutant):
    """Waits longer after `slow_down`, and then as long as before."""

    violates = "login.device.interval+3"
    kills = ("slow-down-lasts:as-written",)
    because = "wait"

    @replaces("credpool.login.device._later")
    def once(original, waiting, now):
        return replace(original(waiting, now), interval=5.0)


class AsksOnWhenRefused(Mutant):
    """Takes a person's refusal for one who has not finished."""

    violates = "login.denied+1"
    kills = ("refused-code-ends-the-login:as-written", "refused-code-ends-the-login:with-403")
    because = "refusal"

    @replaces("credpool.login.device.after_poll")
    def on(original, app, waiting, reply, *, now):
        if reply is not None and "access_denied" in reply.codes:
            return device._later(waiting, now)
        return original(app, waiting, reply, now=now)


class AsksOnWhenTheCodeHasEnded(Mutant):
    """Goes on asking for the token of a code that has ended."""

    violates = "login.device.expired+2"
    kills = ("code-that-has-ended-ends-the-login:by-time",)
    because = "refresh"

    @replaces("credpool.login.device._later")
    def on(original, waiting, now):
        found = original(replace(waiting, until=waiting.until + 12), now)
        return replace(found, until=waiting.until)


class TakesAnEndedCodeForNoToken(Mutant):
    """Does not know the word by which a provider says that a code has ended."""

    violates = "login.device.expired+2"
    kills = ("code-that-has-ended-ends-the-login:by-word",)
    because = "refusal"

    @replaces("credpool.login.device._expired")
    def another(original):
        return LoginFailed(NoLogin.NO_TOKEN, "no token", "log in again")


class ChallengesInPlain(Mutant):
    """Sends the verifier itself as its challenge."""

    violates = "login.browser.pkce+2"
    kills = ("login-by-browser",)
    because = "login"

    @replaces("credpool.login.pkce.challenge")
    def plain(original, verifier):
        return verifier.reveal()


class ProvesNothing(Mutant):
    """Leaves the verifier out of the exchange."""

    violates = "login.browser.pkce+2"
    kills = ("login-by-browser",)
    because = "login"

    @replaces("credpool.login.pkce.exchange_request")
    def nothing(original, app, asked, code):
        found = original(app, asked, code)
        return replace(found, form={k: v for k, v in found.form.items() if k != "code_verifier"})


class BelievesAnyState(Mutant):
    """Takes whatever state the browser comes back with."""

    violates = "login.browser.state+2"
    kills = ("redirect-from-elsewhere-is-no-login",)
    because = "refusal"

    @replaces("credpool.login.pkce.is_ours")
    def any_state(original, asked, query):
        return True


class EndsAtAStrangersState(Mutant):
    """Ends the login as soon as anybody comes with another state."""

    violates = "login.browser.state+2"
    kills = ("redirect-from-elsewhere-is-no-login",)
    because = "refusal"

    @replaces("credpool.login.callback.Callback.wait")
    def whoever_comes(original, self, is_ours, *clock):
        return original(self, lambda query: True, *clock)


class AnswersByAnyName(Mutant):
    """Takes a visit by whatever host's name."""

    violates = "login.browser.state+2"
    kills = ("visit-by-another-name-is-no-login",)
    because = "refusal"

    @replaces("credpool.login.callback.Callback._judged")
    def by_any_name(original, self, head, is_ours):
        wanted = f"host: {self._names[0]}".encode()
        lines = [
            wanted if line.lower().startswith(b"host:") else line for line in head.split(b"\r\n")
        ]
        return original(self, b"\r\n".join(lines), is_ours)


class ListensByName(Mutant):
    """Sends the browser to a name, which anybody may answer to."""

    violates = "login.browser.loopback+2"
    kills = ("login-by-browser",)
    because = "login"

    @replaces("credpool.login.callback.Callback.__init__")
    def by_name(original, self, *args):
        original(self, *args)
        self.url = self.url.replace("127.0.0.1", "localhost")


class TakesARefusalForAFault(Mutant):
    """Tells a person who has refused that there was no code."""

    violates = "login.denied+1"
    kills = ("browser-that-was-refused-ends-the-login",)
    because = "refusal"

    @replaces("credpool.login.pkce.read_callback")
    def fault(original, asked, query):
        return original(asked, query.replace("error=", "fault="))


class AddsEveryLogin(Mutant):
    """Makes another entry of every login."""

    violates = "login.same-account+2"
    kills = (
        "login-again-takes-the-place:person",
        "login-again-takes-the-place:person-in-a-workspace",
    )
    because = "ids"

    @replaces("credpool.login.entries._entry_of")
    def none(original, state, login):
        return None


class KnowsPersonsOnly(Mutant):
    """Takes two workspaces of one person for one account."""

    violates = "login.other-account+2"
    kills = ("second-account-is-another-entry:two-workspaces",)
    because = "ids"

    @replaces("credpool.providers.owner.account")
    def person(original, told):
        found = original(told)
        return found and found.partition("/")[0]


class OverwritesWhoIsNotKnown(Mutant):
    """Puts a login of nobody knows whom in place of the last one."""

    violates = "login.other-account+2"
    kills = (
        "second-account-is-another-entry:nobody-knows",
        "second-account-is-another-entry:one-is-not-known",
    )
    because = "ids"

    @replaces("credpool.login.entries._entry_of")
    def last(original, state, login):
        logins = [e for e in state.entries if "client_id" in e.extra]
        return original(state, login) or (None if login.account else next(iter(logins), None))


class GivesAnEntryToAnybody(Mutant):
    """Logs an entry in again as whoever comes."""

    violates = "login.target+2"
    kills = ("somebody-else-does-not-take-an-entry",)
    because = "refusal"

    @replaces("credpool.login.entries._again")
    def anybody(original, state, login, into):
        return state.find(into)


class LeavesTheDeadDead(Mutant):
    """Puts the new tokens in place, and leaves the entry out."""

    violates = "login.revives+2"
    kills = ("login-revives-a-dead-entry:by-code", "login-revives-a-dead-entry:by-browser")
    because = "killed"

    @replaces("credpool.login.entries._with")
    def dead(original, entry, login):
        return replace(original(entry, login), cooldown=entry.cooldown)
