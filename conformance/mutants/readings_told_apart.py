"""Mutants that read a sentence the other way: what the scenarios in `readings.yaml` tell apart."""

from dataclasses import replace
from urllib.parse import unquote

from credpool.model.messages import Deliver
from credpool.model.recovery import RECOVERY
from credpool.model.terms import FailureClass, Scope
from tools.mutants.mutant import Mutant, replaces


class RestsAMinuteAtLeast(Mutant):
    """Takes a sole entry out for the full minute, also when its usual cooldown is shorter."""

    violates = "cooldown.sole+3"
    kills = (
        "sole-rest-is-never-longer-than-usual:operators-is-shorter",
        "sole-rest-is-never-longer-than-usual:both-are-the-operators",
        "sole-rest-is-never-longer-than-usual:registrys-is-shorter",
    )
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def full(original, state, affected, verdict, *, now, model):
        seconds = original(state, affected, verdict, now=now, model=model)
        sole = original.__globals__["_is_sole"](state, affected, now, model)
        limited = verdict.failure is FailureClass.RATE_LIMITED and verdict.hint is None
        return state.policy.sole_cooldown if sole and limited else seconds


class PrefersThePolicyToTheMinute(Mutant):
    """Takes a sole entry out for as long as the policy says, however long."""

    violates = "cooldown.sole+3"
    kills = ("sole-rest-is-never-longer-than-usual:operators-is-longer",)
    because = "until"

    @replaces("credpool.rules.cooldown._seconds")
    def longer(original, state, affected, verdict, *, now, model):
        own = state.policy.cooldowns.get(verdict.failure)
        if own is not None and verdict.hint is None:
            return own
        return original(state, affected, verdict, now=now, model=model)


class SaysNothingWhenAllWereTried(Mutant):
    """Tells the caller nothing when every entry was tried and one is still available."""

    violates = "exhaust.all-tried+2"
    kills = ("call-that-has-tried-all-says-so", "plain-reply-while-a-forbidden-entry-is-left")
    because = "exhausted"

    @replaces("credpool.rules.next_step._ended")
    def silent(original, state, call, *, now):
        made = original(state, call, now=now)
        whole = made.action.exhaustion.is_whole
        return made if whole else replace(made, action=Deliver())


class TakesAllTriedForExhausted(Mutant):
    """Takes a call that has tried every entry for an exhausted pool."""

    violates = "exhaust.sdk-retry+1"
    kills = ("plain-reply-while-a-forbidden-entry-is-left",)
    because = "should-retry"

    @replaces("credpool.rules.cooldown._out")
    def out(original, entry, cooldown, why, failed):
        return replace(original(entry, cooldown, why, failed), available=False)


class ReportsAllTriedAsExhausted(Mutant):
    """Reports an exhausted pool when every entry was forbidden to one call."""

    violates = "events.exhausted+2"
    kills = ("call-that-has-tried-all-reports-no-exhausted-pool",)
    because = "events"

    @replaces("credpool.events.changes._exhaustion")
    def always(original, made):
        yield from original(made)
        found = made.action.exhaustion if isinstance(made.action, Deliver) else None
        if found is not None and not found.is_whole:
            yield original.__globals__["events"].PoolExhausted(found)


class LeavesTheProvidersHeader(Mutant):
    """Leaves the provider's own `x-should-retry` in an exhausted pool's reply."""

    violates = "exhaust.no-sdk-retry+3"
    kills = ("header-of-the-provider-gives-way",)
    because = "should-retry"

    @replaces("credpool._calls.flow._finish")
    def left(original, pool, action, response):
        own = None if response is None else response.headers.get("x-should-retry")
        original(pool, action, response)
        if own is not None:
            response.headers["x-should-retry"] = own


class DropsTheProvidersHeader(Mutant):
    """Removes the provider's own `x-should-retry` from every reply."""

    violates = "exhaust.no-sdk-retry+3"
    kills = ("header-of-the-provider-gives-way",)
    because = "should-retry"

    @replaces("credpool._calls.flow._finish")
    def dropped(original, pool, action, response):
        if response is not None and "x-should-retry" in response.headers:
            del response.headers["x-should-retry"]
        original(pool, action, response)


