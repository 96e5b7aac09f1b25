"""The error of a call that sent nothing: which entry is out, why, and when the first returns (spec: exhaustion)."""

from credpool._engine.engine import Engine
from credpool.model.errors import PoolExhausted
from credpool.model.exhaustion import Exhaustion, Out
from credpool.model.text import duration, visible


def exhausted(engine: Engine, exhaustion: Exhaustion | None) -> PoolExhausted:
    """Return the error, with its evidence."""
    found = exhaustion if exhaustion is not None else Exhaustion(returns_at=None, entries=())
    reasons = ", ".join(f"{_name(engine, out)} {_reason(out)}" for out in found.entries[:10])
    when = (
        "none returns by itself"
        if found.returns_at is None
        else f"the first returns in {duration(found.returns_at - engine.clock.now())}"
    )
    return PoolExhausted(
        found,
        f"no credential of the pool {engine.key!r} is available ({reasons or 'it is empty'}); "
        f"{when}; use the next provider, or try again then",
    )


def _name(engine: Engine, out: Out) -> str:
    entry = engine.known.find(out.id)
    return visible((entry.label if entry is not None else "") or out.id)


def _reason(out: Out) -> str:
    if out.forbidden:
        return "is left out, for payer_change forbids its payer"
    return out.failure.value if out.failure else out.why or "is out"
