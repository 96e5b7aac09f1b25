"""The real `openai` and `anthropic` SDKs on a loopback server, with a pool between."""

import asyncio
import contextlib
import gzip
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

import credpool.httpx
from credpool import Exhaustion, FailureClass, Pool, PoolExhausted
from credpool._calls.sdk_errors import let_through
from credpool.errors import WrongOrigin
from credpool.httpx2 import PoolAuth
from credpool.testing import FakeClock, FakeProvider, FakeReply

CLIENTS = [
    (openai.OpenAI, openai.DefaultHttpxClient),
    (openai.AsyncOpenAI, openai.DefaultAsyncHttpxClient),
    (anthropic.Anthropic, anthropic.DefaultHttpxClient),
    (anthropic.AsyncAnthropic, anthropic.DefaultAsyncHttpxClient),
]
ONE, TWO, THREE = "sk-made-up-one", "sk-made-up-two", "sk-made-up-three"
Part = Any  # an answer or an event of either SDK
Option = Any  # what an SDK's constructor takes
Answer = Callable[..., str]

# Nothing here speaks TLS, and a proxy of the machine's is not to be asked.
PLAIN: dict[str, Any] = {"verify": False, "trust_env": False}
PLACEHOLDER = "from-the-pool"
HELLO = [{"role": "user", "content": "Say hello."}]

RATE_LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """One API of one SDK: how to make its clients, ask it, and read what it says."""

    provider: str
    path: str
    sync: Callable[..., Any]
    asynchronous: Callable[..., Any]
    ask: Callable[..., Any]
    read: Callable[[Part], str]
    refusal: type[Exception]
    told: str

    def answer(self, pool: Pool, url: str, *, stream: bool, **options: Option) -> str:
        """Ask with the blocking client, and return the text of the answer."""
        with httpx2.Client(auth=PoolAuth(pool), **PLAIN) as http:
            client = self.sync(
                api_key=PLACEHOLDER, base_url=url + self.path, http_client=http, **options
            )
            got = self.ask(client, stream)
            return "".join(self.read(part) for part in (got if stream else [got]))

    def answer_async(self, pool: Pool, url: str, *, stream: bool, **options: Option) -> str:
        """Ask with the asynchronous client, and return the text of the answer."""

        async def answer() -> str:
            async with httpx2.AsyncClient(auth=PoolAuth(pool), **PLAIN) as http:
                client = self.asynchronous(
                    api_key=PLACEHOLDER, base_url=url + self.path, http_client=http, **options
                )
                got = await self.ask(client, stream)
                if not stream:
                    return self.read(got)
                return "".join([self.read(part) async for part in got])

        return asyncio.run(answer())


def read_openai(part: Part) -> str:
    """Return the text in an answer of OpenAI's, or in one event of its stream."""
    match part.object if hasattr(part, "object") else part.type:
        case "chat.completion":
            return str(part.choices[0].message.content)
        case "chat.completion.chunk":
            return str(part.choices[0].delta.content)
        case "response":
            return str(part.output_text)
        case "response.output_text.delta":
            return str(part.delta)
        case _:
            return ""


def read_anthropic(part: Part) -> str:
    """Return the text in an answer of Anthropic's, or in one event of its stream."""
    match part.type:
        case "message":
            return str(part.content[0].text)
        case "content_block_delta":
            return str(part.delta.text)
        case _:
            return ""


CHAT = Sdk(
    provider="openai",
    path="/v1",
    sync=openai.OpenAI,
    asynchronous=openai.AsyncOpenAI,
    ask=lambda client, stream: client.chat.completions.create(
        model="gpt-5", messages=HELLO, stream=stream
    ),
    read=read_openai,
    refusal=openai.APIStatusError,
    told='data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    '"error":{"code":402,"message":"no money"}}\n\n',
)
RESPONSES = Sdk(
    provider="openai",
    path="/v1",
    sync=openai.OpenAI,
    asynchronous=openai.AsyncOpenAI,
    ask=lambda client, stream: client.responses.create(
        model="gpt-5", input="Say hello.", stream=stream
    ),
    read=read_openai,
    refusal=openai.APIStatusError,
    told='event: response.failed\ndata: {"type":"response.failed","sequence_number":9,"response":'
    '{"id":"r","status":"failed","error":{"code":"insufficient_quota","message":"no money"}}}\n\n',
)
MESSAGES = Sdk(
    provider="anthropic",
    path="",
    sync=anthropic.Anthropic,
    asynchronous=anthropic.AsyncAnthropic,
    ask=lambda client, stream: client.messages.create(
        model="claude-sonnet-5", max_tokens=9, messages=HELLO, stream=stream
    ),
    read=read_anthropic,
    refusal=anthropic.APIStatusError,
    told='event: error\ndata: {"type":"error","error":{"type":"billing_error","message":"no money"}}\n\n',
)


