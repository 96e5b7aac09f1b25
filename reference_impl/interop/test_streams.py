"""Streams of Gemini through its SDK: a failure in the first event rotates, healthy bytes stay as they are.

Run by `nox -s sdks`; the other dialects are in `reference_impl/tests/test_sdks.py`.
"""

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

genai: Any = pytest.importorskip("google.genai", reason="it is in the other environments")

from google.genai.types import HttpOptions  # noqa: E402  behind the check above

from credpool import FailureClass, Pool, events  # noqa: E402
from credpool.httpx import PoolAuth  # noqa: E402
from credpool.testing import FakeProvider, FakeReply  # noqa: E402

ONE, TWO = "made-up-one", "made-up-two"
ASKED = {"model": "gemini-2.5-flash", "contents": "Say hello."}
QUOTA = {
    "error": {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"},
        ],
    }
}
Pack = Callable[[bytes], bytes]


def said(text: str) -> bytes:
    """Return one healthy event, in the line ends that Google writes."""
    content = {"role": "model", "parts": [{"text": text}]}
    data = {"candidates": [{"content": content, "index": 0}], "modelVersion": "fake"}
    return f"data: {json.dumps(data)}\r\n\r\n".encode()


def refused() -> bytes:
    """Return an event that says that the day's quota is used up."""
    return f"data: {json.dumps(QUOTA)}\r\n\r\n".encode()


def stream_of(body: bytes, pack: Pack) -> FakeReply:
    """Return a stream of status 200 in pieces of seven bytes."""
    packed = pack(body)
    coding = {"content-encoding": "gzip"} if pack is gzip.compress else {}
    pieces = [packed[n : n + 7] for n in range(0, len(packed), 7)]
    return FakeReply(headers={"content-type": "text/event-stream", **coding}, body=pieces)


def client_of(pool: Pool, url: str) -> Any:  # noqa: ANN401  an SDK's
    """Make the SDK's client."""
    plain: dict[str, Any] = {"auth": PoolAuth(pool), "trust_env": False}
    options = HttpOptions(
        base_url=url,
        httpx_client=httpx.Client(**plain),
        httpx_async_client=httpx.AsyncClient(**plain),
    )
    return genai.Client(api_key="from-the-pool", http_options=options)


def blocking(pool: Pool, url: str) -> list[str]:
    """Return the pieces of an answer."""
    llm = client_of(pool, url)
    return [piece.text for piece in llm.models.generate_content_stream(**ASKED)]


def asynchronous(pool: Pool, url: str) -> list[str]:
    """Return the same, from the asynchronous client."""

    async def answer() -> list[str]:
        llm = client_of(pool, url)
        pieces = await llm.aio.models.generate_content_stream(**ASKED)
        return [piece.text async for piece in pieces]

    return asyncio.run(answer())


ways = pytest.mark.parametrize("ask", [blocking, asynchronous], ids=lambda way: way.__name__)
packs = pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])


def pool_at(upstream: FakeProvider, keys: Sequence[str] = (ONE, TWO)) -> Pool:
    """Return a pool of two keys of Google AI Studio."""
    return Pool.from_keys("gemini", keys, base_url=f"{upstream.url}/v1beta")


@ways
@packs
def test_a_first_event_that_fails_rotates_unseen(
    ask: Callable[[Pool, str], list[str]], pack: Pack
) -> None:
    """The SDK has the second key's answer, and was told nothing of the first."""
    told: list[events.Event] = []
    script = {ONE: [stream_of(refused(), pack)], TWO: [stream_of(said("Hel") + said("lo."), pack)]}
    with FakeProvider(script) as upstream:
        pool = pool_at(upstream)
        pool.listen(told.append)

        pieces = ask(pool, upstream.url)

    assert pieces == ["Hel", "lo."]
    assert upstream.secrets == [ONE, TWO]
    assert isinstance(told[0], events.EntryCooled)
    assert told[0].failure is FailureClass.USAGE_LIMITED


@ways
@packs
def test_a_later_event_that_fails_counts_for_the_next_call(
    ask: Callable[[Pool, str], list[str]], pack: Pack
) -> None:
    """The stream that has begun is the caller's, whatever the SDK makes of it; the next call has the next key."""
    script = {ONE: [stream_of(said("Hel") + refused(), pack)]}
    with FakeProvider(script) as upstream:
        pool = pool_at(upstream)
        try:
            ask(pool, upstream.url)
        except Exception as err:  # noqa: BLE001  the SDK's own
            assert "RESOURCE_EXHAUSTED" in str(err)  # noqa: PT017  either is right

        pieces = ask(pool, upstream.url)

    assert "".join(pieces) == "Hello."
    assert upstream.secrets == [ONE, TWO]


@packs
def test_a_healthy_stream_is_handed_on_as_it_came(pack: Pack) -> None:
    """Byte for byte, compressed or not: what was read to judge the first event comes again."""
    body = said("Hel") + said("lo.")
    with FakeProvider({ONE: [stream_of(body, pack)]}) as upstream:
        auth = PoolAuth(pool_at(upstream))
        where = f"{upstream.url}/v1beta/models/fake:streamGenerateContent?alt=sse"

        with (
            httpx.Client(auth=auth, trust_env=False) as client,
            client.stream("POST", where, json={}) as response,
        ):
            raw = b"".join(response.iter_raw())

    assert raw == pack(body)
    assert upstream.secrets == [ONE]
