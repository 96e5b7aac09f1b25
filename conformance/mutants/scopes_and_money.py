"""Mutants of the chapter on scopes and money: owners, payers, quota-aware selection."""

from dataclasses import replace

from credpool import events
from credpool.model.entry import Window
from credpool.model.messages import Failed, Succeeded
from credpool.model.terms import Payer, PayerChange, Scope
from credpool.providers.owner import claims
from credpool.providers.registry import provider_of
from credpool.providers.reply import dig
from credpool.rules.select import payer_of
from tools.mutants.mutant import Mutant, replaces


class LearnsFromSuccessesOnly(Mutant):
    """Learns no owner from a refusal."""

    violates = "owner.learnt+2"
    kills = ("owner-is-learnt-from-the-refusal",)
    because = "target"

    @replaces("credpool.rules.decide.decide")
    def deaf(original, state, event, **rest):
        if isinstance(event, Failed):
            event = replace(event, owner=None)
        return original(state, event, **rest)


class LearnsFromRefusalsOnly(Mutant):
    """Learns no owner from a success."""

    violates = "owner.learnt+2"
    kills = ("owner-is-learnt-from-replies", "owner-is-learnt-from-the-refusal")
    because = "target"

    @replaces("credpool.rules.decide.decide")
    def deaf(original, state, event, **rest):
        if isinstance(event, Succeeded):
            event = replace(event, owner=None)
        return original(state, event, **rest)


class ReadsNoToken(Mutant):
    """Does not look for an owner in tokens."""

    violates = "owner.precedence+1"
    kills = ("owner-is-read-from-the-token",)
    because = "target"

    @replaces("credpool.providers.owner.claimed")
    def nobody(original, entry, by):
        return None


class TakesTheSubjectForTheOwner(Mutant):
    """Reads the owner from the wrong claim of the token."""

    violates = "owner.precedence+1"
    kills = ("owner-is-read-from-the-token",)
    because = "target"

    @replaces("credpool.providers.owner.claimed")
    def subject(original, entry, by):
        found = original(entry, by)
        return None if found is None else dig(claims(entry.secret), "sub")


class BelievesRepliesFirst(Mutant):
    """Prefers the owner that a reply names to the one that was set."""

    violates = "owner.precedence+1"
    kills = ("owner-that-was-set-wins",)
    because = "out target"

    @replaces("credpool.rules.decide._owned")
    def anyway(original, state, secret, owner):
        if owner is None:
            return original(state, secret, owner)
        return state.change({e.id: replace(e, owner=owner) for e in state.holding(secret)})

    @replaces("credpool._engine.engine.Engine.heard")
    def always(original, self, entry, headers):
        names = self.provider.owner_headers
        return original(self, entry, headers) or next((headers.get(n) for n in names), None)


class BelievesTokensFirst(Mutant):
    """Prefers the owner that a token names to the one that was set."""

    violates = "owner.precedence+1"
    kills = ("owner-that-was-set-wins-over-the-token",)
    because = "stop"

    @replaces("credpool.providers.owner.owner_of")
    def claimed(original, state, entry):
        return original(state, replace(entry, owner=None)) or entry.owner


class KeepsNoOwner(Mutant):
    """Does not write a learnt owner."""

    violates = "store.durable+2"
    kills = ("learnt-owner-outlives-the-program",)
    because = "target"

    @replaces("credpool.stores.auth_json.rows.encode_row")
    def forgetful(original, entry):
        return original(replace(entry, learnt_owner=None))


class SaysNothingOfSharedOwners(Mutant):
    """Does not tell that two keys have one owner."""

    violates = "owner.shared+2"
    kills = ("shared-owner-is-told",)
    because = "events"

    @replaces("credpool.events.changes._owners")
    def silent(original, *args):
        return ()


class CountsOneSecretTwice(Mutant):
    """Tells a shared owner again for each row with one of its secrets."""

    violates = "owner.shared+2"
    kills = ("shared-owner-is-told",)
    because = "events"

    @replaces("credpool.events.changes._owners")
    def rows(original, before, event, after):
        named = getattr(event, "owner", None)
        if named is not None and before.entries is not after.entries:
            yield events.OwnerShared(
                named, tuple(e.id for e in after.entries if e.learnt_owner == named)
            )


