"""Calls that are under way with an entry, and when they no longer are."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from threading import Barrier

import httpx
import httpx2
import pytest

import credpool.httpx
import credpool.httpx2
from credpool import Policy, Pool
from credpool._engine.leases import Leases
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.testing import FakeProvider, FakeReply

URL = "https://api.openai.com/v1/chat/completions"
KEYS = ["sk-a", "sk-b", "sk-c"]
A, B = EntryId("key-1"), EntryId("key-2")


def capped(cap: int = 1) -> Pool:
    """Open a pool of three keys, each for so many calls at once."""
    return Pool.from_keys("openai", KEYS, policy=Policy(max_concurrent=cap))


class Body(httpx2.SyncByteStream):
    """A body in two parts."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"one"
        yield b"two"


class OlderAsyncBody(httpx.AsyncByteStream):
    """A body in two parts."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"


class AsyncBody(httpx2.AsyncByteStream):
    """A body in two parts."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"


def client(pool: Pool) -> httpx2.Client:
    """Return a client whose every reply is a stream."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Body()))
    return httpx2.Client(auth=credpool.httpx2.PoolAuth(pool), transport=transport)


def under_way(pool: Pool) -> dict[EntryId, int]:
    """Return the calls under way with each entry."""
    return dict(pool.state.leases)


class TestStreams:
    """A stream is under way until it has been read, closed or forgotten."""

    def test_an_open_stream_is_under_way(self) -> None:
        """While a stream is open its key is taken, and the next call uses another."""
        pool = capped()

        with client(pool) as http, http.stream("POST", URL) as first:
            with http.stream("POST", URL):
                both = under_way(pool)
            one = under_way(pool)
            read = first.read()
            none = under_way(pool)

        assert read == b"onetwo"
        assert (both, one, none) == ({A: 1, B: 1}, {A: 1}, {})

    def test_a_stream_that_is_closed_early_is_over(self) -> None:
        """A caller who has read enough closes the stream, and its key is free; twice does no harm."""
        pool = capped()

        with client(pool) as http:
            response = http.send(http.build_request("POST", URL), stream=True)
            parts = response.iter_raw()
            part = next(parts)
            before = under_way(pool)
            response.close()
            response.close()

        assert part == b"one"
        assert (before, under_way(pool)) == ({A: 1}, {})

    def test_a_stream_that_is_forgotten_is_over(self) -> None:
        """A reply that nobody reads, closes or keeps frees its key when it is collected."""
        pool = capped()

        with client(pool) as http:
            response = http.send(http.build_request("POST", URL), stream=True)
            before = under_way(pool)
            del response
            gc.collect()

        assert (before, under_way(pool)) == ({A: 1}, {})

    def test_the_reply_still_tells_how_long_it_took(self) -> None:
        """What a client keeps beside the body is there."""
        with client(capped()) as http:
            assert http.post(URL).elapsed.total_seconds() >= 0

    def test_the_older_client_is_served_alike(self) -> None:
        """The same holds for `httpx`."""
        pool = capped()
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=iter([b"a", b"b"])))

        with httpx.Client(auth=credpool.httpx.PoolAuth(pool), transport=transport) as http:
            with http.stream("POST", URL) as first:
                before = under_way(pool)
                read = first.read()
            after = under_way(pool)

        assert read == b"ab"
        assert (before, after) == ({A: 1}, {})

    def test_asynchronous_streams_are_counted_alike(self) -> None:
        """Read to its end, or closed early, an asynchronous stream frees its key."""
        pool = capped()

        async def main() -> list[dict[EntryId, int]]:
            transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=AsyncBody()))
            auth = credpool.httpx2.PoolAuth(pool)
            client = httpx2.AsyncClient(auth=auth, transport=transport)
            async with client as http, http.stream("POST", URL) as first:
                async with http.stream("POST", URL):
                    both = under_way(pool)
                one = under_way(pool)
                await first.aread()
                return [both, one, under_way(pool)]

        assert asyncio.run(main()) == [{A: 1, B: 1}, {A: 1}, {}]

    def test_older_asynchronous_streams_are_counted_alike(self) -> None:
        """The same holds for `httpx`."""
        pool = capped()

        async def main() -> list[dict[EntryId, int]]:
            transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=OlderAsyncBody()))
            auth = credpool.httpx.PoolAuth(pool)
            async with httpx.AsyncClient(auth=auth, transport=transport) as http:
                async with http.stream("POST", URL) as first:
                    before = under_way(pool)
                    await first.aread()
                return [before, under_way(pool)]

        assert asyncio.run(main()) == [{A: 1}, {}]


class TestCalls:
    """A call is under way with one entry, from its selection to its end."""

    @pytest.mark.parametrize("status", [200, 400, 503])
    def test_a_call_that_was_answered_is_over(self, status: int) -> None:
        """Whatever the provider answered, nothing is under way afterwards."""
        provider = FakeProvider({key: repeat(FakeReply.json({}, status=status)) for key in KEYS})
        pool = capped()
        transport = httpx2.MockTransport(provider.handler(httpx2.Response))

        with httpx2.Client(auth=credpool.httpx2.PoolAuth(pool), transport=transport) as http:
            codes = {http.post(URL, json={}).status_code for _ in range(2)}

        assert codes == {status}
        assert provider.secrets == ["sk-a", "sk-a"]
        assert under_way(pool) == {}

    def test_a_call_without_a_reply_is_over(self) -> None:
        """A connection that broke leaves nothing under way."""
        provider = FakeProvider({"sk-a": [FakeReply(dropped=True)]})
        pool = capped()
        transport = httpx2.MockTransport(provider.handler(httpx2.Response))

        http = httpx2.Client(auth=credpool.httpx2.PoolAuth(pool), transport=transport)
        with http, pytest.raises(ConnectionResetError):
            http.post(URL, json={})

        assert under_way(pool) == {}

    def test_calls_at_once_spread(self) -> None:
        """Six calls that are all under way at once take each of three keys twice."""
        pool, barrier = capped(2), Barrier(6, timeout=60)
        secrets: list[str] = []

        def meet(request: httpx2.Request) -> httpx2.Response:
            raw = dict(request.headers.raw)
            secrets.append(raw[b"authorization"].decode())
            barrier.wait()
            return httpx2.Response(200, json={})

        auth = credpool.httpx2.PoolAuth(pool)
        with (
            httpx2.Client(auth=auth, transport=httpx2.MockTransport(meet)) as http,
            ThreadPoolExecutor(6) as threads,
        ):
            codes = list(threads.map(lambda _: http.post(URL).status_code, range(6)))

        assert codes == [200] * 6
        assert sorted(secrets) == sorted([f"Bearer {key}" for key in KEYS] * 2)
        assert under_way(pool) == {}

    def test_without_a_cap_nothing_is_counted(self) -> None:
        """A pool that has no cap does not look at calls under way at all."""
        pool = Pool.from_keys("openai", KEYS)

        with client(pool) as http, http.stream("POST", URL) as response:
            assert engine_of(pool).lease() is None
            assert under_way(pool) == {}
            assert type(response.stream).__name__ == "BoundSyncStream"


class TestLease:
    """The count itself."""

    def test_moves(self) -> None:
        """A lease counts for the latest entry only."""
        leases = Leases()
        lease = leases.new()
        assert not lease

        leases.move(lease, A)
        leases.move(lease, B)

        assert lease
        assert leases.counts() == {B: 1}

    def test_ends_once(self) -> None:
        """A lease that ends twice is subtracted once."""
        leases = Leases()
        stored, ended = leases.new(), leases.new()
        leases.move(stored, A)
        leases.move(ended, A)

        ended.end()
        ended.end()

        assert leases.counts() == {A: 1}

    def test_ends_when_it_is_forgotten(self) -> None:
        """A lease that nobody has any more is over."""
        leases = Leases()
        leases.move(leases.new(), A)
        gc.collect()

        assert leases.counts() == {}
