"""Mutants that keep a requirement in its main case, and break it where two things meet: of logins."""

from dataclasses import replace

from credpool.model.messages import TOKEN_ENDPOINT
from tools.mutants.mutant import Mutant, replaces


class TakesAnyRefusalForTheEnd(Mutant):
    """Marks a login dead whenever its refresh is refused with a status from 400 to 428."""

    violates = "recover.auth-expired.terminal+4"
    kills = (
        "refusals-that-are-not-for-good:invalid-client",
        "refusals-that-are-not-for-good:invalid-client-401",
        "refusals-that-are-not-for-good:unauthorized-client",
        "refusals-that-are-not-for-good:forbidden",
    )
    because = "killed"

    @replaces("credpool.providers.grant.read_token_reply")
    def final(original, reply, **how):
        found = original(reply, **how)
        refused = 400 <= reply.status < 429 and hasattr(found, "terminal")
        return replace(found, terminal=True) if refused else found


class ReadsTheDescriptionForACode(Mutant):
    """Looks for `invalid_grant` anywhere in the body of a refusal."""

    violates = "recover.auth-expired.terminal+4"
    kills = ("refusals-that-are-not-for-good:invalid-request",)
    because = "killed"

    @replaces("credpool.providers.grant.read_token_reply")
    def anywhere(original, reply, **how):
        found = original(reply, **how)
        named = "invalid_grant" in str(reply.data) and 400 <= reply.status < 429
        return replace(found, terminal=True) if named else found


