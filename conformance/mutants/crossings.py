"""Mutants that keep a requirement in its main case, and break it where two things meet: in the core.

Overlapping calls, rows of one secret, one model among several, a policy of the operator's.
"""

from dataclasses import replace

from credpool.model.messages import Failed
from credpool.model.terms import FOREVER, FailureClass, Scope
from tools.mutants.mutant import Mutant, replaces


class ForgivesAfterALateSuccess(Mutant):
    """Ends the cooldown of an entry when a call that began earlier succeeds with it."""

    violates = "cooldown.late-success+1"
    kills = (
        "late-success-revives-nobody:cooldown",
        "late-success-revives-nobody:no-money",
    )
    because = "status"

    @replaces("credpool._engine.engine.Engine.is_marked")
    def always(original, self, entry):
        return True

    @replaces("credpool.rules.decide._succeed")
    def forgiven(original, state, event):
        alive = (e for e in state.holding(event.secret) if not e.dead)
        return original(state.change({e.id: replace(e, cooldown=None) for e in alive}), event)


class RevivesAfterALateSuccess(Mutant):
    """Brings a dead entry back when a call that began earlier succeeds with it."""

    violates = "cooldown.late-success+1"
    kills = ("late-success-revives-nobody:death",)
    because = "status"

    @replaces("credpool._engine.engine.Engine.is_marked")
    def always(original, self, entry):
        return True

    @replaces("credpool.rules.decide._succeed")
    def revived(original, state, event):
        dead = (e for e in state.holding(event.secret) if e.dead)
        return original(state.change({e.id: replace(e, cooldown=None) for e in dead}), event)


class ForgivesAModelAfterALateSuccess(Mutant):
    """Ends the cooldown for a model when a call that began earlier succeeds with that model."""

    violates = "cooldown.late-success+1"
    kills = ("late-success-for-a-model-revives-nobody",)
    because = "models"

    @replaces("credpool._engine.engine.Engine.is_marked")
    def always(original, self, entry):
        return True

    @replaces("credpool.rules.decide._succeed")
    def forgiven(original, state, event):
        entry = state.find(event.entry)
        left = {m: c for m, c in entry.models.items() if m != event.call.model}
        return original(state.change({entry.id: replace(entry, models=left)}), event)


class LetsTheLatestReportWinForAModel(Mutant):
    """Replaces a cooldown for a model by whatever comes later."""

    violates = "cooldown.never-shorten+3"
    kills = ("later-end-wins-for-a-model:shorter-comes-last",)
    because = "until"

    @replaces("credpool.rules.cooldown._rest")
    def latest(original, entry, cooldown, *, model):
        left = {m: c for m, c in entry.models.items() if m != model}
        return original(replace(entry, models=left), cooldown, model=model)


class LetsTheLatestOfEqualsWin(Mutant):
    """Lets the later of two reports say why, when both end at the same moment."""

    violates = "cooldown.never-shorten+3"
    kills = ("equal-ends-keep-the-earlier-report",)
    because = "class"

    @replaces("credpool.rules.cooldown._longer")
    def latest(original, old, new):
        return new if old is not None and old.until == new.until else original(old, new)


class ForgetsModelsInACooldown(Mutant):
    """Drops the cooldowns for models when the whole entry goes out."""

    violates = "cooldown.end+2"
    kills = ("cooldown-of-the-entry-keeps-that-of-a-model",)
    because = "models"

    @replaces("credpool.rules.cooldown._rest")
    def alone(original, entry, cooldown, *, model):
        rested = original(entry, cooldown, model=model)
        return rested if model is not None else replace(rested, models={})


class ReturnsAtTheFirstEnd(Mutant):
    """Tells the earlier end of an entry that is out both for itself and for the model."""

    violates = "exhaust.returns-at+2"
    kills = ("entry-returns-when-both-cooldowns-have-ended",)
    because = "returns"

    @replaces("credpool.rules.cooldown.exhaustion")
    def soonest(original, state, *, now, model, call=None):
        over = original(state, now=now, model=model, call=call)
        found = [c for e in state.entries for c in (e.cooldown, e.models.get(model or "")) if c]
        ends = [c.until for c in found if c.until > now]
        return replace(over, returns_at=min(ends)) if over.returns_at and ends else over


class TellsTheModelsReason(Mutant):
    """Gives the cooldown for the model as the reason, also when the entry's lasts longer."""

    violates = "exhaust.reasons+3"
    kills = ("entry-returns-when-both-cooldowns-have-ended:entry-ends-later",)
    because = "exhausted"

    @replaces("credpool.model.entry.Entry.blocked")
    def of_the_model(original, self, now, model=None):
        found = self.models.get(model) if model is not None else None
        return found if found is not None and found.until > now else original(self, now, model)


