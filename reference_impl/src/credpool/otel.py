"""Tell OpenTelemetry what happens to a pool, with the extra `otel` (spec: events).

    pool.listen(OpenTelemetry(pool))

Each event is an event of the span that is current, and counts in the counter `credpool.events`.
Where the semantic conventions have a name for something, it has that name and no other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter

from credpool import events
from credpool.events.report import report_event
from credpool.pool import Pool

NAME: Final = "credpool"
PROVIDER: Final = "gen_ai.provider.name"
CONVENTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"class": "error.type", "model": "gen_ai.request.model"}
)
"""The names that the semantic conventions have for fields of an event."""

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "azure-openai": "azure.ai.openai",
        "bedrock": "aws.bedrock",
        "chatgpt": "openai",
        "gemini": "gcp.gemini",
        "mistral": "mistral_ai",
        "vertex": "gcp.vertex_ai",
        "xai": "x_ai",
    }
)
"""The names that the semantic conventions have for providers; the others have the registry's."""

_LABELS: Final = frozenset(
    {PROVIDER, CONVENTIONS["class"]}
    | {f"{NAME}.{name}" for name in ("pool", "event", "terminal", "from_payer", "to_payer")}
)
"""The counter's attributes: words of closed sets, so that its series stay few."""


class OpenTelemetry:
    """A listener for one pool; where nothing is exported it costs next to nothing."""

    def __init__(self, pool: Pool, *, meter: Meter | None = None) -> None:
        """Count with the meter, or with the global one of that name."""
        state = pool.state
        provider = PROVIDERS.get(state.provider, state.provider)
        self._always = {f"{NAME}.pool": state.key, PROVIDER: provider}
        self._events = (meter or metrics.get_meter(NAME)).create_counter(
            "credpool.events", unit="{event}", description="What happened to a pool's entries"
        )

    def __call__(self, event: events.Event) -> None:
        """Note an event; what it has no value for is left out."""
        told = {name: value for name, value in report_event(event).items() if value is not None}
        named = {CONVENTIONS.get(n, f"{NAME}.{n}"): _plain(value) for n, value in told.items()}
        attributes = self._always | named
        trace.get_current_span().add_event(f"{NAME}.{event.name}", attributes)
        self._events.add(1, {n: v for n, v in attributes.items() if n in _LABELS})


def _plain(value: object) -> str | bool | float | tuple[str, ...]:
    """Return a value as an attribute may have it."""
    if isinstance(value, bool | float):
        return value
    return tuple(map(str, value)) if isinstance(value, list) else str(value)