class KeepsToOnePayer(Mutant):
    """Forbids a change of payer unless it is allowed by name."""

    violates = "payer.allow+2"
    kills = ("payers-are-mixed-by-default:silent",)
    because = "stop"

    @replaces("testee_reference.Testee.configure")
    def strict(original, self, message):
        pool = message["pool"]
        policy = {"payer_change": "forbid"} | pool["policy"]
        return original(self, message | {"pool": pool | {"policy": policy}})


class AsksTheRegistryOnly(Mutant):
    """Does not read what a person has set."""

    violates = "payer.known+1"
    kills = (
        "another-payer-is-not-used:set-by-a-person",
        "another-payer-is-not-used:set-beside-the-registry",
    )
    because = "target"

    @replaces("credpool.rules.select.payer_of")
    def listed(original, state, entry):
        return original(state, replace(entry, payer=None))


class TakesTheUsualPayer(Mutant):
    """Takes an unlisted type of credential for the one that the provider lists first."""

    violates = "payer.known+1"
    kills = ("unlisted-credential-has-an-unknown-payer",)
    because = "target"

    @replaces("credpool.rules.select.payer_of")
    def usual(original, state, entry):
        found = original(state, entry)
        if entry.payer is None and found is Payer.UNKNOWN:
            return provider_of(state).credentials[0].payer
        return found


class ForbidsNothing(Mutant):
    """Reads `payer_change: forbid` and goes on as before."""

    violates = "payer.forbid+2"
    kills = ("another-payer-is-not-used", "forbidden-payer-is-told-as-such")
    because = "target"

    @replaces("credpool.rules.select.permitted")
    def everybody(original, state):
        return state.entries


class GoesByTheFirstAvailable(Mutant):
    """Goes by the payer of the first entry that is available."""

    violates = "payer.forbid+2"
    kills = ("forbidden-payer-is-told-as-such",)
    because = "target"

    @replaces("credpool.rules.select.available")
    def creeping(original, state, *, now, model):
        ready = tuple(e for e in state.entries if e.secret and e.blocked(now, model) is None)
        return original(replace(state, entries=ready), now=now, model=model)


class TrustsUnknownPayers(Mutant):
    """Lets an entry of unknown payer through."""

    violates = "payer.forbid+2"
    kills = ("unknown-payer-is-another",)
    because = "target"

    @replaces("credpool.rules.select.permitted")
    def trusting(original, state):
        stored = {e.id for e in original(state)}
        return tuple(
            e for e in state.entries if e.id in stored or payer_of(state, e) is Payer.UNKNOWN
        )


class TakesUnknownPayersForOne(Mutant):
    """Lets entries of unknown payer stand in for each other."""

    violates = "payer.forbid+2"
    kills = (
        "unknown-payers-are-not-one:unknown-other",
        "unknown-payers-are-not-one:disputed-logins",
    )
    because = "target"

    @replaces("credpool.rules.select.permitted")
    def one(original, state):
        stored = original(state)
        if len(stored) == len(state.entries) or payer_of(state, stored[0]) is not Payer.UNKNOWN:
            return stored
        return tuple(e for e in state.entries if payer_of(state, e) is Payer.UNKNOWN)


class WaitsForForbiddenEntries(Mutant):
    """Tells a forbidden entry's cooldown as if it would be back."""

    violates = "exhaust.reasons+3"
    kills = (
        "forbidden-payer-is-told-as-such",
        "forbidden-payer-does-not-return:ready",
        "forbidden-payer-does-not-return:out",
    )
    because = "exhausted"

    @replaces("credpool.rules.cooldown.exhaustion")
    def everybody(original, state, **rest):
        policy = replace(state.policy, payer_change=PayerChange.ALLOW)
        return original(replace(state, policy=policy), **rest)


class SaysNothingOfPayers(Mutant):
    """Does not tell that somebody else pays."""

    violates = "payer.changed+2"
    kills = ("payer-change-is-told", "payer-change-by-turns-is-told")
    because = "events"

    @replaces("credpool.events.changes._payer_change")
    def silent(original, *args):
        return ()


class TellsPayersOfRotationsOnly(Mutant):
    """Does not tell a change of payer at the beginning of a call."""

    violates = "payer.changed+2"
    kills = ("payer-change-is-told", "payer-change-by-turns-is-told")
    because = "events"

    @replaces("credpool.events.changes.begun")
    def unheard(original, *args):
        return (told for told in original(*args) if told.name != "payer.changed")


