"""How long an entry is out, and who goes out with it (spec: cooldowns, pools)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from credpool.model.entry import Cooldown, Entry
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.messages import TOKEN_ENDPOINT, Call, Failed, Verdict
from credpool.model.recovery import RECOVERY
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, FailureClass, Scope
from credpool.providers.owner import owner_of
from credpool.providers.redact import known_secrets, secrets_of, stored
from credpool.rules.select import available, permitted
from credpool.rules.usable import why_unusable

LITTLE: Final = 0.01
"""So much of its own length does a cooldown last longer than an earlier one to be worth a change."""


def bench(state: PoolState, event: Failed, *, now: float) -> tuple[PoolState, Call]:
    """Start the cooldown that the verdict calls for, on everyone it rests on; the call notes it."""
    call, verdict, model = event.call, event.verdict, event.call.model
    affected = tuple(spread(state, event.secret, verdict.scope))
    cooldown = Cooldown(
        failure=verdict.failure,
        since=now,
        until=now + _seconds(state, affected, verdict, now=now, model=model),
        code=verdict.code,
        reason=verdict.rule,
        message=_stored(state, event),
    )
    on_model = model if verdict.scope.of_model else None
    rested = state.change({e.id: _rest(e, cooldown, model=on_model) for e in affected})
    benched = (e for e in map(rested.find, (e.id for e in affected)) if e is not None)
    found = (c for e in benched for c in (e.cooldown, *e.models.values()))
    if any(c is cooldown for c in found):  # else an earlier one, which may look alike, outlasts it
        call = replace(call, benched=(*call.benched, cooldown))
    return rested, call


def _stored(state: PoolState, event: Failed) -> str | None:
    """Return what is kept of the message: no secret of the pool's, nor the one that was sent."""
    listed, secret = state.listed, event.secret
    held = secret in listed.holders
    known = secrets_of(listed) if held else [secret, *known_secrets(listed)]
    return stored(event.verdict.message, known)


def spread(state: PoolState, secret: Secret, scope: Scope) -> Iterator[Entry]:
    """Yield the entries that share a consequence: those that hold the secret, and their owner's."""
    holders = tuple(state.holding(secret))  # spec: pool.attribution+2
    owners = {owner_of(state, e) for e in holders if scope.of_owner} - {None}
    listed = state.listed
    places = {listed.places[e.id] for e in holders}  # spec: pool.same-secret+3
    if owners:  # spec: pool.same-owner+2
        places.update(n for n, e in enumerate(listed) if owner_of(state, e) in owners)
    yield from listed.at(sorted(places))


def _rest(entry: Entry, cooldown: Cooldown, *, model: str | None) -> Entry:
    if model is not None:  # spec: recover.not-entitled.other-models+2
        longest = _longer(entry.models.get(model), cooldown)
        running = {m: c for m, c in entry.models.items() if c.until > cooldown.since}
        return replace(entry, models={**running, model: longest}, marked=False)
    return replace(entry, cooldown=_longer(entry.cooldown, cooldown), marked=False)


def _longer(old: Cooldown | None, new: Cooldown) -> Cooldown:
    """Return the one that ends later; the older one when they end together, or nearly so."""
    if old is None:
        return new
    if old.until >= new.until:  # spec: cooldown.never-shorten+3
        return old
    is_little = new.until - old.until < LITTLE * (new.until - new.since)
    return old if is_little and old.failure is new.failure else new  # spec: cooldown.nearly+1


def _seconds(
    state: PoolState,
    affected: Collection[Entry],
    verdict: Verdict,
    *,
    now: float,
    model: str | None,
) -> float:
    """Return the length of the cooldown, in seconds."""
    row, policy = RECOVERY[verdict.failure], state.policy
    listens = row.hint or verdict.rule == TOKEN_ENDPOINT  # spec: oauth.refusal.hint+2
    if listens and verdict.hint is not None:  # spec: cooldown.hint+2
        # spec: cooldown.clamp+2
        return min(max(verdict.hint, policy.min_cooldown), policy.max_cooldown)
    if row.cooldown == FOREVER:
        return FOREVER
    default = verdict.cooldown if verdict.cooldown is not None else row.cooldown
    usual = policy.cooldowns.get(verdict.failure, default or 0.0)  # spec: cooldown.default+2
    if verdict.failure is FailureClass.RATE_LIMITED and _is_sole(state, affected, now, model):
        return min(policy.sole_cooldown, usual)  # spec: cooldown.sole+3
    return usual