@pytest.fixture(
    params=[
        pytest.param(CHAT, id="openai-chat"),
        pytest.param(RESPONSES, id="openai-responses"),
        pytest.param(MESSAGES, id="anthropic"),
    ]
)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """Return each API of each SDK."""
    found: Sdk = request.param
    return found


@pytest.fixture(params=["sync", "async"])
def answer(request: pytest.FixtureRequest, sdk: Sdk) -> Answer:
    """Return how the SDK is asked: blocking, and asynchronously."""
    return sdk.answer if request.param == "sync" else sdk.answer_async


streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def pool_of(
    sdk: Sdk, provider: FakeProvider, secrets: Sequence[str], clock: FakeClock | None = None
) -> Pool:
    """Return a pool of keys of the SDK's provider, at the fake one's address."""
    return Pool.from_keys(
        sdk.provider, secrets, base_url=provider.url + sdk.path, clock=clock or FakeClock()
    )


@streamed
def test_rotates_within_one_attempt(sdk: Sdk, answer: Answer, *, stream: bool) -> None:
    """Three keys, two of them throttled: an SDK that may not retry still gets its answer."""
    with FakeProvider({ONE: repeat(RATE_LIMITED), TWO: repeat(RATE_LIMITED)}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO, THREE])

        text = answer(pool, provider.url, stream=stream, max_retries=0)

    assert text == "Hello."
    assert provider.secrets == [ONE, ONE, TWO, TWO, THREE]


@streamed
def test_the_placeholder_is_never_sent(sdk: Sdk, answer: Answer, *, stream: bool) -> None:
    """Every request carries one credential, the pool's, where the SDK had put its own."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        answer(pool, provider.url, stream=stream)

    assert [r.credentials for r in provider.requests] == [
        (("authorization", ONE),),
        (("authorization", TWO),),
    ]
    assert PLACEHOLDER not in repr(provider.requests)


def test_an_older_anthropic_header_is_kept() -> None:
    """A client that speaks the older version, with `x-api-key`, is answered in that header."""
    with FakeProvider() as provider:
        pool = pool_of(MESSAGES, provider, [ONE])

        headers = {"Authorization": anthropic.omit, "x-api-key": PLACEHOLDER}
        MESSAGES.answer(pool, provider.url, stream=False, default_headers=headers)

    assert provider.requests[0].credentials == (("x-api-key", ONE),)


def test_the_sdks_own_headers_arrive(sdk: Sdk, answer: Answer) -> None:
    """What the SDK says of itself reaches the provider, on the last attempt as on the first."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        answer(pool, provider.url, stream=False, default_headers={"x-trace": "7"})

    for request in provider.requests:
        assert request.header("x-trace") == "7"
        assert "Anthropic" in (agent := request.header("user-agent") or "") or "OpenAI" in agent
    first, last = (dict(r.headers) | {"authorization": ""} for r in provider.requests)
    assert first == last


