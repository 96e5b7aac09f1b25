"""What a reply of a provider's would lead to: the class, the rule, the action, the hint."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from credpool.events.report import Json
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.messages import Call, Failed, Verdict
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, AuthType, EntryId, FailureClass
from credpool.model.text import duration, visible
from credpool.providers import registry
from credpool.providers.classify import classify
from credpool.providers.redact import kept, redact
from credpool.providers.reply import Reply
from credpool.rules.cooldown import bench

_STEPS: Final = MappingProxyType(
    {
        Step.RETRY: "the same entry once more, then another one",
        Step.ROTATE: "another entry at once",
        Step.REFRESH: "refresh the login, then the same entry again",
        Step.TRY_NEXT: "another entry for this call only",
        Step.DELIVER: "give the reply to the caller",
    }
)
_REQUIREMENTS: Final = MappingProxyType(
    {
        FailureClass.RATE_LIMITED: "recover.rate-limited.retry-once",
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


def explain(
    provider: str, status: int, headers: Iterable[str], body: bytes, auth_type: AuthType, now: float
) -> dict[str, Json]:
    """Return what the reply means and leads to, as a document.

    Raises:
        UnknownProvider: the registry has no such provider.
        BadInput: a header is not written as `name: value`.
    """
    reply = Reply(status, dict(map(_header, headers)), body)
    verdict = classify(reply, registry.provider(provider), auth_type, now=now)
    row = RECOVERY[verdict.failure]
    return {
        "version": 1,
        "provider": provider,
        "status": status,
        "class": verdict.failure.value,
        "rule": verdict.rule,
        "codes": [*sorted(map(redact, reply.codes))],
        "message": kept(reply.message) or None,
        "action": row.step.value,
        "meaning": _STEPS[row.step],
        "scope": verdict.scope.value,
        "hint": verdict.hint if row.hint else None,
        "cooldown": _seconds(provider, verdict),
        "requirement": _REQUIREMENTS[verdict.failure],
    }


def in_words(told: dict[str, Json]) -> str:
    """Return the explanation as lines for a person."""
    hint, cooldown = told["hint"], told["cooldown"]
    lines = {
        "class": told["class"],
        "rule": told["rule"],
        "action": f"{told['action']}: {told['meaning']}",
        "rests on": told["scope"],
        "hint": duration(hint) if isinstance(hint, int | float) else "none was read",
        "cooldown": duration(cooldown) if isinstance(cooldown, int | float) else cooldown or "none",
        "requirement": told["requirement"],
        "codes": ", ".join(map(str, codes)) if isinstance(codes := told["codes"], list) else "",
        "message": told["message"],
    }
    return "".join(
        f"{name + ':':<13}{visible(str(value))}\n" for name, value in lines.items() if value
    )


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise BadInput("a header is written as 'name: value', such as 'retry-after: 30'")
    return name.strip().lower(), value.strip()


def _seconds(provider: str, verdict: Verdict) -> Json:
    """Return how long the entry is out when the pool rotates; text for good, None for not at all."""
    if RECOVERY[verdict.failure].cooldown is None:
        return None
    this, other = (Entry(id=EntryId(name), secret=Secret(name)) for name in ("this", "other"))
    state = PoolState(key=provider, provider=provider, entries=(this, other))
    failed = Failed(Call(started=0.0, model="any"), this.id, Secret("this"), verdict)
    _, call = bench(state, failed, now=0.0)
    until = call.benched[-1].until
    return "until somebody logs in again" if until == FOREVER else until
