"""Mutants of the chapter on logins: what changes while a refresh is under way."""

from dataclasses import replace

from credpool.model.messages import AwaitClaim, Exchange, Send
from credpool.model.terms import FailureClass
from tools.mutants.mutant import Mutant, replaces


class KeepsTheClaimOfAFailedRefresh(Mutant):
    """Keeps the right to refresh until it expires, although its holder has come back."""

    violates = "oauth.claim.ends+1"
    kills = (
        "failed-advisory-refresh-holds-nobody-up:down",
        "failed-advisory-refresh-holds-nobody-up:throttled",
        "failed-advisory-refresh-holds-nobody-up:no-token",
    )
    because = "refresh"

    @replaces("credpool.rules.refresh.refresh_failed")
    def stored(original, state, event, *, now):
        decision = original(state, event, now=now)
        before, after = state.find(event.entry), decision.state.find(event.entry)
        if after is None or after.blocked(now) is not None:
            return decision
        stored = replace(after, claim=before.claim, refresh_failed_at=None)
        return replace(decision, state=decision.state.change({after.id: stored}))


class PresentsAgainWhatGotNoAnswer(Mutant):
    """Takes a request without a reply for one that never left."""

    violates = "oauth.claim.unanswered+1"
    kills = ("unanswered-refresh-is-not-repeated-at-once",)
    because = "refresh"

    @replaces("credpool.rules.refresh.refresh_failed")
    def unsent(original, state, event, *, now):
        return original(state, replace(event, unanswered=False), now=now)


