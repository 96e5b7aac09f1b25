"""Failing replies whose bodies are cut off, false, endless or slow, through both libraries."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import anyio
import httpx
import httpx2
import pytest

import credpool.httpx
import credpool.httpx2
from credpool import Pool
from credpool._calls.body import MOST, PATIENCE
from credpool.testing import FakeClock, FakeProvider, FakeReply

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
PATH = "/v1/chat/completions"
NO_MONEY = b'{"error": {"message": "Insufficient credits"}}'
USED_UP = b'{"error": {"message": "no", "code": "usage_limit_reached"}}'
JSON = {"content-type": "application/json"}
LARGE = b'{"error": {"message": "' + b"no " * 100_000 + b'"}}'

Message = Any  # a request or a response of either library
Option = Any  # of a client


class Body(
    httpx2.SyncByteStream, httpx2.AsyncByteStream, httpx.SyncByteStream, httpx.AsyncByteStream
):
    """A body of either library; it counts what was taken of it, and notes that it was closed."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self._pieces = pieces
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces():
            self.taken += len(piece)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        """Note it."""
        self.closed = True

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client library, used in one of its two ways."""

    library: ModuleType
    auth: Callable[[Pool], Any]
    asynchronous: bool

    def post(self, pool: Pool | None, url: str, **options: Option) -> Message:
        """Post to the URL, through a pool if there is one, and return the reply with its body read."""
        auth = None if pool is None else self.auth(pool)
        settings = {"auth": auth, "verify": False, "trust_env": False, **options}
        if not self.asynchronous:
            with self.library.Client(**settings) as client:
                return client.post(url, json={"model": "gpt-5"})

        async def post() -> Message:
            async with self.library.AsyncClient(**settings) as client:
                return await client.post(url, json={"model": "gpt-5"})

        return asyncio.run(post())

    def scripted(self, reply: Callable[[str], Message]) -> dict[str, Any]:
        """Return the options under which `reply` answers each secret."""

        def handle(request: Message) -> Message:
            raw = dict(request.headers.raw)
            return reply(raw[b"authorization"].decode().removeprefix("Bearer "))

        return {"transport": self.library.MockTransport(handle)}


@pytest.fixture(
    params=[
        pytest.param((library, auth, asynchronous), id=f"{library.__name__}-{way}")
        for library, auth in (
            (httpx2, credpool.httpx2.PoolAuth),
            (httpx, credpool.httpx.PoolAuth),
        )
        for asynchronous, way in ((False, "sync"), (True, "async"))
    ]
)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Return each client library, used in each of its two ways."""
    library, auth, asynchronous = request.param
    return Caller(library=library, auth=auth, asynchronous=asynchronous)


def pool_at(url: str, *secrets: str, clock: FakeClock | None = None) -> Pool:
    """Return a pool of keys for a server."""
    return Pool.from_keys("generic", secrets, base_url=f"{url}/v1", clock=clock or FakeClock())


def cut_off(*pieces: bytes) -> Iterator[bytes]:
    """Yield the pieces, and break the connection."""
    yield from pieces
    raise ConnectionResetError


def benched(pool: Pool) -> list[str | None]:
    """Return why each entry is out."""
    return [e.cooldown.failure.value if e.cooldown else None for e in pool.state.entries]


