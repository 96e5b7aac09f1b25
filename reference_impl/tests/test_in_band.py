"""Failures inside a success: how events are read, whatever pieces they come in."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from credpool import Pool
from credpool._calls.watch import Watch
from credpool.httpx2 import PoolAuth
from credpool.providers.in_band import MOST, Events, failure_in_body
from credpool.providers.registry import provider
from credpool.testing import FakeClock

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
FINE = b'data: {"choices": []}\n\n'
SPENT = b'data: {"error": {"code": 402, "message": "no money"}}\n\n'
URL = "https://api.openai.com/v1/chat/completions"


def fed(text: bytes, size: int) -> Events:
    """Return a reader that was given a text in pieces."""
    events = Events()
    for start in range(0, len(text), size):
        events.feed(text[start : start + size])
    return events


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("before", [b"", FINE, FINE * 3, b": wait\n\n"])
def test_a_failure_is_found_in_any_pieces(before: bytes, end: bytes, size: int) -> None:
    """Where the network cuts a stream makes no difference."""
    text = (before + SPENT + FINE).replace(b"\n", end)

    assert fed(text, size).failure == {"error": {"code": 402, "message": "no money"}}


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_a_torn_event_hides_none_that_follow(size: int) -> None:
    """An event that is too long tells nothing, and the one after it is read again."""
    long = b'data: {"error": "' + b"x" * (MOST + 9) + b'"}\n\n'

    events = fed(long + SPENT, size)

    assert events.begun
    assert events.failure is not None


@pytest.mark.parametrize(
    ("event", "tells"),
    [
        pytest.param(b"event: error\ndata: oh no\n\n", True, id="an error without JSON"),
        pytest.param(b"event: error\ndata: [1]\n\n", True, id="an error that is a list"),
        pytest.param(b"event: note\ndata: oh error\n\n", False, id="a text"),
        pytest.param(b"data: [DONE] error\n\n", False, id="an end"),
    ],
)
def test_an_event_without_an_object_goes_by_its_name(event: bytes, *, tells: bool) -> None:
    """The name `error` is enough, and nothing else is."""
    assert (fed(FINE + event, 1000).failure is not None) is tells


def test_what_is_kept_is_bounded() -> None:
    """However long an event is, no more than its bound is kept of it."""
    events = Events()

    for _ in range(100):
        events.feed(b"x" * 10_000)

    assert len(events.open) <= MOST


def test_a_coding_that_is_not_known_is_passed_on() -> None:
    """What cannot be decoded is not held back, and tells nothing."""
    unknown, broken = Watch("br"), Watch("gzip")

    broken.feed(SPENT)

    assert unknown.done
    assert broken.done
    assert broken.events.failure is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param({"error": None}, "openrouter", id="null"),
        pytest.param({"error": ""}, "openrouter", id="empty"),
        pytest.param({"error": {"code": 402}}, "openai", id="not this provider's"),
        pytest.param([{"error": {"code": 402}}], "openrouter", id="a list"),
        pytest.param("error", "openrouter", id="a text"),
    ],
)
def test_a_healthy_body_tells_nothing(body: object, name: str) -> None:
    """Only the forms that the registry names for the provider are failures."""
    assert failure_in_body(json.dumps(body).encode(), provider(name)) is None


class Pieces(httpx2.SyncByteStream):
    """A body that comes in pieces, and notes how many were asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece


