"""One pool in many threads and tasks, and what a healthy call leaves alone."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from threading import Barrier, Event, Semaphore, Thread
from threading import enumerate as enumerate_threads

import httpx2
import pytest
from filelock import FileLock

from credpool import Entry, Pool, PoolState, Secret, Strategy
from credpool.errors import StoreUnreadable, StoreUnwritable
from credpool.httpx2 import PoolAuth
from credpool.model.terms import EntryId
from credpool.stores import JsonFileStore, MemoryStore
from credpool.testing import FakeProvider, FakeReply

NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
EXPIRED = FakeReply.error(401, "invalid_api_key", "Incorrect API key provided")
GIVE_UP = 60  # seconds of real time, which only a broken run takes
URL = "https://api.openai.com/v1/chat/completions"
KEYS = [f"sk-made-up-{n}" for n in range(4)]

Run = Callable[[FakeProvider, Pool, int, int], list[int]]


def in_threads(provider: FakeProvider, pool: Pool, workers: int, calls: int) -> list[int]:
    """Make calls from threads that start together; return every status."""
    barrier = Barrier(workers, timeout=GIVE_UP)  # a thread that never starts must not hang us
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    codes: list[int] = []
    begun = Semaphore(0)

    def work(client: httpx2.Client) -> None:
        begun.release()
        barrier.wait()
        for _ in range(calls):
            codes.append(client.post(URL, json={"model": "gpt-5"}).status_code)

    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        threads = [Thread(target=work, args=(client,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
            begun.acquire()  # one after the other: two at once may not install a tracer (3.11)
        for thread in threads:
            thread.join()
    return codes


def in_tasks(provider: FakeProvider, pool: Pool, workers: int, calls: int) -> list[int]:
    """Make calls from tasks that give way to each other before each reply; return every status."""
    handle = provider.handler(httpx2.Response)

    async def handle_later(request: httpx2.Request) -> httpx2.Response:
        response = handle(request)
        await asyncio.sleep(0)
        return response

    async def work(client: httpx2.AsyncClient) -> list[int]:
        sent = [await client.post(URL, json={"model": "gpt-5"}) for _ in range(calls)]
        return [response.status_code for response in sent]

    async def main() -> list[int]:
        transport = httpx2.MockTransport(handle_later)
        async with httpx2.AsyncClient(auth=PoolAuth(pool), transport=transport) as client:
            done = await asyncio.gather(*(work(client) for _ in range(workers)))
            return [code for codes in done for code in codes]

    return asyncio.run(main())


@pytest.fixture(params=[in_threads, in_tasks], ids=["threads", "tasks"])
def run(request: pytest.FixtureRequest) -> Run:
    """Return each way of making calls at the same time."""
    found: Run = request.param
    return found


@pytest.fixture(autouse=True)
def _eager_switches() -> Iterator[None]:
    """Let threads interrupt each other as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


# Selection


@pytest.mark.parametrize("strategy", [s.value for s in Strategy])
def test_no_selection_is_lost(strategy: str, run: Run) -> None:
    """Four workers of twenty calls each are eighty requests, counted and sent, whatever the order."""
    provider = FakeProvider()
    pool = Pool.from_keys("openai", KEYS, strategy=strategy)

    codes = run(provider, pool, 4, 20)

    counts = [e.request_count for e in pool.state.entries]
    assert codes == [200] * 80
    assert sum(counts) == 80
    assert counts == [Counter(provider.secrets)[key] for key in KEYS]


@pytest.mark.parametrize("strategy", ["round_robin", "least_used"])
def test_turns_are_exact(strategy: str, run: Run) -> None:
    """Each of four keys serves twenty of eighty calls, although nobody takes a lock."""
    pool = Pool.from_keys("openai", KEYS, strategy=strategy)

    run(FakeProvider(), pool, 4, 20)

    assert [e.request_count for e in pool.state.entries] == [20, 20, 20, 20]


def test_first_calls_share_one_turn() -> None:
    """Threads that meet at a pool nobody has used yet take different keys."""
    spread = []
    for _ in range(50):
        pool = Pool.from_keys("openai", KEYS, strategy="round_robin")
        in_threads(FakeProvider(), pool, 4, 1)
        spread.append([e.request_count for e in pool.state.entries])

    assert spread == [[1, 1, 1, 1]] * 50


