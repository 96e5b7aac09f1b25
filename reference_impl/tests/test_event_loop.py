"""What a call costs the other tasks of its event loop, in asyncio and in trio: no turn of it."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from itertools import repeat
from threading import current_thread

import anyio
import anyio.lowlevel
import httpx2
import pytest

from credpool import Cooldown, Entry, FailureClass, Policy, Pool, PoolState, Secret, events
from credpool.clock import SystemClock, Why
from credpool.errors import StoreUnreadable
from credpool.httpx2 import PoolAuth
from credpool.model.terms import FOREVER, EntryId
from credpool.pool import engine_of
from credpool.testing import FakeClock, FakeProvider, FakeReply
from credpool.testing.store import FakeStore

NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
RATE_LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
URL = "https://api.openai.com/v1/chat/completions"
TURNS = 100  # of the event loop: more than a call takes

pytestmark = pytest.mark.parametrize("loop", ["asyncio", "trio"])


def store_of(*names: str) -> FakeStore:
    """Return a store with an entry of each name."""
    return FakeStore([Entry(id=EntryId(n), secret=Secret(f"sk-made-up-{n}")) for n in names])


def client(pool: Pool, provider: FakeProvider) -> httpx2.AsyncClient:
    """Return a client whose requests the provider answers, in the event loop's thread."""
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    return httpx2.AsyncClient(auth=PoolAuth(pool), transport=transport)


async def turns(enough: Callable[[], bool]) -> None:
    """Let the loop turn until that is so, and a good while longer."""
    with anyio.fail_after(30):
        while not enough():
            await anyio.lowlevel.checkpoint()
        for _ in range(TURNS):
            await anyio.lowlevel.checkpoint()


def worker_done(pool: Pool) -> None:
    """Wait until the pool's own thread has done what it was asked for so far."""
    engine_of(pool)._stored.own.submit(lambda: None).result(30)  # noqa: SLF001


def test_the_loop_turns_while_a_change_waits_for_the_store(loop: str) -> None:
    """A call is refused and its change waits; the loop goes on, and lets the store write."""
    store = store_of("a", "b")
    provider = FakeProvider({"sk-made-up-a": [NO_MONEY]})
    pool = Pool(store)
    store.may_write.clear()

    async def main() -> int:
        statuses: list[int] = []

        async def call() -> None:
            statuses.append((await http.post(URL, json={})).status_code)

        async with client(pool, provider) as http, anyio.create_task_group() as group:
            group.start_soon(call)
            await turns(store.writing.is_set)
            assert statuses == []
            store.may_write.set()
        return statuses[0]

    assert anyio.run(main, backend=loop) == 200
    assert provider.secrets == ["sk-made-up-a", "sk-made-up-b"]


def test_the_loop_turns_while_the_store_is_read(loop: str) -> None:
    """Another process has written; the call waits for the reading, and the loop does not."""
    store = store_of("a", "b")
    provider = FakeProvider()
    pool = Pool(store)
    gone = Cooldown(failure=FailureClass.AUTH_REVOKED, since=0.0, until=FOREVER)
    store.by_another(lambda s: s.change({EntryId("a"): replace(s.entries[0], cooldown=gone)}))
    store.reading.clear()
    store.may_read.clear()

    async def main() -> None:
        async with client(pool, provider) as http, anyio.create_task_group() as group:
            group.start_soon(lambda: http.post(URL, json={}))
            await turns(store.reading.is_set)
            assert provider.secrets == []
            store.may_read.set()

    anyio.run(main, backend=loop)

    assert provider.secrets == ["sk-made-up-b"]


def test_a_caller_that_is_cancelled_waits_no_longer(loop: str) -> None:
    """Cancelling a call ends it while the store is held up; what it reported is kept all the same."""
    store = store_of("a", "b")
    pool = Pool(store)
    told: list[events.Event] = []
    pool.listen(told.append)
    store.may_write.clear()

    async def main() -> bool:
        async def cancelled() -> None:
            with scope:
                await http.post(URL, json={})

        scope = anyio.CancelScope()
        provider = FakeProvider({"sk-made-up-a": [NO_MONEY]})
        async with client(pool, provider) as http, anyio.create_task_group() as group:
            group.start_soon(cancelled)
            await turns(store.writing.is_set)
            scope.cancel()
        return scope.cancelled_caught

    ended = anyio.run(main, backend=loop)
    held = store.stored.entries[0].cooldown
    store.may_write.set()
    worker_done(pool)

    assert ended
    assert held is None
    assert store.stored.entries[0].cooldown is not None
    assert [type(event) for event in told][:1] == [events.EntryCooled]


