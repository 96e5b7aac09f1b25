"""Put what a testee says into the words of scenarios: `exhausted rate_limited +60`.

Moments become seconds from the end of the phase; a cooldown that is over is none.
"""

from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.match import ANY, seconds
from credpool_conformance.testee.observed import (
    CallResult,
    Cooldown,
    EntryState,
    Event,
    PoolState,
)

EVENT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "entry.unusable": ("entry", "why"),
    "entry.refreshed": ("entry",),
    "refresh.failed": ("entry", "terminal"),
    "entry.cooled": ("entry", "class", "until", "model"),
    "entry.died": ("entry", "class"),
    "entry.recovered": ("entry", "model"),
    "owner.shared": ("owner", "entries"),
    "entry.switched": ("from", "to", "class"),
    "payer.changed": ("from", "to", "from_payer", "to_payer"),
    "pool.exhausted": ("returns_at",),
}
"""The rows of `spec/tables/events.yaml`, against which a test holds them."""

_MOMENTS: Final = ("until", "returns_at")


def attempts_in_words(result: CallResult) -> Json:
    """Write attempts as `a rate_limited retry`."""
    return [f"{made.entry} {made.failure or '-'} {made.action}" for made in result.attempts]


def exhausted_in_words(result: CallResult, now: float) -> Json:
    """Write why the pool is out, or null."""
    told = result.exhausted
    if told is None:
        return None
    return {
        "returns": _from_now(told.returns_at, now),
        "entries": {entry: _cooldown(why, now) for entry, why in told.entries.items()},
    }


def events_in_words(result: CallResult, now: float) -> Json:
    """Write events as `entry.cooled a rate_limited +60 -`; what the table does not have shows."""
    return [_event(event, now) for event in result.events]


def state_in_words(pool: PoolState, now: float) -> Mapping[str, str]:
    """Write the state of each entry."""
    return {entry.id: _state(entry, now) for entry in pool.entries}


def return_in_words(pool: PoolState, now: float) -> tuple[Json, Json]:
    """Write when a pool returns: by what it tells of its entries, and by its own word.

    An entry that is available leaves nothing to compare, and so does one whose end is not told.
    """
    out = [entry for entry in pool.entries if not (entry.unusable or entry.disabled)]
    ends = [entry.cooldown.until for entry in out if entry.status != "dead"]
    moments = [end for end in ends if end is not None and end > now]
    own = _from_now(pool.returns_at, now)
    if len(moments) < len(ends):
        return ANY, {"returns": own}
    return {"returns": _from_now(min(moments, default=None), now)}, {"returns": own}


def _state(entry: EntryState, now: float) -> str:
    status = entry.status
    if status == "exhausted" and entry.cooldown.is_over(now):
        status = "ok"
    shown = "disabled" if entry.disabled else status
    whole = shown if status == "ok" else f"{shown} {_cooldown(entry.cooldown, now)}"
    models = [
        f"{model} {_cooldown(why, now)}"
        for model, why in sorted(entry.models.items())
        if not why.is_over(now)
    ]
    return "; ".join([whole, *models])


def _event(event: Event, now: float) -> str:
    columns = EVENT_FIELDS.get(event.name, ())
    words = [_field(column, event.fields.get(column), now) for column in columns]
    strange = [f"{key}={value}" for key, value in event.fields.items() if key not in columns]
    return " ".join([event.name, *words, *strange])


def _field(name: str, value: Json, now: float) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ",".join(map(str, value)) or "-"
        case int() | float() if name in _MOMENTS:
            return f"+{seconds(value - now)}"
        case _:
            return str(value)


def _cooldown(why: Cooldown, now: float) -> str:
    left = "" if why.until is None else f" +{seconds(why.until - now)}"
    return f"{why.failure or '-'}{left}"


def _from_now(moment: float | None, now: float) -> float | None:
    return None if moment is None else round(moment - now, 3)