def client_of(pool: Pool, bodies: dict[str, Pieces], coding: str) -> httpx2.Client:
    """Return a client whose provider answers each secret with its stream."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        sent = next(v.decode() for k, v in request.headers.raw if k.lower() == b"authorization")
        headers = {"content-type": "text/event-stream", "content-encoding": coding}
        return httpx2.Response(200, headers=headers, stream=bodies[sent.removeprefix("Bearer ")])

    return httpx2.Client(transport=httpx2.MockTransport(handle), auth=PoolAuth(pool))


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_healthy_stream_arrives_byte_for_byte(coding: str) -> None:
    """One event is waited for, and every byte comes as it was sent, still packed."""
    text = FINE * 4
    raw = gzip.compress(text) if coding == "gzip" else text
    stream = Pieces(*(raw[i : i + 23] for i in range(0, len(raw), 23)))
    pool = Pool.from_keys("openai", [ONE, TWO], clock=FakeClock())

    with client_of(pool, {ONE: stream}, coding).stream("POST", URL, json={}) as response:
        at_first = stream.taken
        arrived = b"".join(response.iter_raw())

    assert arrived == raw
    if coding == "identity":
        assert at_first == 1


def test_a_later_failure_in_the_first_piece_is_a_later_one() -> None:
    """The network may bring two events at once: only what the first one tells is tried again."""
    first, second = Pieces(FINE + SPENT), Pieces(FINE)
    pool = Pool.from_keys("openai", [ONE, TWO], clock=FakeClock())

    with client_of(pool, {ONE: first, TWO: second}, "identity") as client:
        told, fine = (client.post(URL, json={}).content for _ in range(2))

    assert (told, fine) == (FINE + SPENT, FINE)
    assert (first.taken, second.taken) == (1, 1)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        pytest.param(SPENT, [ONE, TWO, TWO], id="at once"),
        pytest.param(FINE + SPENT, [ONE, TWO], id="later"),
        pytest.param(FINE, [ONE, ONE], id="never"),
    ],
)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_what_somebody_has_read_is_judged_too(body: bytes, asked: list[str], way: str) -> None:
    """A hook or a mock may have read the whole stream before the pool sees it."""
    sent: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        raw = next(v.decode() for k, v in request.headers.raw if k.lower() == b"authorization")
        sent.append(raw.removeprefix("Bearer "))
        content = body if sent[-1] == ONE else FINE
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content)

    auth = PoolAuth(Pool.from_keys("openai", [ONE, TWO], clock=FakeClock()))
    transport = httpx2.MockTransport(handle)

    async def twice() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(transport=transport, auth=auth) as client:
            return [await client.post(URL, json={}) for _ in range(2)]

    if way == "async":
        replies = asyncio.run(twice())
    else:
        with httpx2.Client(transport=transport, auth=auth) as client:
            replies = [client.post(URL, json={}) for _ in range(2)]

    assert sent == asked
    assert all("credpool.watch" not in reply.extensions for reply in replies)


def test_an_event_that_is_too_long_tells_nothing_in_one_piece() -> None:
    """How the network cuts a stream makes no difference for a long event either."""
    long = b'data: {"error": "' + b"x" * MOST + b'"}\n\n'

    assert fed(FINE + long, 10 * MOST).failure is None
    assert fed(FINE + long, 100).failure is None


def test_a_stream_that_its_caller_leaves_tells_what_was_read() -> None:
    """What a caller does not read is not read for it, and takes no entry out."""
    stream = Pieces(FINE, FINE, SPENT)
    pool = Pool.from_keys("openai", [ONE, TWO], clock=FakeClock())

    with client_of(pool, {ONE: stream}, "identity").stream("POST", URL, json={}) as response:
        next(response.iter_raw())

    assert pool.exhaustion() is None
    assert stream.taken == 1


@pytest.mark.parametrize("before", [(FINE,), ()], ids=["in a piece of its own", "in the first one"])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_failure_counts_although_its_caller_closes_nothing(
    way: str, before: tuple[bytes, ...]
) -> None:
    """An SDK that raises in the middle of a stream may leave it open for as long as it likes."""
    pieces = (*before, FINE + SPENT, FINE)
    pool = Pool.from_keys("openai", [ONE, TWO], clock=FakeClock())

    async def left() -> list[str]:
        async def handle(_: httpx2.Request) -> httpx2.Response:
            headers = {"content-type": "text/event-stream"}
            return httpx2.Response(200, headers=headers, stream=AsyncPieces(*pieces))

        transport = httpx2.MockTransport(handle)
        async with httpx2.AsyncClient(transport=transport, auth=PoolAuth(pool)) as client:
            reply = await client.send(client.build_request("POST", URL, json={}), stream=True)
            rest = reply.aiter_raw()
            for _ in range(len(before) + 1):
                await anext(rest)
            return out(pool)

    if way == "sync":
        client = client_of(pool, {ONE: Pieces(*pieces)}, "identity")
        reply = client.send(client.build_request("POST", URL, json={}), stream=True)
        rest = reply.iter_raw()
        for _ in range(len(before) + 1):
            next(rest)

    assert (out(pool) if way == "sync" else asyncio.run(left())) == ["key-1"]


class AsyncPieces(httpx2.AsyncByteStream):
    """A body that comes in these pieces to an asynchronous client."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def out(pool: Pool) -> list[str]:
    """Return the entries that are out."""
    return [e.id for e in pool.state.entries if e.cooldown is not None]