@streamed
def test_an_exhausted_pool_is_asked_once(sdk: Sdk, answer: Answer, *, stream: bool) -> None:
    """When all keys are out the SDK raises the last reply's error, and does not try again."""
    with FakeProvider({ONE: repeat(RATE_LIMITED), TWO: repeat(RATE_LIMITED)}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        with pytest.raises(sdk.refusal, match="Rate limit reached") as raised:
            answer(pool, provider.url, stream=stream)

    assert provider.secrets == [ONE, ONE, TWO, TWO]
    assert getattr(raised.value, "status_code", None) == 429
    assert pool.exhaustion("gpt-5") is not None


def test_a_fault_that_is_not_the_keys_is_the_sdks_to_retry(sdk: Sdk, answer: Answer) -> None:
    """A 503 is delivered as it came, so that the SDK's own retry gets past it, with the same key."""
    busy = FakeReply.error(503, None, "overloaded", headers={"retry-after-ms": "1"})
    with FakeProvider({ONE: [busy]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        text = answer(pool, provider.url, stream=False)

    assert text == "Hello."
    assert provider.secrets == [ONE, ONE]


def exhausted(sdk: Sdk, provider: FakeProvider) -> Pool:
    """Return a pool whose only key has just been refused."""
    pool = pool_of(sdk, provider, [ONE])
    with pytest.raises(sdk.refusal):
        sdk.answer(pool, provider.url, stream=False)
    return pool


@streamed
def test_pool_exhausted_comes_through(sdk: Sdk, answer: Answer, *, stream: bool) -> None:
    """With nothing to send, the SDK raises `PoolExhausted` as it is, and at once: no retry, no other words."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = exhausted(sdk, provider)

        with pytest.raises(
            PoolExhausted, match=r"no credential .* \(key-1 out_of_credit\)"
        ) as raised:
            answer(pool, provider.url, stream=stream)

    assert provider.secrets == [ONE]
    assert [out.failure for out in raised.value.exhaustion.entries] == [FailureClass.OUT_OF_CREDIT]
    assert isinstance(raised.value, (anthropic.AnthropicError, openai.OpenAIError))


def test_another_origin_comes_through(sdk: Sdk, answer: Answer) -> None:
    """A request to a host that is not the pool's is refused in our words, and nothing is sent."""
    with FakeProvider() as provider:
        pool = Pool.from_keys(sdk.provider, [ONE])

        with pytest.raises(WrongOrigin, match="this pool's credentials belong to https://api"):
            answer(pool, provider.url, stream=False)

    assert provider.secrets == []


def test_an_error_that_came_through_is_copied_as_it_was() -> None:
    """A process pool or a log that pickles it has the plain error, with its evidence."""
    error = let_through(PoolExhausted(Exhaustion(returns_at=7.0, entries=()), "none is left"))

    copied = pickle.loads(pickle.dumps(error))  # noqa: S301  written just now

    assert isinstance(error, anthropic.AnthropicError)
    assert type(copied) is PoolExhausted
    assert (str(copied), copied.returns_at) == ("none is left", 7.0)
    assert type(let_through(error)) is type(error)


@pytest.mark.parametrize("sdk", [CHAT, RESPONSES], ids=["chat", "responses"], indirect=True)
def test_openai_on_the_older_client(sdk: Sdk) -> None:
    """The `openai` SDK also takes an `httpx` client, and rotates with it."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])
        with httpx.Client(auth=credpool.httpx.PoolAuth(pool), **PLAIN) as http:
            client = sdk.sync(api_key=PLACEHOLDER, base_url=provider.url + "/v1", http_client=http)

            text = sdk.read(sdk.ask(client, False))  # noqa: FBT003  the SDK's own parameter

    assert text == "Hello."
    assert provider.secrets == [ONE, TWO]


def test_two_clients_share_a_pool() -> None:
    """What one client learns of a key, the next client of the same pool knows."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = pool_of(CHAT, provider, [ONE, TWO])

        CHAT.answer(pool, provider.url, stream=False)
        RESPONSES.answer_async(pool, provider.url, stream=True)

    assert provider.secrets == [ONE, TWO, TWO]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param({ONE: [NO_MONEY], TWO: [NO_MONEY]}, id="all refused"),
        pytest.param({ONE: [NO_MONEY], TWO: [FakeReply(dropped=True)]}, id="no reply"),
    ],
)
def test_an_sdks_errors_and_logs_show_no_secret(
    script: Mapping[str, list[FakeReply]],
    sdk: Sdk,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the log at DEBUG nor a traceback with all variables holds a key of the pool."""
    caplog.set_level(logging.DEBUG)
    with FakeProvider(script) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        with pytest.raises((openai.APIError, anthropic.APIError)) as raised:
            answer(pool, provider.url, stream=False, max_retries=0)

    trace = raised.value.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error = raised.value.with_traceback(trace)
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(found.format())
    assert provider.secrets == [ONE, TWO]
    assert {sdk.sync.__module__.partition(".")[0], "httpx2", "httpcore2"} <= {
        record.name.partition(".")[0] for record in caplog.records
    }
    for secret in (ONE, TWO):
        assert secret not in text
        assert secret not in caplog.text


def told(sdk: Sdk, pack: Callable[[bytes], bytes], begun: str = "") -> FakeReply:
    """Return a stream of status 200 that says that there is no money, in pieces of five bytes."""
    body = pack((begun + sdk.told).encode())
    coding = {"content-encoding": "gzip"} if pack is gzip.compress else {}
    return FakeReply(
        headers={"content-type": "text/event-stream", **coding},
        body=[body[start : start + 5] for start in range(0, len(body), 5)],
    )


packed = pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])


@packed
def test_a_first_event_that_fails_rotates_unseen(
    sdk: Sdk, answer: Answer, pack: Callable[[bytes], bytes]
) -> None:
    """A refusal in a stream's first event reaches no SDK: the next key answers."""
    with FakeProvider({ONE: [told(sdk, pack)]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        text = answer(pool, provider.url, stream=True, max_retries=0)

    assert text == "Hello."
    assert provider.secrets == [ONE, TWO]


@packed
def test_a_later_event_that_fails_counts_for_the_next_call(
    sdk: Sdk, answer: Answer, pack: Callable[[bytes], bytes]
) -> None:
    """A refusal further on is the caller's, and the next call begins with the next key."""
    with FakeProvider({ONE: [told(sdk, pack, "event: ping\ndata: {}\n\n")]}) as provider:
        pool = pool_of(sdk, provider, [ONE, TWO])

        with contextlib.suppress(openai.APIError, anthropic.APIError, KeyError, AttributeError):
            answer(pool, provider.url, stream=True, max_retries=0)
        text = answer(pool, provider.url, stream=True, max_retries=0)

    assert text == "Hello."
    assert provider.secrets == [ONE, TWO]


def settings_of(client: httpx2.Client | httpx2.AsyncClient) -> Mapping[str, object]:
    """Return what an SDK sets of its HTTP client: time-outs, redirects and limits."""
    pool = client._transport._pool  # type: ignore[union-attr]  # noqa: SLF001  httpx2 tells it nowhere else
    return {
        "timeout": client.timeout,
        "follow_redirects": client.follow_redirects,
        "max_redirects": client.max_redirects,
        "connections": pool._max_connections,  # noqa: SLF001
        "kept alive": pool._max_keepalive_connections,  # noqa: SLF001
        "for": pool._keepalive_expiry,  # noqa: SLF001
    }


@pytest.mark.parametrize(("sdk", "client"), CLIENTS, ids=lambda found: found.__name__)
def test_the_clients_that_the_pages_show_are_the_sdks_own(
    sdk: Callable[..., Any], client: Callable[..., Any]
) -> None:
    """Time-outs, redirects and limits are what the SDK has without a pool, and no bare client's."""
    pool = Pool.from_keys("openai", [ONE])
    usual = sdk(api_key=PLACEHOLDER)

    shown = client(auth=PoolAuth(pool))

    assert settings_of(shown) == settings_of(usual._client)  # noqa: SLF001
    assert settings_of(shown) != settings_of(httpx2.Client(auth=PoolAuth(pool)))
    assert sdk(api_key=PLACEHOLDER, http_client=shown).timeout == usual.timeout


def test_no_page_shows_a_bare_client_to_an_sdk() -> None:
    """Wherever an SDK is shown, it is with its own client."""
    root = Path(__file__).parents[2]
    pages = [
        *root.glob("*.md"),
        *root.glob("docs/**/*.md"),
        *root.glob("reference_impl/src/**/*.py"),
    ]
    bare = re.compile(r"http_client\s*=\s*httpx2?\.")

    assert pages
    assert [str(page) for page in pages if bare.search(page.read_text(encoding="utf-8"))] == []