class TellsPayersAtEachTurn(Mutant):
    """Tells each change of payer, as often as it happens."""

    violates = "payer.changed+2"
    kills = ("payer-change-by-turns-is-told",)
    because = "events"

    @replaces("credpool.events.changes.is_quiet")
    def loud(original, event, told, now):
        return False


class TellsPayersOnce(Mutant):
    """Tells a change of payer once, and never again."""

    violates = "payer.changed+2"
    kills = ("payer-change-by-turns-is-told",)
    because = "events"

    @replaces("credpool.events.changes.PAYER_QUIET")
    def forever(original):
        return float("inf")


class TellsOneWayOnly(Mutant):
    """Takes the way back from one payer to another for what it has told already."""

    violates = "payer.changed+2"
    kills = ("payer-change-is-told", "payer-change-by-turns-is-told")
    because = "events"

    @replaces("credpool.events.changes.is_quiet")
    def either(original, event, told, now):
        both = {**told, **{(target, source): at for (source, target), at in told.items()}}
        return original(event, both, now)


class AlwaysTakesTheFullest(Mutant):
    """Goes to whoever has most left at each call."""

    violates = "select.quota-aware.keep+3"
    kills = ("entry-with-enough-is-kept:default", "entry-with-enough-is-kept:of-the-policy")
    because = "order"

    @replaces("credpool.rules.quota_choice.equally_good")
    def restless(original, state, candidates, now):
        return original(replace(state, last=None), candidates, now)

    @replaces("credpool.rules.select.Index._stay")
    def on(original, self, last):
        return None


class LeavesAtTheEdge(Mutant):
    """Leaves an entry that has exactly the policy's fraction left."""

    violates = "select.quota-aware.keep+3"
    kills = ("entry-with-enough-is-kept:default", "entry-with-enough-is-kept:of-the-policy")
    because = "order"

    @replaces("credpool.rules.quota_choice.is_enough")
    def more(original, state, fraction):
        return fraction is not None and fraction > state.policy.avoid_below_fraction


class IgnoresThePolicysFraction(Mutant):
    """Finds a fifth enough, whatever the policy says."""

    violates = "select.quota-aware.keep+3"
    kills = ("entry-with-enough-is-kept:of-the-policy",)
    because = "order"

    @replaces("credpool.rules.quota_choice.is_enough")
    def fifth(original, state, fraction):
        return fraction is not None and fraction >= 0.2


class NeverAsksTheNew(Mutant):
    """Stays on the first entry that has enough, and asks no other."""

    violates = "select.quota-aware.new+1"
    kills = ("new-entries-are-asked-first",)
    because = "order"

    @replaces("credpool.rules.quota_choice.is_new")
    def never(original, state, entry, now):
        return False


class WaitsWithTheNextWeek(Mutant):
    """Lets a plan rest whose week has ended, while another one has enough."""

    violates = "select.quota-aware.new+1"
    kills = ("plan-whose-week-has-ended-is-asked",)
    because = "order"

    @replaces("credpool.providers.quota.has_lapsed")
    def never(original, windows, *, now):
        return False


class LetsQuotasLapse(Mutant):
    """Does not look at when a quota resets."""

    violates = "select.quota-aware.resets-first+1"
    kills = ("what-resets-first-is-spent-first:a-day-earlier", "last-day-of-several-windows-counts")
    because = "order"

    @replaces("credpool.providers.quota.deadline")
    def none(original, windows, *, now):
        return float("inf")


class ComparesDeadlinesByTheSecond(Mutant):
    """Changes entries for a second."""

    violates = "select.quota-aware.resets-first+1"
    kills = ("what-resets-first-is-spent-first:as-good-as-at-once",)
    because = "order"

    @replaces("credpool.providers.quota.deadline")
    def exact(original, windows, *, now):
        found = original(windows, now=now)
        return max(w.until for w in windows.values()) if found < float("inf") else found


