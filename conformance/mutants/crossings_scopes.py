"""Mutants that break a requirement where it meets an owner, a model, a lease or a session."""

from dataclasses import replace

from credpool.model.messages import Failed, Succeeded
from credpool.model.recovery import RECOVERY, Step
from credpool.model.terms import PayerChange
from credpool.providers.owner import owner_of
from tools.mutants.mutant import Mutant, replaces


class LearnsNothingFromWhatItDelivers(Mutant):
    """Learns no owner from a reply that takes nobody out."""

    violates = "owner.learnt+2"
    kills = ("owner-is-learnt-from-a-reply-that-is-delivered",)
    because = "status"

    @replaces("credpool.rules.decide.decide")
    def deaf(original, state, event, *, now, draw):
        if isinstance(event, Failed) and RECOVERY[event.verdict.failure].step is Step.DELIVER:
            event = replace(event, owner=None)
        return original(state, event, now=now, draw=draw)


class IgnoresTheCaseOfOwners(Mutant):
    """Takes two owners for one that differ in capitals alone."""

    violates = "pool.same-owner+2"
    kills = ("owners-are-compared-exactly",)
    because = "stop"

    @replaces("credpool.providers.owner.owner_of")
    def small(original, state, entry):
        found = original(state, entry)
        return None if found is None else found.lower()


class TakesOutTheOwnersOnly(Mutant):
    """Takes an owner's entries out, and not a row of the secret whose owner nobody knows."""

    violates = "pool.same-secret+3"
    kills = ("limit-of-an-owner-holds-for-each-row-of-the-secret",)
    because = "status"

    @replaces("credpool.rules.cooldown.spread")
    def owned(original, state, secret, scope):
        found = tuple(original(state, secret, scope))
        known = [e for e in found if owner_of(state, e) is not None]
        return iter(known if scope.of_owner and known else found)


class ReadsWholeBlocksOnly(Mutant):
    """Reads what a token says only where its length needs no padding."""

    violates = "owner.precedence+1"
    kills = (
        "token-of-any-length-names-its-owner:eleven",
        "token-of-any-length-names-its-owner:twelve",
    )
    because = "target"

    @replaces("credpool.providers.owner.claimed")
    def whole(original, entry, by):
        parts = entry.secret.reveal().split(".") if entry.secret is not None else []
        return None if len(parts) == 3 and len(parts[1]) % 4 else original(entry, by)


class BelievesAStrangersOwner(Mutant):
    """Learns the owner that another origin names."""

    violates = "security.redirect.reply+2"
    kills = ("stranger-names-no-owner",)
    because = "status"

    @replaces("credpool._calls.flow._judged")
    def believed(original, active, sent, response, entry, reply):
        owner = active._engine.heard(entry, response.headers)
        if owner is not None and response.status_code < 300:
            return Succeeded(active.known, entry.id, entry.secret, owner)
        return original(active, sent, response, entry, reply)


class LooksAgainAtTheWholeEntry(Mutant):
    """Does not see, after a wait, that the entry is out for the model of the call."""

    violates = "recover.look-again+1"
    kills = ("call-that-waited-looks-at-its-model",)
    because = "order"

    @replaces("credpool.rules.refresh._is_in")
    def whole(original, state, entry, event, now):
        return original(state, entry, replace(event, call=replace(event.call, model=None)), now)


class ForgetsWithTheRow(Mutant):
    """Lets a refusal of a request whose row is gone lead to nothing."""

    violates = "pool.same-secret+3"
    kills = ("refusal-of-a-removed-row-is-the-secrets",)
    because = "status"

    @replaces("credpool.rules.cooldown.bench")
    def nothing(original, state, event, *, now):
        if state.find(event.entry) is None:
            return state, event.call
        return original(state, event, now=now)


class CapsWithoutAModel(Mutant):
    """Chooses for any model when there is a cap on calls under way."""

    violates = "select.available+2"
    kills = ("cap-goes-by-the-model",)
    because = "out"

    @replaces("credpool.rules.decide._start")
    def any_model(original, state, call, *, now, draw):
        if state.policy.max_concurrent is None:
            return original(state, call, now=now, draw=draw)
        made = original(state, replace(call, model=None), now=now, draw=draw)
        return replace(made, call=replace(made.call, model=call.model))


class StaysWithoutAModel(Mutant):
    """Keeps a session on its entry whatever model its call asks for."""

    violates = "affinity.stay+2"
    kills = ("session-goes-by-the-model",)
    because = "out"

    @replaces("credpool._engine.engine.Engine.choose")
    def any_model(original, self, model, now, home=None):
        stored = None if home is None else self._stored.view.state.find(home)
        if stored is not None and stored.blocked(now) is None:
            return stored
        return original(self, model, now, home)