def test_fill_first_stays(run: Run) -> None:
    """All eighty calls use the first key."""
    pool = Pool.from_keys("openai", KEYS)

    run(FakeProvider(), pool, 4, 20)

    assert [e.request_count for e in pool.state.entries] == [80, 0, 0, 0]


# Failures


def test_an_empty_key_is_asked_once_by_each_at_most(run: Run) -> None:
    """32 workers meet one empty key: everyone is answered, and later calls leave it alone."""
    provider = FakeProvider({KEYS[0]: repeat(NO_MONEY)})
    pool = Pool.from_keys("openai", KEYS[:2])

    first = run(provider, pool, 32, 1)
    wasted = provider.secrets.count(KEYS[0])
    second = run(provider, pool, 32, 2)

    assert first + second == [200] * 96
    assert 1 <= wasted <= 32
    assert provider.secrets.count(KEYS[0]) == wasted
    assert provider.secrets.count(KEYS[1]) == 96


def test_a_known_failure_costs_one_request(run: Run) -> None:
    """Once one call has found a key empty, 32 workers send it nothing."""
    provider = FakeProvider({KEYS[0]: repeat(NO_MONEY)})
    pool = Pool.from_keys("openai", KEYS[:2])
    in_threads(provider, pool, 1, 1)

    codes = run(provider, pool, 32, 1)

    assert codes == [200] * 32
    assert provider.secrets.count(KEYS[0]) == 1


def test_workers_refresh_a_login_once(run: Run) -> None:
    """16 workers whose token has run out make one exchange, and all are answered."""
    with FakeProvider({"sk-made-up-old": repeat(EXPIRED)}) as tokens:
        login = Entry(
            id=EntryId("login"),
            secret=Secret("sk-made-up-old"),
            refresh_token=Secret("made-up-grant"),
            token_url=f"{tokens.url}/oauth/token",
        )
        pool = Pool.from_entries("openai", [login])

        codes = run(FakeProvider({"sk-made-up-old": repeat(EXPIRED)}), pool, 16, 2)

    assert codes == [200] * 32
    assert tokens.secrets == ["made-up-grant"]


# What a healthy call leaves alone


class WatchedStore:
    """A store that counts its uses, and can hold an update back or refuse it."""

    def __init__(self, keys: Sequence[str]) -> None:
        entries = tuple(
            Entry(id=EntryId(key), secret=Secret(key), priority=n) for n, key in enumerate(keys)
        )
        self._store = MemoryStore(PoolState(key="openai", provider="openai", entries=entries))
        self.loads = self.updates = 0
        self.reached, self.released = Event(), Event()
        self.released.set()
        self.refuses = False

    def load(self) -> PoolState:
        """Return the pool."""
        self.loads += 1
        return self._store.load()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool, once that is allowed."""
        self.updates += 1
        self.reached.set()
        assert self.released.wait(timeout=10), "nobody released the update"
        if self.refuses:
            raise StoreUnwritable("memory", "refused", "let it write")
        return self._store.update(change)

    def stamp(self) -> object:
        """Return what differs once the pool has changed."""
        return self._store.stamp()


def test_a_healthy_call_does_not_use_the_store(run: Run) -> None:
    """A hundred healthy calls neither load the store nor update it."""
    store = WatchedStore(KEYS)
    pool = Pool(store)
    store.loads = 0

    codes = run(FakeProvider(), pool, 4, 25)

    assert codes == [200] * 100
    assert (store.loads, store.updates) == (0, 0)
    assert pool.state.entries[0].request_count == 100


def test_a_failing_call_writes_once() -> None:
    """A call that rotates makes one durable change, and the next one none."""
    store = WatchedStore(KEYS)
    pool = Pool(store)

    in_threads(FakeProvider({KEYS[0]: [NO_MONEY]}), pool, 1, 2)

    assert store.updates == 1


def test_a_healthy_call_takes_no_lock_of_the_pool() -> None:
    """While another call's change is being made durable, healthy calls are answered."""
    store = WatchedStore(KEYS)
    pool = Pool(store)
    in_threads(FakeProvider(), pool, 1, 1)
    store.released.clear()

    with ThreadPoolExecutor(1) as other:
        failing = other.submit(in_threads, FakeProvider({KEYS[0]: [NO_MONEY]}), pool, 1, 1)
        assert store.reached.wait(timeout=10)
        codes = in_threads(FakeProvider(), pool, 2, 5)
        still_held = not failing.done()
        store.released.set()

        assert codes == [200] * 10
        assert still_held
        assert failing.result() == [200]


