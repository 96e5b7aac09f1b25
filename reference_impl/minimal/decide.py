"""What a reply leads to: the rules, as one pure function (spec/recovery.md, spec/cooldowns.md).

`decide` looks the failure class up in the decision table and does what its row says. Values go in
and values come out; the time is an argument. The helpers below it are the chapters' small print:
when a retry is due, how long a cooldown lasts, and who may end one early.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from minimal.classify import Reply, matching_rule
from minimal.hints import hint_of
from minimal.pool import Cooldown, Entry, Exhaustion, Pool, Secret, exhaustion_of
from minimal.rules import decision_table
from minimal.select import untried


@dataclass(frozen=True)
class Verdict:
    """What a failing reply means; `hint`: in how many seconds the provider says to come back."""

    failure: str
    reason: str = ""
    cooldown: float | None = None
    hint: float | None = None


def judge(pool: Pool, entry: Entry, reply: Reply, *, now: float) -> Verdict:
    """Say what a failing reply to an entry means."""
    rule = matching_rule(pool.provider, reply, entry.auth_type)
    refreshes = decision_table()[rule.failure].action == "refresh"  # and nothing here can
    failure = "auth_rejected" if refreshes else rule.failure
    return Verdict(failure, rule.id, rule.cooldown, hint_of(reply, rule, now=now))


@dataclass(frozen=True)
class Call:
    """What one call remembers: the secrets that it has tried, and the cooldowns that it started."""

    tried: Mapping[Secret, Verdict | None] = field(default_factory=dict)
    started: Mapping[Secret, tuple[Cooldown | None, Cooldown]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the call does next, and what has become of the pool and of the call's memory."""

    pool: Pool
    call: Call
    action: str
    until: float | None = None
    """Of a retry: when it is due."""
    exhaustion: Exhaustion | None = None
    """Of a reply that is delivered because no entry is left: why."""


def decide(pool: Pool, call: Call, secret: Secret, verdict: Verdict | None, *, now: float) -> Decision:
    """Decide what follows a reply to a secret; a success has no verdict."""
    if verdict is None:
        # spec: recover.rate-limited.across-calls+2, cooldown.late-success+1  no cooldown ends
        return Decision(pool.changed(secret, marked=False), call, "deliver")
    row = decision_table()[verdict.failure]  # spec: recover.table+1
    retries = row.action == "retry" and may_retry(pool, call, secret, verdict, now)
    call = replace(call, tried={**call.tried, secret: verdict})
    if retries:  # spec: recover.rate-limited.retry-once+3
        due = now + max(verdict.hint or 0, 0)  # spec: recover.rate-limited.jitter+1  it adds none
        return Decision(pool.changed(secret, marked=True), call, "retry", until=due)
    action = row.then or row.action
    if action == "deliver":
        return Decision(pool, call, action)
    if row.cooldown is not None:  # spec: recover.rate-limited.rotate-second+2
        pool, call = take_out(pool, call, secret, verdict, now)
    if untried(pool, call.tried, now):  # spec: recover.all-tried+2
        return Decision(pool, call, action)
    pool = guard_against_outage(pool, call, now)
    failures = {tried: told.failure for tried, told in call.tried.items() if told}
    # spec: exhaust.last-reply+2
    return Decision(pool, call, "deliver", exhaustion=exhaustion_of(pool, failures, now))


def may_retry(pool: Pool, call: Call, secret: Secret, verdict: Verdict, now: float) -> bool:
    """Whether a 429 is the first in a row, and the wait for the same entry short."""
    policy, known = pool.policy, pool.state(secret)
    is_short = verdict.hint is None or verdict.hint <= policy.max_retry_wait
    went_out = known.cooldown is not None and now < known.cooldown.until
    return (
        policy.first_429 != "rotate"  # spec: recover.rate-limited.rotate-first+1
        and is_short  # spec: recover.rate-limited.rotate-second+2
        and not known.marked  # spec: recover.rate-limited.across-calls+2
        and call.tried.get(secret) is None  # spec: recover.bounded+2
        and not went_out  # spec: recover.rate-limited.gone-out+1
    )


def take_out(
    pool: Pool, call: Call, secret: Secret, verdict: Verdict, now: float
) -> tuple[Pool, Call]:
    """Start the cooldown of a failure, or the death."""
    before = pool.state(secret).cooldown
    until = now + duration(pool, secret, verdict, now)
    cooldown = later(before, Cooldown(verdict.failure, verdict.reason, now, until))
    if cooldown is not before:
        call = replace(call, started={**call.started, secret: (before, cooldown)})
    return pool.changed(secret, cooldown=cooldown, marked=False), call


def later(one: Cooldown | None, other: Cooldown) -> Cooldown:
    """Return the cooldown that ends later, and the earlier one when they end together."""
    return one if one and one.until >= other.until else other  # spec: cooldown.never-shorten+3


def duration(pool: Pool, secret: Secret, verdict: Verdict, now: float) -> float:
    """Return how long a cooldown lasts."""
    policy, row = pool.policy, decision_table()[verdict.failure]
    assert row.cooldown is not None, "this class takes nobody out"
    if row.hint and verdict.hint is not None:  # spec: cooldown.hint+2, cooldown.clamp+2
        return min(max(verdict.hint, policy.min_cooldown), policy.max_cooldown)
    usual = row.cooldown if verdict.cooldown is None else verdict.cooldown
    usual = policy.cooldowns.get(verdict.failure, usual)  # spec: cooldown.default+2
    others = [entry for entry in untried(pool, (secret,), now)]
    if verdict.failure == "rate_limited" and not others:  # spec: cooldown.sole+3
        return min(usual, policy.sole_cooldown)
    return usual


def guard_against_outage(pool: Pool, call: Call, now: float) -> Pool:
    """Cut short what this call started, if all entries that it tried were throttled alike."""
    bare = [v and v.failure == "rate_limited" and v.hint is None for v in call.tried.values()]
    if len(bare) < 2 or not all(bare):
        return pool
    for secret, (before, started) in call.started.items():  # spec: recover.outage-guard+2
        if pool.state(secret).cooldown is started:
            end = min(started.until, now + pool.policy.sole_cooldown)
            pool = pool.changed(secret, cooldown=later(before, replace(started, until=end)))
    return pool
