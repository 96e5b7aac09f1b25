"""`credpool explain`: the class, the rule, the action and the hint of a provider's reply.

It is the first such reply to one of two entries, under the default policy. Where another policy
leads to another action, that is told beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from credpool.events.report import Json
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.messages import Call, Failed, Verdict
from credpool.model.policy import Policy
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass, First429
from credpool.model.text import duration, visible
from credpool.providers import registry
from credpool.providers.classify import classify
from credpool.providers.in_band import Events, failure_in_body, refusal
from credpool.providers.redact import redact, stored
from credpool.providers.registry import Provider
from credpool.providers.reply import Reply
from credpool.rules.cooldown import bench
from credpool.rules.decide import decide

_STEPS: Final = MappingProxyType(
    {
        Step.RETRY: "the same entry once more, then another one",
        Step.ROTATE: "another entry at once",
        Step.REFRESH: "refresh the login, then the same entry again",
        Step.TRY_NEXT: "another entry for this call only",
        Step.DELIVER: "give the reply to the caller",
    }
)
_RETRIED: Final = "recover.rate-limited.retry-once"
_REQUIREMENTS: Final = MappingProxyType(
    {
        FailureClass.RATE_LIMITED: _RETRIED,
        FailureClass.USAGE_LIMITED: "recover.table",
        FailureClass.OUT_OF_CREDIT: "recover.table",
        FailureClass.AUTH_EXPIRED: "recover.auth-expired.refresh",
        FailureClass.AUTH_REJECTED: "recover.table",
        FailureClass.AUTH_REVOKED: "recover.table",
        FailureClass.NOT_ENTITLED: "recover.table",
        FailureClass.FORBIDDEN: "recover.table",
        FailureClass.OVERLOADED: "recover.table",
        FailureClass.SERVER_ERROR: "recover.table",
        FailureClass.REQUEST_ERROR: "recover.table",
    }
)

_LONG_HINT: Final = "recover.rate-limited.rotate-second"
_ROTATE: Final = Policy(first_429=First429.ROTATE)


def explain(
    provider: str, status: int, headers: Iterable[str], body: bytes, auth_type: AuthType, now: float
) -> dict[str, Json]:
    """Return what the reply means and leads to, as a document.

    Raises:
        UnknownProvider: the registry has no such provider.
        BadInput: a header is not written as `name: value`, or the reply tells no failure.
    """
    known = registry.provider(provider)
    reply = _refusal(Reply(status, dict(map(_header, headers)), body), known)
    verdict = classify(reply, known, auth_type, now=now)
    row, step = RECOVERY[verdict.failure], _step(provider, verdict, Policy())
    usual = _REQUIREMENTS[verdict.failure]
    return {
        "version": 1,
        "provider": provider,
        "status": status,
        "read_as": reply.status,
        "class": verdict.failure.value,
        "rule": verdict.rule,
        "codes": [*sorted(map(redact, reply.codes))],
        "message": stored(reply.message) or None,
        "action": step.value,
        "meaning": _STEPS[step],
        "scope": verdict.scope.value,
        "hint": verdict.hint if row.hint else None,
        "cooldown": _seconds(provider, verdict),
        "requirement": usual if step is row.step else _LONG_HINT,
        "otherwise": [*_otherwise(provider, verdict, step)],
    }


def in_words(told: dict[str, Json]) -> str:
    """Return the explanation as lines for a person."""
    hint, cooldown, others = told["hint"], told["cooldown"], told["otherwise"]
    read_as = f"a failure inside a success, read as {told['read_as']}"
    lines = {
        "status": "" if told["read_as"] == told["status"] else read_as,
        "class": told["class"],
        "rule": told["rule"],
        "action": f"{told['action']}: {told['meaning']}",
        "rests on": told["scope"],
        "hint": duration(hint) if isinstance(hint, int | float) else "none was read",
        "cooldown": duration(cooldown) if isinstance(cooldown, int | float) else cooldown or "none",
        "requirement": told["requirement"],
        "otherwise": "; ".join(map(_under, others)) if isinstance(others, list) else "",
        "codes": ", ".join(map(str, codes)) if isinstance(codes := told["codes"], list) else "",
        "message": told["message"],
    }
    return "".join(
        f"{name + ':':<13}{visible(str(value))}\n" for name, value in lines.items() if value
    )


def _under(other: Json) -> str:
    assert isinstance(other, dict), "as `_otherwise` writes it"
    return f"{other['action']} under {other['policy']}"


def _otherwise(provider: str, verdict: Verdict, step: Step) -> Iterator[Json]:
    """Yield each policy that leads to another action than `step`, the default's, does."""
    patient = Policy(max_retry_wait=max(verdict.hint or 0.0, Policy().max_retry_wait))
    others = (
        ("first_429: rotate", _ROTATE, "recover.rate-limited.rotate-first"),
        (f"max_retry_wait: {patient.max_retry_wait:g}", patient, _RETRIED),
    )
    for name, policy, requirement in others:
        other = _step(provider, verdict, policy)
        if other is not step:
            told: dict[str, Json] = {"policy": name, "action": other.value}
            yield told | {"meaning": _STEPS[other], "requirement": requirement}


def _step(provider: str, verdict: Verdict, policy: Policy) -> Step:
    """Return what a call does after the first such reply, while another entry is untried."""
    if RECOVERY[verdict.failure].step is not Step.RETRY:
        return RECOVERY[verdict.failure].step
    state, failed = _of_two(provider, verdict)
    made = decide(replace(state, policy=policy), failed, now=0.0, draw=0.0)
    return made.call.attempts[-1].step


def _refusal(reply: Reply, provider: Provider) -> Reply:
    """Return the reply, or the one that a success tells inside."""
    if not 200 <= reply.status < 300:
        return reply
    events = Events()
    events.feed(reply.body)  # spec: in-band.first+1
    failure = events.failure or failure_in_body(reply.body, provider)
    if failure is None:
        raise BadInput(
            f"this reply of status {reply.status} tells no failure, and is delivered as it is; give "
            "the status that was sent, and the whole event of a stream with its blank line"
        )
    return refusal(failure, reply.headers, provider)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise BadInput("a header is written as 'name: value', such as 'retry-after: 30'")
    return name.strip().lower(), value.strip()


def _seconds(provider: str, verdict: Verdict) -> Json:
    """Return how long the entry is out when the pool rotates; text for good, None for not at all."""
    if RECOVERY[verdict.failure].cooldown is None:
        return None
    state, failed = _of_two(provider, verdict)
    _, call = bench(state, failed, now=0.0)
    until = call.benched[-1].until
    return "until somebody logs in again" if until == FOREVER else until


def _of_two(provider: str, verdict: Verdict) -> tuple[PoolState, Failed]:
    """Return a pool of two entries, and the reply to the first."""
    this, other = (Entry(id=EntryId(name), secret=Secret(name)) for name in ("this", "other"))
    state = PoolState(key=provider, provider=provider, entries=(this, other))
    return state, Failed(Call(started=0.0, model="any"), this.id, Secret("this"), verdict)