class MarksAProbe(Mutant):
    """Leaves the mark of a first 429 with an entry whose probe met one."""

    violates = "exhaust.probe.failure+3"
    kills = ("failed-probe-is-not-retried",)
    because = "retry"

    @replaces("credpool.rules.decide._fail")
    def marked(original, state, event, *, now, draw):
        made = original(state, event, now=now, draw=draw)
        entry = made.state.find(event.entry)
        limited = event.verdict.failure is FailureClass.RATE_LIMITED
        if not (event.call.probe and limited and entry is not None):
            return made
        return replace(made, state=made.state.change({entry.id: replace(entry, marked=True)}))


class ForgetsASuccessfulProbe(Mutant):
    """Forgets when an entry was probed as soon as the probe succeeds."""

    violates = "exhaust.probe+3"
    kills = ("probe-counts-for-the-interval-when-it-succeeds",)
    because = "out nothing"

    @replaces("credpool.rules.probe._without")
    def forgotten(original, entry, wrong, model):
        return replace(original(entry, wrong, model), probed_at=None)


class GoesByTheFirstCooldown(Mutant):
    """Counts how long an entry has been out from the start of whichever cooldown began first."""

    violates = "exhaust.probe+3"
    kills = ("probe-goes-by-the-cooldown-that-ends-later",)
    because = "out nothing"

    @replaces("credpool.rules.probe.probe_due")
    def earliest(original, state, call, *, now):
        def older(entry):
            found = [c for c in (entry.cooldown, *entry.models.values()) if c and c.until > now]
            out = entry.cooldown
            if out is None or not found:
                return entry
            return replace(entry, cooldown=replace(out, since=min(c.since for c in found)))

        due = original(state.change({e.id: older(e) for e in state.entries}), call, now=now)
        return None if due is None else state.find(due.id)


class GoesByTheTableAlone(Mutant):
    """Goes by the scope of the class, and not of the rule, when a probe has succeeded."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-proves-an-owners-limit-for-a-model",)
    because = "models"

    @replaces("credpool.rules.probe._scope")
    def tables(original, state, out):
        return RECOVERY[out.failure].scope


class FreesNobodyElse(Mutant):
    """Frees the probed secret alone, whatever the scope of its limit."""

    violates = "exhaust.probe.success+3"
    kills = ("probe-proves-an-owners-limit-for-a-model", "probe-proves-its-owner")
    because = "models status"

    @replaces("credpool.rules.probe._scope")
    def entry(original, state, out):
        return Scope.ENTRY


class TakesTheTurnFromTheEnd(Mutant):
    """Goes on behind the last entry when the one that was chosen last is gone."""

    violates = "select.round-robin+3"
    kills = ("turn-begins-again-when-its-entry-is-gone",)
    because = "order"

    @replaces("credpool.rules.select.Index.pick")
    def from_the_end(original, self, draw, last):
        gone = last is not None and last not in {e.id for e in self.state.entries}
        return self.ready[-1] if gone else original(self, draw, last)


class DecodesThePath(Mutant):
    """Decodes the path before it looks for a model's name in it."""

    violates = "recover.not-entitled.other-models+2"
    kills = (
        "model-of-a-path-is-taken-as-written:encoded",
        "model-of-a-path-is-taken-as-written:encoded-slash",
    )
    because = "out"

    @replaces("credpool._calls.request.model_of")
    def decoded(original, url, content):
        return original(unquote(url), content)


class IgnoresTheCaseOfModels(Mutant):
    """Takes two names for one model that differ in capitals alone."""

    violates = "recover.not-entitled.other-models+2"
    kills = ("model-of-a-path-is-taken-as-written:capitals", "models-are-compared-exactly")
    because = "models"

    @replaces("credpool._calls.request.model_of")
    def small(original, url, content):
        found = original(url, content)
        return None if found is None else found.lower()


class ReadsAModelBeforeASlash(Mutant):
    """Takes what stands before a slash for the model's name."""

    violates = "recover.table+1"
    kills = ("path-with-a-slash-names-no-model",)
    because = "status"

    @replaces("credpool._calls.request.model_of")
    def before(original, url, content):
        return original(url.replace("/operations", ""), content)


class KeepsTheSlash(Mutant):
    """Takes the slash at the end of a base URL for a part of it."""

    violates = "pool.blanks+2"
    kills = ("slash-behind-a-base-url-changes-nothing",)
    because = "request"

    @replaces("credpool.providers.wire.target")
    def doubled(original, url, entry, provider, bases):
        own = (entry.base_url or "").strip()
        found = original(url, entry, provider, bases)
        base = own.rstrip("/")
        return found if own == base else own + (found or url)[len(base) :]


