"""What can be told of a pool, as plain JSON values: times in epoch seconds, never a secret.

An `until` of None means: until somebody re-authenticates the entry.
"""

from credpool.core.cooldown import exhaustion
from credpool.core.events import Attempt
from credpool.core.model import FOREVER, Cooldown, Entry, Exhaustion, Out, PoolState

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def report_pool(state: PoolState, *, now: float) -> dict[str, Json]:
    """Return the state of each entry, and when an exhausted pool returns."""
    entries: list[Json] = [_entry(e, now) for e in state.entries]
    over = exhaustion(state, now=now, model=None) if state.is_exhausted(now) else None
    return {"entries": entries, "returns_at": None if over is None else over.returns_at}


def report_exhaustion(over: Exhaustion | None) -> dict[str, Json] | None:
    """Return why each entry is out, and when the first returns."""
    if over is None:
        return None
    return {"returns_at": over.returns_at, "entries": {o.id: _why(o) for o in over.entries}}


def report_attempt(attempt: Attempt) -> dict[str, Json]:
    """Return the entry, what its reply meant (None: no reply) and what the call did next."""
    meant = "ok" if attempt.answered else None
    if attempt.failure is not None:
        meant = attempt.failure.value
    return {"entry": attempt.entry, "class": meant, "action": attempt.step.value}


def _entry(entry: Entry, now: float) -> dict[str, Json]:
    return {
        "id": entry.id,
        "label": entry.label,
        "source": entry.source,
        "status": entry.status(now).value,
        **_why(entry.blocked(now)),
        "models": {m: _why(c) for m, c in entry.models.items() if c.until > now},
        "request_count": entry.request_count,
    }


def _why(out: Cooldown | Out | None) -> dict[str, Json]:
    if out is None or out.failure is None:
        return {"class": None, "until": None}
    return {"class": out.failure.value, "until": None if out.until == FOREVER else out.until}