def pool_on_file(path: Path, keys: Sequence[str]) -> Pool:
    """Return a pool that is kept in a file."""
    store = JsonFileStore(path, "openai", lock_timeout=0)
    entries = tuple(
        Entry(id=EntryId(f"key-{n}"), secret=Secret(key), priority=n) for n, key in enumerate(keys)
    )
    store.update(lambda state: PoolState(key=state.key, provider="openai", entries=entries))
    return Pool(store)


def test_a_healthy_call_takes_no_lock_of_the_files(tmp_path: Path, run: Run) -> None:
    """While another process holds the file's lock, healthy calls are answered."""
    path = tmp_path / "auth.json"
    pool = pool_on_file(path, KEYS)
    before = path.read_bytes()

    with FileLock(path.with_suffix(".lock")):
        codes = run(FakeProvider(), pool, 4, 5)

    assert codes == [200] * 20
    assert path.read_bytes() == before


def test_a_healthy_call_opens_no_file(tmp_path: Path) -> None:
    """Between one durable change and the next, no file is opened, made, renamed or removed."""
    pool = pool_on_file(tmp_path / "auth.json", KEYS)
    provider = FakeProvider()
    touched: list[str] = []
    watching = True

    def watch(event: str, args: tuple[object, ...]) -> None:
        if watching and event in {"open", "os.rename", "os.remove", "os.mkdir", "fcntl.flock"}:
            touched.extend(str(arg) for arg in args if str(tmp_path) in str(arg))

    sys.addaudithook(watch)
    codes = in_threads(provider, pool, 1, 20)
    healthy = list(touched)
    pool.flush()
    watching = False

    assert codes == [200] * 20
    assert healthy == []
    assert touched != []


def test_pools_on_one_file_learn_from_each_other(tmp_path: Path) -> None:
    """What one pool finds out is known to another on the same file at its next call."""
    path = tmp_path / "auth.json"
    one, other = pool_on_file(path, KEYS), Pool(JsonFileStore(path, "openai"))
    provider = FakeProvider({KEYS[0]: repeat(NO_MONEY)})

    in_threads(provider, one, 1, 1)
    codes = in_threads(provider, other, 4, 1)

    assert codes == [200] * 4
    assert provider.secrets.count(KEYS[0]) == 1


# The end


def test_a_closed_pool_has_no_thread_and_its_counts_are_kept(tmp_path: Path) -> None:
    """Pools that are opened one after the other leave no thread behind, and lose no count."""
    path = tmp_path / "auth.json"
    pool_on_file(path, KEYS)
    before = set(enumerate_threads())
    for _ in range(3):
        with Pool(JsonFileStore(path, "openai")) as pool:
            assert in_tasks(FakeProvider({KEYS[0]: [NO_MONEY]}), pool, 1, 2) == [200, 200]
            assert set(enumerate_threads()) > before
            pool.reset()

    assert set(enumerate_threads()) == before
    stored = JsonFileStore(path, "openai").load()
    assert sum(entry.request_count for entry in stored.entries) == 9


def test_a_pool_that_is_used_after_its_close_goes_on(tmp_path: Path) -> None:
    """Nothing is refused or lost: there is a thread again, until the next close."""
    pool = pool_on_file(tmp_path / "auth.json", KEYS)
    for _ in range(2):
        pool.close()
        assert in_tasks(FakeProvider({KEYS[0]: [NO_MONEY]}), pool, 1, 1) == [200]
        pool.reset()
    pool.close()

    stored = JsonFileStore(tmp_path / "auth.json", "openai").load()
    assert sum(entry.request_count for entry in stored.entries) == 4


def test_a_close_whose_counts_cannot_be_written_says_so(tmp_path: Path) -> None:
    """The error is raised, and what was counted is still counted."""
    path = tmp_path / "auth.json"
    pool = pool_on_file(path, KEYS)
    assert in_threads(FakeProvider(), pool, 1, 1) == [200]
    kept = path.read_bytes()
    path.write_text("{", encoding="utf-8")

    with pytest.raises(StoreUnreadable):
        pool.close()

    path.write_bytes(kept)
    pool.close()
    assert [e.request_count for e in JsonFileStore(path, "openai").load().entries[:2]] == [1, 0]