class TellsTheEntrysReason(Mutant):
    """Gives the cooldown of the whole entry as the reason, also when the model's lasts longer."""

    violates = "exhaust.reasons+3"
    kills = ("entry-returns-when-both-cooldowns-have-ended:model-ends-later",)
    because = "exhausted"

    @replaces("credpool.model.entry.Entry.blocked")
    def of_the_entry(original, self, now, model=None):
        found = self.cooldown
        return found if found is not None and found.until > now else original(self, now, model)


class PrefersTheRegistry(Mutant):
    """Takes the registry's length of a cooldown before the operator's."""

    violates = "cooldown.default+2"
    kills = (
        "policy-sets-the-cooldown-of-a-rule:operator",
        "policy-sets-the-cooldown-of-a-rule:operator-longer",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def listed(original, state, affected, verdict, *, now, model):
        if verdict.cooldown is not None:
            state = replace(state, policy=replace(state.policy, cooldowns={}))
        return original(state, affected, verdict, now=now, model=model)


class HasNoPolicyForModels(Mutant):
    """Takes the table's length of a cooldown for one model, whatever the operator says."""

    violates = "cooldown.default+2"
    kills = ("policy-sets-the-cooldown-for-a-model",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def listed(original, state, affected, verdict, *, now, model):
        if verdict.scope.of_model:
            state = replace(state, policy=replace(state.policy, cooldowns={}))
        return original(state, affected, verdict, now=now, model=model)


class HasNoBoundsForModels(Mutant):
    """Keeps a hint for one model within the usual bounds, whatever the operator says."""

    violates = "cooldown.clamp+2"
    kills = ("bounds-hold-for-a-model",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def usual(original, state, affected, verdict, *, now, model):
        if verdict.scope.of_model:
            usual = replace(state.policy, min_cooldown=1.0, max_cooldown=31 * 86400.0)
            state = replace(state, policy=usual)
        return original(state, affected, verdict, now=now, model=model)


class TakesTriedEntriesForGone(Mutant):
    """Thinks an entry the last one left when the call has tried the others, out or not."""

    violates = "cooldown.sole+3"
    kills = ("tried-entry-is-still-another-one",)
    because = "returns"

    @replaces("credpool.rules.cooldown.bench")
    def gone(original, state, event, *, now):
        gone = {a.entry for a in event.call.attempts} - {event.entry}
        left = replace(state, entries=tuple(e for e in state.entries if e.id not in gone))
        benched, call = original(left, event, now=now)
        return state.change({e.id: e for e in benched.entries}), call


class CountsEntriesWithoutTheModel(Mutant):
    """Counts an entry that is out for the model as another one that is available."""

    violates = "cooldown.sole+3"
    kills = ("sole-entry-for-a-model",)
    because = "returns"

    @replaces("credpool.rules.cooldown._is_sole")
    def for_any_model(original, state, affected, now, model):
        return original(state, affected, now, None)


class ShortensWhateverIsLimited(Mutant):
    """Lets the outage guard shorten every rate limit of the pool."""

    violates = "recover.outage-guard+2"
    kills = ("outage-guard-leaves-an-announced-limit-alone",)
    because = "returns"

    @replaces("credpool.rules.cooldown._capped")
    def shortened(original, entry, started, limit):
        out = entry.cooldown
        if out is None or out.failure is not FailureClass.RATE_LIMITED or out.until <= limit:
            return original(entry, started, limit)
        return replace(entry, cooldown=replace(out, until=limit))


class MarksOneRow(Mutant):
    """Notes a first 429 for the row alone."""

    violates = "pool.same-secret+3"
    kills = ("mark-belongs-to-the-secret",)
    because = "same"

    @replaces("credpool.rules.decide._retry")
    def one(original, state, entry, event, *, now):
        made = original(state, entry, event, now=now)
        stored = {e.id: e for e in state.entries if e.id != entry.id}
        return replace(made, state=made.state.change(stored))


class ClearsOneRow(Mutant):
    """Forgets a first 429 for the row alone that has succeeded."""

    violates = "pool.same-secret+3"
    kills = ("success-of-a-row-clears-its-twins-mark",)
    because = "retry"

    @replaces("credpool.rules.decide._succeed")
    def one(original, state, event):
        made = original(state, event)
        stored = {e.id: e for e in state.entries if e.id != event.entry and not event.call.probe}
        return replace(made, state=made.state.change(stored))


class MarksOneModel(Mutant):
    """Notes a first 429 for the model alone: another model has a retry of its own."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("mark-belongs-to-no-model",)
    because = "same"

    @replaces("credpool.rules.decide._may_retry")
    def of_the_model(original, state, entry, event, *, now):
        if event.call.model == "small" and not event.call.attempts:
            entry = replace(entry, marked=False)
        return original(state, entry, event, now=now)


class KeepsTheMarkForOtherModels(Mutant):
    """Keeps a first 429 in mind when a cooldown for one model has begun."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("cooldown-of-a-model-clears-the-mark",)
    because = "retry"

    @replaces("credpool.rules.cooldown._rest")
    def stored(original, entry, cooldown, *, model):
        rested = original(entry, cooldown, model=model)
        return rested if model is None else replace(rested, marked=entry.marked)


class ClearsTheMarkForAnyReply(Mutant):
    """Forgets a first 429 whenever the provider answers something else."""

    violates = "recover.rate-limited.across-calls+2"
    kills = (
        "only-a-success-clears-the-mark:overload",
        "only-a-success-clears-the-mark:request",
        "refusal-of-a-call-leaves-the-mark",
    )
    because = "same"

    @replaces("credpool.rules.decide._fail")
    def cleared(original, state, event, *, now, draw):
        entry = state.find(event.entry)
        if entry is not None and event.verdict.failure is not FailureClass.RATE_LIMITED:
            state = state.change({entry.id: replace(entry, marked=False)})
        return original(state, event, now=now, draw=draw)


class TakesARedirectForASuccess(Mutant):
    """Forgets a first 429 when the provider answers with a redirect."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("only-a-success-clears-the-mark:redirect",)
    because = "same"

    @replaces("credpool._calls.flow._judged")
    def success(original, active, sent, response, entry, reply):
        if 300 <= response.status_code < 400:
            return active.succeeded(entry, response.headers) or original.__globals__["Deliver"]()
        return original(active, sent, response, entry, reply)


class ForgetsTheMarkAtTheEnd(Mutant):
    """Does not write a first 429 down."""

    violates = "recover.rate-limited.across-calls+2"
    kills = ("mark-outlives-the-program",)
    because = "same"

    @replaces("credpool.stores.auth_json.rows.encode_row")
    def unmarked(original, entry):
        return original(replace(entry, marked=False))


class TakesAProbeForATurn(Mutant):
    """Moves the turn of round_robin with a probe."""

    violates = "select.round-robin+3"
    kills = ("probe-is-no-turn",)
    because = "order"

    @replaces("credpool.rules.decide._start")
    def moved(original, state, call, *, now, draw):
        made = original(state, call, now=now, draw=draw)
        if not made.call.probe:
            return made
        return replace(made, state=replace(made.state, last=made.action.entry.id), selected=True)


class FreesEveryModel(Mutant):
    """Ends the cooldowns for all models when a probe succeeds with one."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-proves-nothing-of-another-model",)
    because = "models"

    @replaces("credpool.rules.probe._without")
    def all_models(original, entry, wrong, model):
        return replace(original(entry, wrong, model), models={})


class FreesTheOwnerOfAnything(Mutant):
    """Frees all keys of an owner when a probe of one succeeds, whatever it was out for."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-proves-one-secret-where-the-scope-is-one",)
    because = "status"

    @replaces("credpool.rules.probe._scope")
    def everybody(original, state, out):
        return Scope.OWNER


class LearnsTheOwnerTooLate(Mutant):
    """Learns whose key was refused when the refusal has been dealt with."""

    violates = "owner.learnt+2"
    kills = ("refusal-that-names-its-owner-takes-the-owner-out",)
    because = "target"

    @replaces("credpool.rules.decide.decide")
    def afterwards(original, state, event, *, now, draw):
        if not isinstance(event, Failed) or event.owner is None:
            return original(state, event, now=now, draw=draw)
        made = original(state, replace(event, owner=None), now=now, draw=draw)
        owned = original.__globals__["_owned"]
        return replace(made, state=owned(made.state, event.secret, event.owner))


class LearnsTheOwnerOfOneRow(Mutant):
    """Learns the owner of the row that was used, and not of the others with its secret."""

    violates = "owner.learnt+2"
    kills = ("owner-is-learnt-for-every-row",)
    because = "target"

    @replaces("credpool.rules.decide._owned")
    def one(original, state, secret, owner):
        known = original(state, secret, owner)
        one = next(known.holding(secret), None)
        return state if one is None else state.change({one.id: one})


class LetsALimitEndADeath(Mutant):
    """Replaces a death by a cooldown that is told later."""

    violates = "cooldown.never-shorten+3"
    kills = ("later-limit-leaves-the-dead-dead",)
    because = "status"

    @replaces("credpool.rules.cooldown._longer")
    def alive(original, old, new):
        return new if old is not None and old.until == FOREVER else original(old, new)


class GuardsForAMinute(Mutant):
    """Shortens to a minute in an outage, whatever the operator says."""

    violates = "recover.outage-guard+2"
    kills = ("outage-guard-goes-by-the-operators-minute",)
    because = "returns"

    @replaces("credpool.rules.cooldown.cap")
    def minute(original, state, call, *, now):
        usual = replace(state, policy=replace(state.policy, sole_cooldown=60.0))
        return replace(original(usual, call, now=now), policy=state.policy)