class HasNoPolicyForRefreshes(Mutant):
    """Takes the table's five minutes after a refresh that failed, whatever the operator says."""

    violates = "cooldown.default+2"
    kills = ("policy-sets-the-cooldown-of-a-failed-refresh:plain",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def usual(original, state, affected, verdict, *, now, model):
        if verdict.rule == TOKEN_ENDPOINT:
            state = replace(state, policy=replace(state.policy, cooldowns={}))
        return original(state, affected, verdict, now=now, model=model)


class TakesTheLongerOfHintAndDefault(Mutant):
    """Lets a token endpoint's hint lengthen the cooldown, and not shorten it."""

    violates = "oauth.refusal.hint+2"
    kills = (
        "policy-sets-the-cooldown-of-a-failed-refresh:shorter-hint",
        "policy-sets-the-cooldown-of-a-failed-refresh:hint-of-zero",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def longer(original, state, affected, verdict, *, now, model):
        seconds = original(state, affected, verdict, now=now, model=model)
        if verdict.rule != TOKEN_ENDPOINT:
            return seconds
        usual = replace(verdict, hint=None)
        return max(seconds, original(state, affected, usual, now=now, model=model))


class TakesThirtySecondsForEnough(Mutant):
    """Sends a token that ends in exactly the mandatory window, when its refresh has failed."""

    violates = "oauth.window.mandatory+2"
    kills = ("refusal-of-thirty-seconds-before-the-end:at-the-edge",)
    because = "retry"

    @replaces("credpool.rules.refresh._is_good")
    def enough(original, state, entry, call, known, *, now):
        less = state.policy.mandatory_window - 0.001
        shorter = replace(state, policy=replace(state.policy, mandatory_window=less))
        return original(shorter, entry, call, known, now=now)


class RestsOneRow(Mutant):
    """Notes a refresh that failed for one row of the login."""

    violates = "oauth.window.advisory.rest+2"
    kills = ("rest-of-a-login-holds-for-each-row",)
    because = "refresh"

    @replaces("credpool.rules.refresh._changed")
    def one(original, state, entry, *, claim, failed_at):
        changed = original(state, entry, claim=claim, failed_at=failed_at)
        others = [e for e in changed.entries if e.id != entry.id]
        before = {e.id: state.find(e.id).refresh_failed_at for e in others}
        stored = {e.id: replace(e, refresh_failed_at=before[e.id]) for e in others}
        return changed.change(stored)


class ForgetsModelsWithANewToken(Mutant):
    """Ends the cooldowns for models when a new token comes."""

    violates = "cooldown.end+2"
    kills = ("new-token-leaves-limits",)
    because = "models order"

    @replaces("credpool.rules.refresh._renewed")
    def clean(original, entry, grant):
        return replace(original(entry, grant), models={})


class ForgetsTheMarkWithANewToken(Mutant):
    """Forgets a first 429 when a new token comes."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("new-token-leaves-the-mark",)
    because = "same"

    @replaces("credpool.rules.refresh._renewed")
    def clean(original, entry, grant):
        return replace(original(entry, grant), marked=False)


class FreesOneRowWithANewToken(Mutant):
    """Ends the cooldown of the row that was refreshed, and not of the login's others."""

    violates = "oauth.new-token.ends+1"
    kills = ("new-token-ends-the-cooldown-of-each-row",)
    because = "status"

    @replaces("credpool.rules.refresh.refreshed")
    def one(original, state, event):
        made = original(state, event)
        others = [e for e in made.state.entries if e.id != event.entry]
        before = {e.id: state.find(e.id).cooldown for e in others}
        stored = {e.id: replace(e, cooldown=before[e.id]) for e in others}
        return replace(made, state=made.state.change(stored))


class TakesAProbesRefreshForACalls(Mutant):
    """Starts a cooldown when the refresh for a probe fails."""

    violates = "exhaust.probe.failure+3"
    kills = ("probe-that-cannot-refresh-changes-nothing:down",)
    because = "class"

    @replaces("credpool.rules.refresh.refresh_failed")
    def as_usual(original, state, event, *, now):
        call = replace(event.call, probe=False)
        return original(state, replace(event, call=call), now=now)


class KeepsAProbedLoginAlive(Mutant):
    """Does not believe a probe's refresh that the login is gone for good."""

    violates = "exhaust.probe.failure+3"
    kills = ("probe-that-cannot-refresh-changes-nothing:gone",)
    because = "status"

    @replaces("credpool.rules.refresh.refresh_failed")
    def alive(original, state, event, *, now):
        terminal = event.terminal and not event.call.probe
        return original(state, replace(event, terminal=terminal), now=now)


class ReadsLengthsLikeItsLanguage(Mutant):
    """Takes whatever its language makes of `expires_in` for the length of a token's life."""

    violates = "oauth.expires-in+2"
    kills = ("expires-in-is-a-number:exponent", "expires-in-is-a-number:grouped")
    because = "refresh"

    @replaces("credpool.providers.grant.seconds")
    def converted(original, told):
        try:
            return float(told) if isinstance(told, str) else original(told)
        except ValueError:
            return None


class TakesTruthForOneSecond(Mutant):
    """Takes `expires_in: true` for a second."""

    violates = "oauth.expires-in+2"
    kills = ("expires-in-is-a-number:truth",)
    because = "refresh"

    @replaces("credpool.providers.grant.seconds")
    def counted(original, told):
        return 100.0 if told is True else original(told)


class ReadsNoTextForANumber(Mutant):
    """Knows no end of a token whose length was written as a text."""

    violates = "oauth.expires-in+2"
    kills = ("expires-in-is-a-number:text-that-ends-soon",)
    because = "refresh"

    @replaces("credpool.providers.grant.seconds")
    def plain(original, told):
        return None if isinstance(told, str) else original(told)


class TakesAnySuccessForAToken(Mutant):
    """Takes the token out of a reply of any status from 200 to 299."""

    violates = "oauth.reply.no-token+2"
    kills = ("created-is-no-token",)
    because = "retry"

    @replaces("credpool.providers.grant.read_token_reply")
    def granted(original, reply, **how):
        return original(replace(reply, status=200) if reply.status < 300 else reply, **how)


class ReportsEachRowOfALogin(Mutant):
    """Reports a refresh once for each row that has got the token."""

    violates = "events.refresh+2"
    kills = ("refresh-of-a-login-is-reported-once",)
    because = "events"

    @replaces("credpool.events.changes._changes")
    def each(original, before, after, now):
        fresh = (e for e in after.entries if e.id == "twin" and before.find(e.id) is not None)
        for entry in fresh:
            if before.find(entry.id).secret != entry.secret:
                yield original.__globals__["events"].EntryRefreshed(entry.id)
        yield from original(before, after, now)


class NamesNoAccount(Mutant):
    """Leaves the header that names the account to the caller."""

    violates = "oauth.account-header+1"
    kills = ("account-of-the-login-is-named",)
    because = "header"

    @replaces("credpool.providers.wire._is_plain")
    def never(original, text):
        return False


class NamesTheAccountBesideTheCallers(Mutant):
    """Names the account only where the caller has named none."""

    violates = "oauth.account-header+1"
    kills = ("account-of-the-login-is-named",)
    because = "header"

    @replaces("credpool.providers.wire.seal")
    def polite(original, entry, provider, headers):
        name = provider.credential(entry.auth_type).account_header or ""
        sealed = original(entry, provider, headers)
        if name not in headers:
            return sealed
        plain = tuple((k, v) for k, v in sealed.plain if k != name.encode())
        return replace(sealed, plain=plain, drop=sealed.drop - {name.encode()})


class DropsTheCallersAccount(Mutant):
    """Takes the header that names the account away, also where no token names one."""

    violates = "oauth.account-header+1"
    kills = ("account-that-no-token-names-is-the-callers",)
    because = "header"

    @replaces("credpool.providers.wire.seal")
    def dropped(original, entry, provider, headers):
        name = provider.credential(entry.auth_type).account_header or ""
        sealed = original(entry, provider, headers)
        return replace(sealed, drop=sealed.drop | {name.encode()}) if name in headers else sealed


class MarksANewTokenForAnOldOne(Mutant):
    """Takes the entry out, or marks it, for a limit that was told to the token before."""

    violates = "pool.attribution+2"
    kills = (
        "limit-told-to-an-old-token-takes-nobody-out",
        "second-429-of-an-old-token-takes-nobody-out",
        "first-429-of-an-old-token-is-retried-with-the-new-one",
        "refusal-of-an-old-key-takes-nobody-out",
        "limit-told-to-a-token-that-another-process-replaced",
    )
    because = "status retry"

    @replaces("credpool.model.state.PoolState.holding")
    def by_row(original, self, secret):
        found = tuple(original(self, secret))
        return iter(found or tuple(e for e in self.entries if e.id == "a"))


class LearnsFromOldTokens(Mutant):
    """Learns the owner of an entry from a reply to the token that it had before."""

    violates = "owner.learnt+2"
    kills = ("owner-told-to-an-old-token-is-not-learnt",)
    because = "stop"

    @replaces("credpool.rules.decide._owned")
    def by_row(original, state, secret, owner):
        if next(state.holding(secret), None) is None:
            secret = next((e.secret for e in state.entries if e.id == "a"), secret)
        return original(state, secret, owner)