class WaitsForAnAnswerThatIsLost(Mutant):
    """Waits for the end of a claim whose holder has come back without an answer."""

    violates = "oauth.claim.unanswered+1"
    kills = ("unanswered-refresh-is-not-repeated-at-once",)
    because = "stop"

    @replaces("credpool.rules.refresh.claim")
    def waits(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        held = entry.claim if entry is not None else None
        refused = event.call.refused(event.entry) is FailureClass.AUTH_EXPIRED
        if refused and held is not None and held.until > now and held.holder != event.holder:
            return replace(
                original(state, event, now=now, draw=draw),
                state=state,
                call=event.call,
                action=AwaitClaim(held.until),
            )
        return original(state, event, now=now, draw=draw)


class RefreshesAsOftenAsItIsRefused(Mutant):
    """Asks for new tokens although this call has had some."""

    violates = "oauth.once+1"
    kills = ("login-is-refreshed-once-in-a-call",)
    because = "refresh"

    @replaces("credpool.rules.decide._may_refresh")
    def again(original, entry, event):
        return original(entry, replace(event, call=replace(event.call, renewed=())))

    @replaces("credpool.rules.refresh.claim")
    def forgetful(original, state, event, *, now, draw):
        if event.call.refused(event.entry) is FailureClass.AUTH_EXPIRED:
            event = replace(event, call=replace(event.call, renewed=()))
        return original(state, event, now=now, draw=draw)


class ComesBackToAFailedRefresh(Mutant):
    """Takes an entry whose refresh has failed in this call for an untried one."""

    violates = "oauth.once+1"
    kills = ("call-does-not-come-back-to-a-failed-refresh",)
    because = "refresh"

    @replaces("credpool.rules.next_step.leave")
    def forgetful(original, state, call, *, now, draw):
        return original(state, replace(call, renewed=()), now=now, draw=draw)


class SendsWithWhoeverItWaitedFor(Mutant):
    """Goes on with the entry that it has waited for, whatever has become of it."""

    violates = "oauth.single-flight.adopt+2"
    kills = ("login-that-died-while-a-call-waited",)
    because = "out"

    @replaces("credpool.rules.refresh.claim")
    def blind(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if event.waits_since is not None and entry.secret != event.secret:
            decision = original(state, event, now=now, draw=draw)
            return replace(decision, state=state, call=event.call, action=Send(entry))
        return original(state, event, now=now, draw=draw)


class SendsWhatRanOutWhileItWaited(Mutant):
    """Does not look at the end of a token that another call has brought."""

    violates = "oauth.single-flight.adopt+2"
    kills = ("token-that-ran-out-while-a-call-waited",)
    because = "refresh"

    @replaces("credpool.rules.refresh.claim")
    def blind(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if event.waits_since is not None and entry.secret != event.secret and not entry.dead:
            return replace(
                original(state, event, now=now, draw=draw),
                state=state,
                call=event.call,
                action=Send(entry),
            )
        return original(state, event, now=now, draw=draw)


class OverwritesNewerTokens(Mutant):
    """Puts the tokens that a refresh brings in place, whatever has come meanwhile."""

    violates = "oauth.late-token+1"
    kills = ("late-token-gives-way-to-a-newer-one",)
    because = "retry"

    @replaces("credpool.rules.refresh._heirs")
    def anyway(original, state, event):
        found = [*original(state, event)]
        entry = state.find(event.entry)
        return found or [e for e in (entry,) if e is not None]


class BringsTheRevokedBackWithAToken(Mutant):
    """Takes a new token for proof that a revoked login works."""

    violates = "oauth.late-token.dead+1"
    kills = ("late-token-does-not-bring-the-revoked-back",)
    because = "retry"

    @replaces("credpool.rules.refresh._is_disproved")
    def revived(original, entry):
        return original(entry) or entry.dead


class BuriesTheNewTokenWithTheOld(Mutant):
    """Rests a refusal of an old token on the new one."""

    violates = "oauth.late-refusal+2"
    kills = (
        "late-refusal-leaves-the-new-token-alone:revoked",
        "late-refusal-leaves-the-new-key-alone:revoked",
        "refusal-of-a-refreshed-token-takes-no-newer-one-out:revoked",
    )
    because = "retry killed stop"

    @replaces("credpool.rules.decide._fail")
    def buried(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if entry is not None and event.verdict.failure is FailureClass.AUTH_REVOKED:
            event = replace(event, secret=entry.secret)
        return original(state, event, now=now, draw=draw)


class ResetsTheClaimToo(Mutant):
    """Takes a refresh that is under way for a refusal."""

    violates = "operator.reset.claim+1"
    kills = (
        "reset-leaves-a-refresh-under-way:all",
        "reset-leaves-a-refresh-under-way:the-entry",
        "reset-leaves-another-process-refresh-under-way",
    )
    because = "refresh"

    @replaces("credpool.rules.decide._reset")
    def freed(original, state, entry_id, *, now):
        decision = original(state, entry_id, now=now)
        free = {e.id: replace(e, claim=None) for e in decision.state.entries if e.claim}
        return replace(decision, state=decision.state.change(free))


class BringsTheRemovedBack(Mutant):
    """Puts an entry that was removed during its refresh back, with its new token."""

    violates = "operator.remove.refresh+1"
    kills = ("removed-entry-does-not-come-back-with-its-token:granted",)
    because = "retry"

    @replaces("credpool.rules.refresh.claim")
    def remembered(original, state, event, *, now, draw):
        decision = original(state, event, now=now, draw=draw)
        if isinstance(decision.action, Exchange):
            BringsTheRemovedBack.lost = decision.action.entry
        return decision

    @replaces("credpool.rules.refresh.refreshed")
    def back(original, state, event):
        if state.find(event.entry) is None:
            lost = replace(BringsTheRemovedBack.lost, secret=event.grant.secret, claim=None)
            state = replace(state, entries=(lost, *state.entries))
        return original(state, event)


class RetriesWithoutALook(Mutant):
    """Sends a retry that has waited with the token from before."""

    violates = "recover.look-again+1"
    kills = ("retry-refreshes-a-token-that-ran-out-while-it-waited",)
    because = "refresh"

    @replaces("credpool.rules.refresh.resumed")
    def blind(original, state, event, *, now, draw):
        decision = original(state, event, now=now, draw=draw)
        return replace(decision, action=Send(state.find(event.entry)))


class KeepsWhatTheOldTokenHad(Mutant):
    """Leaves an entry out for the end of a token that it no longer holds."""

    violates = "oauth.new-token.ends+1"
    kills = ("new-token-of-a-lost-holder-ends-the-cooldown",)
    because = "retry"

    @replaces("credpool.rules.refresh._is_disproved")
    def never(original, entry):
        return False