class KeepsTheCredentialInTheUrl(Mutant):
    """Leaves the query as the caller wrote it."""

    violates = "security.one-secret+3"
    kills = ("credential-in-the-url-is-replaced",)
    because = "mixed"

    @replaces("credpool.providers.wire.without_credential")
    def stored(original, url, provider):
        return url


class TakesOutOneParameter(Mutant):
    """Takes out the first credential of a query, as it is usually written."""

    violates = "security.one-secret+3"
    kills = ("credential-in-the-url-is-replaced:encoded", "credential-in-the-url-is-replaced:twice")
    because = "mixed"

    @replaces("credpool.providers.wire.without_credential")
    def first(original, url, provider):
        place, mark, query = url.partition("?")
        parts = query.split("&")
        found = next((p for p in parts if p.startswith("key=")), None)
        stored = [p for n, p in enumerate(parts) if found is None or n != parts.index(found)]
        return place + mark + "&".join(stored) if provider.credential_query else url


class DropsTheQuery(Mutant):
    """Drops every query in which a credential could be."""

    violates = "request.unchanged+1"
    kills = ("query-is-the-callers:of-another-name",)
    because = "request"

    @replaces("credpool.providers.wire.without_credential")
    def dropped(original, url, provider):
        return url.partition("?")[0] if provider.credential_query else url


class TrustsAWayBack(Mutant):
    """Sends the secret to its own origin whoever has led there."""

    violates = "security.redirect+3"
    kills = ("redirect-back-from-elsewhere-carries-no-secret",)
    because = "sent"

    @replaces("credpool._calls.flow._lost_its_secret")
    def trusted(original, sent, response):
        moved, origin = response.request, original.__globals__["origin"]
        back = origin(str(moved.url)) == origin(str(sent.url)) and str(moved.url) != str(sent.url)
        return back and response.status_code >= 400 and moved.method == sent.method


class BelievesAShutDoorOnly(Mutant):
    """Takes a redirect's refusal for the provider's word, unless it is a 401 or a 403."""

    violates = "security.one-secret+3"
    kills = (
        "reply-after-a-redirect-within-the-origin-counts:bad-request",
        "reply-after-a-redirect-within-the-origin-counts:limited",
    )
    because = "bare"

    @replaces("credpool._calls.flow._lost_its_secret")
    def shut(original, sent, response):
        return response.status_code in (401, 403) and original(sent, response)


class LosesHeadersOnTheWay(Mutant):
    """Leaves the caller's own headers behind when it follows a redirect within the origin."""

    violates = "security.caller-headers+3"
    kills = ("caller-headers-survive-a-redirect-within-the-origin",)
    because = "header"

    @replaces("credpool.httpx._sealed")
    def lost(original, request, url, sealed):
        made = original(request, url, sealed)
        if url is not None and "/moved" in url:
            made.headers.pop("x-trace-id", None)
        return made


class BringsThePlaceholderBack(Mutant):
    """Puts the caller's credential back when it follows a redirect within the origin."""

    violates = "security.one-secret+3"
    kills = ("caller-headers-survive-a-redirect-within-the-origin:authorization",)
    because = "mixed"

    @replaces("credpool.httpx._sealed")
    def back(original, request, url, sealed):
        made = original(request, url, sealed)
        if url is not None and "/moved" in url and "authorization" in request.headers:
            made.headers["x-own"] = request.headers["authorization"]
        return made


class TellsOneRowItsQuota(Mutant):
    """Takes a quota for the row's, and not for the secret's."""

    violates = "quota.forms+3"
    kills = ("quota-is-the-secrets",)
    because = "order"

    @replaces("credpool._engine.quotas.Telemetry.take")
    def one(original, self, state, holders, headers, *, now):
        return original(self, state, tuple(holders)[:1], headers, now=now)


class TrustsItsOwnClockForQuotas(Mutant):
    """Reads the moment at which a quota is whole again by its own clock."""

    violates = "quota.reset+1"
    kills = ("reset-of-a-quota-is-read-by-the-providers-clock",)
    because = "order"

    @replaces("credpool.providers.quota.read_windows")
    def own(original, headers, *, now):
        return original({n: v for n, v in headers.items() if n != "date"}, now=now)
