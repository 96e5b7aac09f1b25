"""Tell OpenTelemetry what happens to a pool, with the extra `otel` (spec: events).

    pool.listen(OpenTelemetry(pool))

Each event is an event of the span that is current, and counts in the counter `credpool.events`.
"""

from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter

from credpool import events
from credpool.events.report import report_event
from credpool.pool import Pool

NAME: Final = "credpool"
_LABELS: Final = frozenset(
    f"{NAME}.{name}" for name in ("pool", "event", "class", "terminal", "from_payer", "to_payer")
)
"""The counter's attributes: words of closed sets, so that its series stay few."""


class OpenTelemetry:
    """A listener for one pool; where nothing is exported it costs next to nothing."""

    def __init__(self, pool: Pool, *, meter: Meter | None = None) -> None:
        """Count with the meter, or with the global one of that name."""
        self._pool = pool.state.key
        self._events = (meter or metrics.get_meter(NAME)).create_counter(
            "credpool.events", unit="{event}", description="What happened to a pool's entries"
        )

    def __call__(self, event: events.Event) -> None:
        """Note an event; what it has no value for is left out."""
        told = {name: value for name, value in report_event(event).items() if value is not None}
        attributes = {f"{NAME}.{name}": _plain(value) for name, value in told.items()}
        attributes[f"{NAME}.pool"] = self._pool
        trace.get_current_span().add_event(f"{NAME}.{event.name}", attributes)
        self._events.add(1, {n: v for n, v in attributes.items() if n in _LABELS})


def _plain(value: object) -> str | bool | float | tuple[str, ...]:
    """Return a value as an attribute may have it."""
    if isinstance(value, bool | float):
        return value
    return tuple(map(str, value)) if isinstance(value, list) else str(value)
