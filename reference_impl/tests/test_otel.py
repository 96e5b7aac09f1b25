"""What happens to a pool, as OpenTelemetry shows it."""

import httpx2
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from credpool import EntryId, FailureClass, Pool, PoolExhausted, events
from credpool.httpx2 import PoolAuth
from credpool.otel import PROVIDERS, OpenTelemetry
from credpool.providers import registry
from credpool.testing import FakeClock, FakeProvider, FakeReply

NO_MONEY = FakeReply.error(402, None, "Insufficient credits for sk-made-up-one")
URL = "https://api.openai.com/v1/chat/completions"
KEYS = ["sk-made-up-one", "sk-made-up-two"]


@pytest.fixture
def pool() -> Pool:
    """Return a pool of two keys."""
    return Pool.from_keys("openai", KEYS, clock=FakeClock())


@pytest.fixture
def reader() -> InMemoryMetricReader:
    """Return where the counts are read."""
    return InMemoryMetricReader()


@pytest.fixture
def listener(pool: Pool, reader: InMemoryMetricReader) -> OpenTelemetry:
    """Return a listener that counts there."""
    return OpenTelemetry(pool, meter=MeterProvider([reader]).get_meter("credpool"))


def counts(reader: InMemoryMetricReader) -> dict[tuple[object, ...], object]:
    """Read what was counted, by the values of the attributes."""
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    assert [(metric.name, metric.unit) for metric in metrics] == [("credpool.events", "{event}")]
    points = metrics[0].data.data_points
    return {tuple(v for _, v in sorted((p.attributes or {}).items())): p.value for p in points}


def test_events_are_on_the_span_of_the_call_and_counted(
    pool: Pool, listener: OpenTelemetry, reader: InMemoryMetricReader
) -> None:
    """The span says which entry, until when and why; the counter tells no entries apart."""
    pool.listen(listener)
    spans, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    provider = FakeProvider({key: [NO_MONEY] for key in KEYS})
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))

    with (
        tracers.get_tracer("a program").start_as_current_span("chat"),
        httpx2.Client(auth=PoolAuth(pool), transport=transport) as client,
    ):
        client.post(URL, json={"model": "gpt-5"})
        with pytest.raises(PoolExhausted):
            client.post(URL, json={"model": "gpt-5"})

    (span,) = spans.get_finished_spans()
    names = [event.name for event in span.events]
    first = dict(span.events[0].attributes or {})
    assert names[:2] == ["credpool.entry.cooled", "credpool.entry.switched"]
    assert names[-1] == "credpool.pool.exhausted"
    assert (first["credpool.entry"], first["error.type"]) == ("key-1", "out_of_credit")
    assert (first["credpool.pool"], first["gen_ai.provider.name"]) == ("openai", "openai")
    assert isinstance(first["credpool.until"], float)
    assert counts(reader)["entry.cooled", "openai", "out_of_credit", "openai"] == 2
    assert "sk-made-up" not in repr([(e.name, dict(e.attributes or {})) for e in span.events])


def test_each_value_has_a_form_that_attributes_have(
    listener: OpenTelemetry, reader: InMemoryMetricReader
) -> None:
    """Lists become tuples, and what is true or false stays so; without a span nothing is lost."""
    listener(events.OwnerShared("acme", (EntryId("a"), EntryId("b"))))
    listener(events.RefreshFailed(EntryId("a"), terminal=True))

    assert counts(reader) == {
        ("owner.shared", "openai", "openai"): 1,
        ("refresh.failed", "openai", True, "openai"): 1,
    }


def test_what_the_conventions_name_has_their_name_alone(reader: InMemoryMetricReader) -> None:
    """A provider, a model and a failure are found where every other library puts them."""
    spans, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    told = OpenTelemetry(
        Pool.from_keys("gemini", ["AIza-made-up"]),
        meter=MeterProvider([reader]).get_meter("credpool"),
    )

    with tracers.get_tracer("a program").start_as_current_span("chat"):
        told(events.EntryCooled(EntryId("a"), FailureClass.USAGE_LIMITED, 9.0, "gemini-pro"))

    assert dict(spans.get_finished_spans()[0].events[0].attributes or {}) == {
        "credpool.event": "entry.cooled",
        "credpool.pool": "gemini",
        "credpool.entry": "a",
        "credpool.until": 9.0,
        "error.type": "usage_limited",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-pro",
    }


def test_each_provider_with_another_name_is_one_of_the_registry() -> None:
    """The table of names has no provider that was renamed since."""
    assert PROVIDERS.keys() <= {*registry.names()}