BROKEN: dict[str, Callable[[], tuple[dict[str, str], Any]]] = {
    "cut off": lambda: (JSON, cut_off(NO_MONEY[:20])),
    "cut off before it began": lambda: (JSON, cut_off()),
    "no gzip": lambda: ({**JSON, "content-encoding": "gzip"}, NO_MONEY),
    "no deflate": lambda: ({"content-encoding": "deflate"}, b"\xff\xfe garbage"),
    "a part of gzip": lambda: (
        {"content-encoding": "gzip"},
        cut_off(gzip.compress(NO_MONEY * 50)[:40]),
    ),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize(
    ("status", "failure"),
    [(402, "out_of_credit"), (401, "auth_rejected"), (429, "rate_limited")],
)
def test_a_refusal_that_cannot_be_read_rotates(
    how: str, status: int, failure: str, caller: Caller
) -> None:
    """A broken body is judged by the reply's status, and the next key answers."""
    replies = []
    for _ in range(2):  # a throttled key is asked twice
        headers, body = BROKEN[how]()
        replies.append(FakeReply(status=status, headers=headers, body=body))
    with FakeProvider({ONE: replies}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        response = caller.post(pool, provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets[-1] == TWO
    assert benched(pool) == [failure, None]


def test_what_came_before_the_break_counts(caller: Caller) -> None:
    """An error that has come whole is understood, though the connection breaks behind it."""
    reply = FakeReply(status=429, headers=JSON, body=cut_off(USED_UP))
    with FakeProvider({ONE: [reply]}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        caller.post(pool, provider.url + PATH)

    assert provider.secrets == [ONE, TWO]
    assert benched(pool) == ["usage_limited", None]


def test_the_beginning_of_json_is_no_message(caller: Caller) -> None:
    """No rule for texts is tried on JSON that is cut off: it may be the caller's own prompt."""
    body = cut_off(b'{"error": {"param": "my credit balance is too low", "mess')
    reply = FakeReply(status=400, headers=JSON, body=body)
    with FakeProvider({ONE: [reply]}) as provider, suppress(caller.library.HTTPError):
        pool = pool_at(provider.url, ONE, TWO)

        caller.post(pool, provider.url + PATH)

    assert provider.secrets == [ONE]
    assert benched(pool) == [None, None]


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_reply_is_delivered_broken(how: str, caller: Caller) -> None:
    """Who gets a reply that cannot be read gets the error that there is without a pool."""
    raised = []
    for pooled in (False, True):
        headers, body = BROKEN[how]()
        reply = FakeReply(status=400, headers=headers, body=body)
        with FakeProvider({ONE: [reply], "": [reply]}) as provider:
            pool = pool_at(provider.url, ONE, TWO) if pooled else None
            with pytest.raises(caller.library.HTTPError) as caught:
                caller.post(pool, provider.url + PATH)
        raised.append(type(caught.value))

    assert raised[0] is raised[1]


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_a_long_reply_is_delivered_whole(coding: str | None, caller: Caller) -> None:
    """A refusal far longer than what is judged reaches the caller to its last byte."""
    sent = gzip.compress(LARGE) if coding else LARGE
    headers = JSON | ({"content-encoding": coding} if coding else {})
    with FakeProvider({ONE: [FakeReply(status=400, headers=headers, body=sent)]}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        response = caller.post(pool, provider.url + PATH)

    assert response.status_code == 400
    assert response.content == LARGE
    assert response.num_bytes_downloaded == len(sent)
    assert response.elapsed.total_seconds() > 0


def test_an_endless_refusal_is_left(caller: Caller) -> None:
    """Of an endless body no more is read than is judged; it is closed, and the next key answers."""
    endless = Body(lambda: iter(lambda: b"x" * 1000, b""))
    answers = {ONE: caller.library.Response(402, stream=endless)}
    pool = pool_at("http://api.example", ONE, TWO)

    options = caller.scripted(lambda secret: answers.get(secret) or caller.library.Response(200))
    response = caller.post(pool, f"http://api.example{PATH}", **options)

    assert response.status_code == 200
    assert MOST <= endless.taken < MOST + 1000
    assert endless.closed
    assert benched(pool) == ["out_of_credit", None]


def test_a_slow_refusal_is_left(caller: Caller) -> None:
    """A body that comes a byte a second is read for as long as there is patience, and no longer."""
    clock = FakeClock()

    def drip() -> Iterator[bytes]:
        while True:
            clock.advance(1.0)
            yield b"."

    slow = Body(drip)
    answers = {ONE: caller.library.Response(402, stream=slow)}
    pool = pool_at("http://api.example", ONE, TWO, clock=clock)

    options = caller.scripted(lambda secret: answers.get(secret) or caller.library.Response(200))
    response = caller.post(pool, f"http://api.example{PATH}", **options)

    assert response.status_code == 200
    assert slow.taken == PATIENCE
    assert slow.closed
    assert benched(pool) == ["out_of_credit", None]


def test_a_slow_reply_is_delivered_whole(caller: Caller) -> None:
    """What was read of a slow body in the pool's time, and what comes later, is the caller's."""
    clock = FakeClock()

    def drip() -> Iterator[bytes]:
        for letter in b"bad request, in so many words":
            clock.advance(1.0)
            yield bytes([letter])

    pool = pool_at("http://api.example", ONE, TWO, clock=clock)

    options = caller.scripted(lambda _: caller.library.Response(400, stream=Body(drip)))
    response = caller.post(pool, f"http://api.example{PATH}", **options)

    assert response.text == "bad request, in so many words"


def test_a_compressed_flood_is_left(caller: Caller) -> None:
    """Of a body that would fill the memory once decoded no more is decoded than is judged."""
    flood = gzip.compress(b"\0" * 50_000_000)
    reply = FakeReply(status=402, headers={"content-encoding": "gzip"}, body=flood)
    with FakeProvider({ONE: [reply]}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        response = caller.post(pool, provider.url + PATH)

    assert response.status_code == 200
    assert [len(old.content) for old in response.history] == [0]


def test_the_connection_of_a_left_reply_is_free(caller: Caller) -> None:
    """A client with one connection can go on behind a refusal that nobody reads to its end."""
    reply = FakeReply(status=402, headers=JSON, body=LARGE * 20)
    with FakeProvider({ONE: [reply]}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        limits = caller.library.Limits(max_connections=1)
        response = caller.post(pool, provider.url + PATH, limits=limits)

    assert response.status_code == 200


@pytest.mark.parametrize("keeps", [True, False], ids=["keeps", "wastes"])
def test_a_hook_may_have_read_the_body(keeps: bool, caller: Caller) -> None:  # noqa: FBT001
    """A body that the caller's hook has read is judged if it was kept, else the status is."""

    def hear(response: Message) -> None:
        _ = response.read() if keeps else [*response.iter_bytes()]

    async def hear_async(response: Message) -> None:
        _ = await response.aread() if keeps else [part async for part in response.aiter_bytes()]

    hooks = {"response": [hear_async if caller.asynchronous else hear]}
    used_up = FakeReply(status=429, headers=JSON, body=USED_UP)
    with FakeProvider({ONE: [used_up, used_up]}) as provider, suppress(RuntimeError):
        pool = pool_at(provider.url, ONE, TWO)

        caller.post(pool, provider.url + PATH, event_hooks=hooks)

    assert benched(pool)[0] == ("usage_limited" if keeps else None)


def test_a_call_can_be_cancelled_while_a_refusal_is_read() -> None:
    """A caller who gives up while a body stands still leaves no connection, and benches nobody."""

    class Still(Body):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            reading.set()
            await asyncio.Event().wait()

    async def give_up() -> None:
        transport = httpx2.MockTransport(lambda _: httpx2.Response(402, stream=still))
        auth = credpool.httpx2.PoolAuth(pool)
        async with httpx2.AsyncClient(auth=auth, transport=transport) as client:
            call = asyncio.ensure_future(client.get(f"http://api.example{PATH}"))
            await reading.wait()
            call.cancel()
            await call

    reading, still = asyncio.Event(), Still(lambda: iter(()))
    pool = pool_at("http://api.example", ONE, TWO)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(give_up())

    assert still.closed
    assert benched(pool) == [None, None]


# The client's own generators are left to the collector, with a pool or without one.
@pytest.mark.filterwarnings("ignore:Async generator 'httpcore2:ResourceWarning")
def test_a_reply_can_be_left_under_trio() -> None:
    """Under trio, too, the next key answers, and no generator of ours waits for the collector."""

    async def post() -> int:
        auth = credpool.httpx2.PoolAuth(pool)
        async with httpx2.AsyncClient(auth=auth, verify=False, trust_env=False) as client:
            return (await client.post(provider.url + PATH, json={})).status_code

    reply = FakeReply(status=402, headers=JSON, body=LARGE * 20)
    with FakeProvider({ONE: [reply]}) as provider:
        pool = pool_at(provider.url, ONE, TWO)

        status = anyio.run(post, backend="trio")

    assert status == 200