class CountsNoSessions(Mutant):
    """Does not count for least_used what a session's calls have sent."""

    violates = "select.least-used+2"
    kills = ("least-used-counts-what-sessions-sent",)
    because = "order"

    @replaces("credpool._engine.choosing.Chooser.at_home")
    def uncounted(original, self, index, home):
        return index.by_id[home]


class FreesTheEntryAlone(Mutant):
    """Ends the cooldown of the entry, and leaves the one for the probed model."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-ends-both-cooldowns",)
    because = "models"

    @replaces("credpool.rules.probe.released")
    def whole(original, state, secret, model):
        freed = original(state, secret, model)
        out = [e for e in state.holding(secret) if e.cooldown is not None]
        stored = {e.id: replace(freed.find(e.id), models=e.models) for e in out}
        return freed.change(stored)


class FreesWhateverTheReason(Mutant):
    """Ends any cooldown of the owner's keys when a probe succeeds."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-leaves-another-reason",)
    because = "status"

    @replaces("credpool.rules.probe._without")
    def anything(original, entry, wrong, model):
        return replace(original(entry, wrong, model), cooldown=None)


class RevivesWithAProbe(Mutant):
    """Brings an entry back that has died while its probe was under way."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-does-not-revive-the-dead",)
    because = "status"

    @replaces("credpool.rules.probe.released")
    def revived(original, state, secret, model):
        freed = original(state, secret, model)
        return freed.change({e.id: replace(e, cooldown=None) for e in freed.holding(secret)})


class BuriesOneRow(Mutant):
    """Marks the row dead whose refresh was refused, and not the others of its secret."""

    violates = "pool.same-secret+3"
    kills = ("death-of-a-login-is-each-rows",)
    because = "status"

    @replaces("credpool.rules.refresh._benched")
    def one(original, state, event, entry, secret, *, now):
        benched = original(state, event, entry, secret, now=now)
        return state.change({entry.id: benched.find(entry.id)})


class ProbesWhoeverPays(Mutant):
    """Probes an entry that the policy on payers excludes."""

    violates = "exhaust.probe+3"
    kills = ("excluded-payer-is-not-probed",)
    because = "nothing"

    @replaces("credpool.rules.probe.probe_due")
    def anybody(original, state, call, *, now):
        policy = replace(state.policy, payer_change=PayerChange.ALLOW)
        return original(replace(state, policy=policy), call, now=now)


class CountsWhoeverPays(Mutant):
    """Takes an entry that the policy on payers excludes for another one that is available."""

    violates = "cooldown.sole+3"
    kills = ("excluded-payer-is-no-other-entry",)
    because = "returns"

    @replaces("credpool.rules.cooldown._is_sole")
    def anybody(original, state, affected, now, model):
        policy = replace(state.policy, payer_change=PayerChange.ALLOW)
        return original(replace(state, policy=policy), affected, now, model)


class CountsTheUnusable(Mutant):
    """Takes an entry with which nothing can be sent for another one that is available."""

    violates = "cooldown.sole+3"
    kills = ("entry-without-a-secret-is-no-other-entry",)
    because = "returns"

    @replaces("credpool.rules.cooldown._is_sole")
    def rows(original, state, affected, now, model):
        secrets = {e.secret for e in affected}
        others = (e for e in state.entries if e.secret not in secrets)
        return not any(e.blocked(now, model) is None for e in others)


class PromisesTheUnusable(Mutant):
    """Tells when an entry returns with which nothing can be sent."""

    violates = "exhaust.reasons+3"
    kills = ("entry-without-a-secret-does-not-return",)
    because = "exhausted"

    @replaces("credpool.rules.cooldown._out")
    def promised(original, entry, cooldown, why, failed):
        return original(entry, cooldown, None if cooldown is not None else why, failed)


class RemembersAProbe(Mutant):
    """Remembers when an entry was probed, although it was reset since."""

    violates = "operator.reset.clean+3"
    kills = ("reset-forgets-the-probe", "reset-forgets-a-probe-that-succeeded")
    because = "out"

    @replaces("credpool.rules.decide._unrefused")
    def remembered(original, entry):
        return replace(original(entry), probed_at=entry.probed_at)


class ForgetsWhatTheGoneHeld(Mutant):
    """Knows of the entries alone which secrets a call has tried, and not of a row that is gone."""

    violates = "recover.progress+3"
    kills = ("secret-of-a-removed-row-was-tried",)
    because = "same"

    @replaces("credpool.rules.cooldown.secrets_tried")
    def of_rows(original, state, call):
        return original(state, replace(call, secrets=()))
