"""Put what a testee says into the words of scenarios: `exhausted rate_limited +60`.

Moments become seconds from the end of the phase; a cooldown that is over is none.
"""

from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.match import ANY, seconds

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


def attempts_in_words(result: Mapping[str, Json]) -> Json:
    """Write attempts as `a rate_limited retry`."""
    return [
        f"{attempt.get('entry')} {attempt.get('class') or '-'} {attempt.get('action')}"
        for attempt in map(fields, items(result.get("attempts")))
    ]


def exhausted_in_words(result: Mapping[str, Json], now: float) -> Json:
    """Write why the pool is out, or null."""
    told = result.get("exhausted")
    if not isinstance(told, dict):
        return None
    returns = told.get("returns_at")
    return {
        "returns": round(returns - now, 3) if isinstance(returns, int | float) else None,
        "entries": {
            entry: _cooldown(fields(why), now) for entry, why in fields(told.get("entries")).items()
        },
    }


def events_in_words(result: Mapping[str, Json], now: float) -> Json:
    """Write events as `entry.cooled a rate_limited +60 -`; what the table does not have shows."""
    return [_event(fields(event), now) for event in items(result.get("events"))]


def state_in_words(pool: Mapping[str, Json], now: float) -> tuple[Json, Mapping[str, Json]]:
    """Write the state of each entry, and its request count."""
    entries = [fields(entry) for entry in items(pool.get("entries"))]
    states: Json = {text(entry.get("id")): _state(entry, now) for entry in entries}
    return states, {text(entry.get("id")): entry.get("request_count") for entry in entries}


def return_in_words(pool: Mapping[str, Json], now: float) -> tuple[Json, Json]:
    """Write when a pool returns: by what it tells of its entries, and by its own word.

    An entry that is available leaves nothing to compare, and so does one whose end is not told.
    """
    entries = map(fields, items(pool.get("entries")))
    out = [entry for entry in entries if not (entry.get("why") or entry.get("disabled"))]
    ends = [entry.get("until") for entry in out if entry.get("status") != "dead"]
    moments = [end for end in ends if isinstance(end, int | float) and end > now]
    told = pool.get("returns_at")
    own = round(told - now, 3) if isinstance(told, int | float) else None
    if len(moments) < len(ends):
        return ANY, {"returns": own}
    return {"returns": round(min(moments) - now, 3) if moments else None}, {"returns": own}


def _state(entry: Mapping[str, Json], now: float) -> str:
    status, paused = text(entry.get("status")), entry.get("disabled") is True
    if status == "exhausted" and _is_over(entry, now):
        status = "ok"
    shown = "disabled" if paused else status
    whole = shown if status == "ok" else f"{shown} {_cooldown(entry, now)}"
    models = [
        f"{model} {_cooldown(fields(why), now)}"
        for model, why in sorted(fields(entry.get("models")).items())
        if not _is_over(fields(why), now)
    ]
    return "; ".join([whole, *models])


def _event(event: Mapping[str, Json], now: float) -> str:
    name = text(event.get("event"))
    columns = EVENT_FIELDS.get(name, ())
    words = [_field(column, event.get(column), now) for column in columns]
    strange = [f"{key}={event[key]}" for key in event if key not in ("event", *columns)]
    return " ".join([name, *words, *strange])


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


def _cooldown(why: Mapping[str, Json], now: float) -> str:
    until = why.get("until")
    left = f" +{seconds(until - now)}" if isinstance(until, int | float) else ""
    return f"{why.get('class') or '-'}{left}"


def _is_over(why: Mapping[str, Json], now: float) -> bool:
    until = why.get("until")
    return isinstance(until, int | float) and until <= now