def test_a_healthy_call_needs_no_thread(loop: str) -> None:
    """Calls that nothing is read or written for stay in the loop's thread, with a cap and without."""
    pools = [
        Pool.from_keys("openai", ["sk-made-up-a", "sk-made-up-b"], policy=policy)
        for policy in (Policy(), Policy(max_concurrent=1))
    ]

    async def main(pool: Pool) -> set[int]:
        async with client(pool, FakeProvider()) as http:
            return {(await http.post(URL, json={})).status_code for _ in range(20)}

    assert [anyio.run(main, pool, backend=loop) for pool in pools] == [{200}, {200}]
    assert [engine_of(pool)._stored.own._thread for pool in pools] == [None, None]  # noqa: SLF001


def test_tasks_of_one_dead_key_write_a_few_times(loop: str) -> None:
    """32 tasks are refused for one key in one moment; most of them are written together."""
    store = store_of("a", "b")
    provider = FakeProvider({"sk-made-up-a": repeat(NO_MONEY)})
    pool = Pool(store)
    waiting = engine_of(pool)._decider._waiting.value  # noqa: SLF001
    store.may_write.clear()
    statuses: list[int] = []

    async def main() -> None:
        async def call() -> None:
            statuses.append((await http.post(URL, json={})).status_code)

        async with client(pool, provider) as http, anyio.create_task_group() as group:
            for _ in range(32):
                group.start_soon(call)
            await turns(lambda: len(waiting) == 31 and store.writing.is_set())
            store.may_write.set()

    anyio.run(main, backend=loop)

    assert statuses == [200] * 32
    assert 1 <= len(store.updates) <= 4


def test_a_listener_knows_whose_call_it_is(loop: str) -> None:
    """In the pool's thread a listener sees the context variables of the call."""
    store = store_of("a", "b")
    pool = Pool(store)
    request: ContextVar[str] = ContextVar("request", default="none")
    seen: list[tuple[str, bool]] = []
    here = current_thread().name
    pool.listen(lambda _: seen.append((request.get(), current_thread().name == here)))

    async def main() -> None:
        request.set("mine")
        async with client(pool, FakeProvider({"sk-made-up-a": [NO_MONEY]})) as http:
            await http.post(URL, json={})

    anyio.run(main, backend=loop)

    assert set(seen) == {("mine", False)}


def test_an_unreadable_store_fails_the_call(loop: str) -> None:
    """What the pool's thread cannot read, the caller is told, at each call."""
    store = store_of("a")
    pool = Pool(store)
    store.by_another(lambda s: PoolState(key=s.key, provider=s.provider))
    store.unreadable = True

    async def main() -> None:
        async with client(pool, FakeProvider()) as http:
            for _ in range(2):
                with pytest.raises(StoreUnreadable):
                    await http.post(URL, json={})

    anyio.run(main, backend=loop)


class Hurrying(FakeClock):
    """A clock that a test moves, and that waits as the machine's does, for no time."""

    async def sleep_async(self, until: float, why: Why, /) -> None:
        """Be at that moment, after a turn of the loop."""
        await SystemClock().sleep_async(0.0, why)
        await super().sleep_async(until, why)


def test_a_retry_waits_in_the_loop(loop: str) -> None:
    """A throttled key is tried again after its hint, in either loop."""
    hinted = replace(RATE_LIMITED, headers={"retry-after": "1"})
    provider = FakeProvider({"sk-made-up-a": [hinted, FakeReply.json({})]})
    clock = Hurrying()
    pool = Pool.from_keys("openai", ["sk-made-up-a", "sk-made-up-b"], clock=clock)

    async def main() -> int:
        async with client(pool, provider) as http:
            return (await http.post(URL, json={})).status_code

    assert anyio.run(main, backend=loop) == 200
    assert clock.waits == [1.0]