def _is_sole(state: PoolState, affected: Collection[Entry], now: float, model: str | None) -> bool:
    """Whether nobody is left but those the cooldown rests on, and others with their secrets."""
    secrets = {e.secret for e in affected}
    return not any(e.secret not in secrets for e in available(state, now=now, model=model))


def cap(state: PoolState, call: Call, *, now: float) -> PoolState:
    """Shorten what the call has started, when everyone was refused alike without a reason."""
    last = {a.entry: a for a in call.attempts}
    alike = all(a.failure is FailureClass.RATE_LIMITED and not a.hinted for a in last.values())
    if not alike or len(last) < 2 or not last.keys() >= set(call.renewed):
        return state
    limit = now + state.policy.sole_cooldown  # spec: recover.outage-guard+2
    out = state.listed.at(state.listed.touched)
    return state.change({e.id: _capped(e, call.benched, limit) for e in out})


def _capped(entry: Entry, started: Collection[Cooldown], limit: float) -> Entry:
    """Return the entry with the cooldowns that the call has started ending by `limit`."""

    def sooner(cooldown: Cooldown) -> Cooldown:
        # a store may have redacted the message
        known = (replace(c, message=cooldown.message) for c in started)
        if cooldown not in known:  # spec: cooldown.never-shorten+3
            return cooldown
        return replace(cooldown, until=min(cooldown.until, limit))

    cooldown = sooner(entry.cooldown) if entry.cooldown is not None else None
    models = {m: sooner(c) for m, c in entry.models.items()}
    if cooldown is entry.cooldown and all(models[m] is c for m, c in entry.models.items()):
        return entry
    return replace(entry, cooldown=cooldown, models=models)


def secrets_tried(state: PoolState, call: Call) -> set[Secret]:
    """Return the secrets that the call has sent, or would have sent had a refresh not failed."""
    tried = map(state.find, (*call.renewed, *(a.entry for a in call.attempts)))
    return {e.secret for e in tried if e is not None and e.secret is not None}.union(call.secrets)


def exhaustion(
    state: PoolState, *, now: float, model: str | None, call: Call | None = None
) -> Exhaustion:
    """Return why each entry is out, or has failed in the call, and when the first returns."""
    allowed, why_not = {e.id for e in permitted(state)}, why_unusable(state, model)
    failed = _failures(state, call)
    outs = tuple(  # spec: exhaust.reasons+3
        _out(e, e.blocked(now, model), why_not(e), failed.get(e.secret))
        if e.id in allowed
        else Out(id=e.id, failure=None, until=FOREVER, forbidden=True)
        for e in state.entries
    )
    soonest = min((o.until for o in outs), default=FOREVER)  # spec: exhaust.returns-at+2
    return Exhaustion(returns_at=None if soonest == FOREVER else soonest, entries=outs)


def _failures(state: PoolState, call: Call | None) -> Mapping[Secret | None, FailureClass | None]:
    """Return the last failure in the call of each secret that it has tried."""
    known = {e.id: e.secret for e in state.entries}
    attempts = () if call is None else call.attempts
    return {known[a.entry]: a.failure for a in attempts if known.get(a.entry) is not None}


def _out(
    entry: Entry, cooldown: Cooldown | None, why: str | None, failed: FailureClass | None
) -> Out:
    """Return one entry's part; what cannot be sent does not return, cooldown or not."""
    if why is not None:  # spec: exhaust.reasons+3
        return Out(id=entry.id, failure=None, until=FOREVER, why=why)
    if cooldown is None:  # spec: exhaust.all-tried+2
        return Out(id=entry.id, failure=failed, until=FOREVER, available=True)
    return Out(id=entry.id, failure=cooldown.failure, until=cooldown.until)
