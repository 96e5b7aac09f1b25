"""The rules, as one pure function (spec/recovery.md, spec/cooldowns.md).

`decide` does what the decision table has for the failure class; the time is an argument. Below it
stands what the table leaves to the chapters: when a 429 is asked again, and how cooldowns end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from minimal.classify import Reply, first_rule
from minimal.hints import hint_of
from minimal.pool import Cooldown, Entry, Exhaustion, Pool, Secret, exhaustion
from minimal.rules import decision_table
from minimal.select import untried


@dataclass(frozen=True)
class Verdict:
    """The meaning of a failing reply: its class, and its rule's and its hint's cooldown."""

    failure: str
    reason: str
    cooldown: float | None
    hint: float | None


@dataclass(frozen=True)
class Call:
    """The memory of one call: the last verdict on each secret, and the cooldowns it started."""

    tried: Mapping[Secret, Verdict] = field(default_factory=dict)
    started: Mapping[Secret, tuple[Cooldown | None, Cooldown]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """The next action of the call, and the pool and the call after it."""

    pool: Pool
    call: Call
    action: str
    wait: float = 0
    exhausted: Exhaustion | None = None


def judge(pool: Pool, entry: Entry, reply: Reply, *, now: float) -> Verdict:
    """Say what a failing reply to an entry means."""
    rule = first_rule(pool.provider, reply, entry.auth_type)
    refreshes = decision_table()[rule["class"]]["action"] == "refresh"  # which this pool cannot do
    failure = "auth_rejected" if refreshes else rule["class"]
    return Verdict(failure, rule["id"], rule.get("cooldown"), hint_of(reply, rule, now=now))


def decide(
    pool: Pool, call: Call, secret: Secret, verdict: Verdict | None, *, now: float
) -> Decision:
    """Decide what follows a reply to a secret; a success has no verdict."""
    if verdict is None:  # spec: cooldown.late-success+1 (the mark ends, and no cooldown)
        return Decision(pool.changed(secret, marked=False), call, "deliver")
    row = decision_table()[verdict.failure]  # spec: recover.table+1
    retries = row["action"] == "retry" and may_retry(pool, call, secret, verdict, now)
    call = replace(call, tried={**call.tried, secret: verdict})
    if retries:  # spec: recover.rate-limited.retry-once+3
        return Decision(pool.changed(secret, marked=True), call, "retry", max(verdict.hint or 0, 0))
    action = row["then"] or row["action"]  # spec: recover.rate-limited.rotate-second+2
    if action == "deliver":
        return Decision(pool, call, "deliver")
    if row["cooldown"] is not None:
        pool, call = take_out(pool, call, secret, verdict, now)
    if untried(pool, call.tried, now):  # spec: recover.all-tried+2, recover.all-tried.bound+1
        return Decision(pool, call, action)
    pool = guard_against_outage(pool, call, now)  # spec: exhaust.last-reply+2
    failures = {tried: last.failure for tried, last in call.tried.items()}
    return Decision(pool, call, "deliver", exhausted=exhaustion(pool, failures, now))


def may_retry(pool: Pool, call: Call, secret: Secret, verdict: Verdict, now: float) -> bool:
    """Whether a 429 is asked again: after the first in a row, when the wait is short."""
    return (
        pool.policy.first_429 != "rotate"  # spec: recover.rate-limited.rotate-first+1
        and (verdict.hint is None or verdict.hint <= pool.policy.max_retry_wait)
        and not pool.known(secret).marked  # spec: recover.rate-limited.across-calls+2
        and secret not in call.tried  # spec: recover.bounded+2
        and not pool.cooldown(secret, now)  # spec: recover.rate-limited.gone-out+1
    )


def take_out(
    pool: Pool, call: Call, secret: Secret, verdict: Verdict, now: float
) -> tuple[Pool, Call]:
    """Start the cooldown of a failure. Without owners and models, every scope is the entry."""
    before = pool.known(secret).cooldown
    until = now + duration(pool, secret, verdict, now)
    cooldown = later(before, Cooldown(verdict.failure, verdict.reason, now, until))
    if cooldown is not before:
        call = replace(call, started={**call.started, secret: (before, cooldown)})
    return pool.changed(secret, cooldown=cooldown, marked=False), call


def later(one: Cooldown | None, other: Cooldown) -> Cooldown:
    """Return the cooldown that ends later; of two that end together, or nearly so, the earlier one."""
    little = 0.01 * (other.until - other.since)  # spec: cooldown.nearly+1, cooldown.never-shorten+3
    near = one and one.failure == other.failure and other.until - one.until < little
    return one if one and (near or one.until >= other.until) else other


def duration(pool: Pool, secret: Secret, verdict: Verdict, now: float) -> float:
    """Return how long the cooldown of a failure lasts."""
    row, policy = decision_table()[verdict.failure], pool.policy
    if verdict.hint is not None and row["hint"]:  # spec: cooldown.hint+2, cooldown.clamp+2
        return min(max(verdict.hint, policy.min_cooldown), policy.max_cooldown)
    usual = row["cooldown"] if verdict.cooldown is None else verdict.cooldown
    usual = policy.cooldowns.get(verdict.failure, usual)  # spec: cooldown.default+2
    seconds = inf if row["cooldown"] == "forever" else float(usual or 0)
    is_sole = verdict.failure == "rate_limited" and not untried(pool, {secret}, now)
    return min(seconds, policy.sole_cooldown) if is_sole else seconds  # spec: cooldown.sole+3


def guard_against_outage(pool: Pool, call: Call, now: float) -> Pool:
    """Cut short what the call started, if all that it tried were throttled alike."""
    verdicts = call.tried.values()
    alike = all(v.failure == "rate_limited" and v.hint is None for v in verdicts)
    if len(verdicts) < 2 or not alike:
        return pool
    for secret, (before, started) in call.started.items():  # spec: recover.outage-guard+2
        if pool.known(secret).cooldown is started:
            until = min(started.until, now + pool.policy.sole_cooldown)
            pool = pool.changed(secret, cooldown=later(before, replace(started, until=until)))
    return pool