class TakesAMinuteForADeadline(Mutant):
    """Takes a reset within the hour for a deadline."""

    violates = "select.quota-aware.resets-first+1"
    kills = ("what-resets-first-is-spent-first:within-the-hour",)
    because = "order"

    @replaces("credpool.providers.quota.deadline")
    def soon(original, windows, *, now):
        return max((w.until // 3600 for w in windows.values()), default=float("inf"))


class GoesByTheShortestWindow(Mutant):
    """Takes the first reset of an entry's windows for its deadline."""

    violates = "select.quota-aware.resets-first+1"
    kills = ("last-day-of-several-windows-counts",)
    because = "order"

    @replaces("credpool.providers.quota.deadline")
    def first(original, windows, *, now):
        soonest = min(windows.items(), key=lambda item: item[1].until, default=None)
        return original(dict([soonest]) if soonest else {}, now=now)


class TakesTheNextInOrder(Mutant):
    """Takes the first of those that have enough, or of all."""

    violates = "select.quota-aware.most-left+4"
    kills = ("entry-with-most-left-comes-next:enough", "rotation-goes-to-most-left")
    because = "order target"

    @replaces("credpool.rules.quota_choice.equally_good")
    def in_order(original, state, candidates, now):
        found = original(state, candidates, now)
        known = all(state.quotas.get(e.id) for e in candidates)
        stored = [e for e in found if e.id == state.last]
        return found if stored or not known else [candidates[0]]


class TriesTheUnknownFirst(Mutant):
    """Tries an entry that has told nothing before one that has enough."""

    violates = "select.quota-aware.most-left+4"
    kills = ("enough-is-better-than-unknown",)
    because = "order"

    @replaces("credpool.rules.quota_choice.equally_good")
    def curious(original, state, candidates, now):
        found = original(state, candidates, now)
        unknown = [e for e in candidates if not state.quotas.get(e.id)]
        return found if found[0].id == state.last or not unknown else unknown


class AvoidsTheUnknown(Mutant):
    """Spends what is known to be little before it tries the unknown."""

    violates = "select.quota-aware.most-left+4"
    kills = ("unknown-is-better-than-little",)
    because = "order"

    @replaces("credpool.rules.quota_choice.equally_good")
    def cautious(original, state, candidates, now):
        known = [e for e in candidates if state.quotas.get(e.id)]
        return original(state, known or candidates, now)


class StaysOnTheUnknown(Mutant):
    """Stays on an entry of which nothing is known."""

    violates = "select.quota-aware.most-left+4"
    kills = ("without-telemetry-the-least-used-is-next", "unknown-is-better-than-little")
    because = "order"

    @replaces("credpool.rules.quota_choice.equally_good")
    def staying(original, state, candidates, now):
        found = original(state, candidates, now)
        return [e for e in found if e.id == state.last] or found

    @replaces("credpool.rules.select.Index._stay")
    def still(original, self, last):
        return original(self, last) or self.by_id.get(last)


class BreaksQuotaTiesByOrder(Mutant):
    """Takes the first of several that have as much left, however much it has done."""

    violates = "select.quota-aware.ties+2"
    kills = ("equal-quotas-are-decided-by-use",)
    because = "order"

    @replaces("credpool.rules.quota_choice.equally_good")
    def first(original, state, candidates, now):
        found = original(state, candidates, now)
        return found[:1] if state.quotas.get(found[0].id) else found


class TakesPercentForAFraction(Mutant):
    """Takes what is given in per cent for a fraction."""

    violates = "quota.forms+3"
    kills = ("quota-form:codex-1", "quota-form:codex-4")
    because = "order"

    @replaces("credpool.providers.quota._left")
    def of_one(original, parts, values):
        return original({**parts, "of": "1"} if "used" in parts else parts, values)


class TakesUsedForLeft(Mutant):
    """Takes what has been used for what is left."""

    violates = "quota.forms+3"
    kills = ("quota-form:unified-2", "quota-form:unified-8")
    because = "order"

    @replaces("credpool.providers.quota._left")
    def turned(original, parts, values):
        left = original(parts, values)
        return 1 - left if left is not None and "used" in parts else left


class ReadsQuotaOfSuccessesOnly(Mutant):
    """Does not read what a refusal tells of the quota."""

    violates = "quota.forms+3"
    kills = ("quota-is-read-from-refusals",)
    because = "order"

    @replaces("credpool._calls.call.ActiveCall.failed")
    def unread(original, self, entry, reply, *, late=False):
        engine, heard = self._engine, self._engine.heard
        engine.heard = lambda entry, headers: None
        try:
            return original(self, entry, reply, late=late)
        finally:
            engine.heard = heard


class BelievesWhatNeverResets(Mutant):
    """Believes a window without a readable reset."""

    violates = "quota.forms+3"
    kills = ("quota-form:codex-3",)
    because = "order"

    @replaces("credpool.providers.quota._Shape._whole")
    def some_day(original, self, window, left, values, now, resets=()):
        found = [*original(self, window, left, values, now, resets)]
        return found or ([] if left is None else [(window, left, 86400.0)])


class KnowsTheWindowsOfOneDay(Mutant):
    """Reads the windows that providers had when it was written, and no other."""

    violates = "quota.windows+1"
    kills = ("quota-of-a-window-of-any-name:claude", "quota-of-a-window-of-any-name:list")
    because = "order"

    @replaces("credpool.providers.quota.read_windows")
    def listed(original, headers, *, now):
        then = ("unified-5h", "unified-7d", "x-ratelimit-requests", "x-ratelimit-tokens")
        return {name: w for name, w in original(headers, now=now).items() if name in then}


class TakesTheFullestWindow(Mutant):
    """Goes by the window of which most is left."""

    violates = "select.quota-aware.most-left+4"
    kills = ("least-window-counts",)
    because = "order"

    @replaces("credpool.providers.quota.remaining")
    def most(original, windows, *, now):
        return max((w.left if w.until > now else 1.0 for w in windows.values()), default=None)


class ForgetsWhatIsNotMentioned(Mutant):
    """Forgets the windows that the latest reply does not mention."""

    violates = "select.quota-aware.most-left+4"
    kills = ("window-stands-until-it-is-told-again:still-empty",)
    because = "order"

    @replaces("credpool._engine.quotas.Telemetry.take")
    def latest(original, self, state, holders, headers, *, now):
        known = {one: self._windows.pop(one) for one in holders if one in self._windows}
        changed = original(self, state, holders, headers, now=now)
        self._windows = known | self._windows
        return changed


class BelievesTheFirst(Mutant):
    """Does not change what it knows of a window."""

    violates = "select.quota-aware.most-left+4"
    kills = ("window-stands-until-it-is-told-again:told-again",)
    because = "out"

    @replaces("credpool._engine.quotas.Telemetry.take")
    def first(original, self, state, holders, headers, *, now):
        known = dict(self._windows)
        found = original(self, state, holders, headers, now=now)
        self._windows = {one: {**told, **known.get(one, {})} for one, told in self._windows.items()}
        return found


class NeverForgives(Mutant):
    """Does not notice that a window has reset."""

    violates = "quota.reset+1"
    kills = ("window-is-whole-after-its-reset",)
    because = "order"

    @replaces("credpool.providers.quota.read_windows")
    def lasting(original, headers, *, now):
        found = original(headers, now=now)
        return {n: Window(w.left, w.until + 31 * 86400) for n, w in found.items()}


class ForgivesEarly(Mutant):
    """Takes a window for whole before it has reset."""

    violates = "quota.reset+1"
    kills = ("window-is-whole-after-its-reset",)
    because = "order"

    @replaces("credpool.providers.quota.read_windows")
    def shorter(original, headers, *, now):
        found = original(headers, now=now)
        return {n: Window(w.left, now + (w.until - now) * 0.9) for n, w in found.items()}


class LimitsTheKeyAlone(Mutant):
    """Takes an organisation's limit for a model for the key's own."""

    violates = "pool.same-owner+2"
    kills = ("limit-of-an-owners-model-is-shared:openai",)
    because = "target"

    @replaces("credpool.rules.cooldown.spread")
    def alone(original, state, secret, scope):
        narrow = Scope.MODEL if scope is Scope.OWNER_MODEL else scope
        return original(state, secret, narrow)


class LimitsEveryModel(Mutant):
    """Takes an organisation's limit for a model for its limit as a whole."""

    violates = "pool.same-owner+2"
    kills = ("limit-of-an-owners-model-is-shared:openai",)
    because = "status"

    @replaces("credpool.rules.cooldown.bench")
    def whole(original, state, event, *, now):
        if event.verdict.scope is Scope.OWNER_MODEL:
            event = replace(event, verdict=replace(event.verdict, scope=Scope.OWNER))
        return original(state, event, now=now)


class CountsTheOwnersOtherKeys(Mutant):
    """Takes a key of the same owner for somebody to rotate to."""

    violates = "cooldown.sole+3"
    kills = ("keys-of-a-sole-owner-rest-a-minute",)
    because = "returns"

    @replaces("credpool.rules.cooldown._is_sole")
    def others(original, state, affected, now, model):
        return original(state, tuple(affected)[:1], now, model)
