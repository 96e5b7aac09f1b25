"""What a call costs whom: who reads the store, who writes it, how often, and who waits."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count, repeat
from pathlib import Path
from threading import Barrier, Event, current_thread

import httpx2
import pytest

from credpool import (
    AuthType,
    Cooldown,
    Entry,
    FailureClass,
    Payer,
    Policy,
    Pool,
    PoolState,
    Secret,
    StoreError,
    Strategy,
    events,
)
from credpool._calls.call import ActiveCall
from credpool._engine.counts import LAG
from credpool.errors import StoreUnreadable, StoreUnwritable
from credpool.httpx2 import PoolAuth
from credpool.model.terms import FOREVER, EntryId
from credpool.pool import engine_of
from credpool.providers.reply import Reply
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock, FakeProvider, FakeReply
from credpool.testing.store import FakeStore

GIVE_UP = 60  # seconds of real time, which only a broken run takes
NOW = 1_800_000_000.0
OUT_OF_CREDIT = Reply(402, {"content-type": "application/json"}, b'{"error": {"message": "no"}}')
OVERLOADED = Reply(503, {}, b"")
URL = "https://api.openai.com/v1/chat/completions"


def entry(name: str, **known: object) -> Entry:
    """Return an entry."""
    made = Entry(id=EntryId(name), secret=Secret(f"sk-made-up-{name}"))
    return replace(made, **known)  # type: ignore[arg-type]


def out(state: PoolState) -> PoolState:
    """Take the first entry out for good, as another process may."""
    gone = Cooldown(failure=FailureClass.AUTH_REVOKED, since=NOW, until=FOREVER)
    first = state.entries[0]
    return state.change({first.id: replace(first, cooldown=gone)})


def worker_done(pool: Pool) -> None:
    """Wait until the pool's own thread has done what it was asked for so far."""
    engine_of(pool)._stored.own.submit(lambda: None).result(GIVE_UP)  # noqa: SLF001


def together(work: Callable[[int], object], threads: int) -> list[object]:
    """Do a piece of work in threads that start together; return every outcome, errors too."""
    barrier = Barrier(threads, timeout=GIVE_UP)

    def one(n: int) -> object:
        barrier.wait()
        try:
            return work(n)
        except StoreError as err:
            return err

    with ThreadPoolExecutor(threads) as workers:
        return list(workers.map(one, range(threads)))


def until(true: Callable[[], bool]) -> None:
    """Wait for what other threads do, giving way to them; only a broken run reaches the end."""
    for _ in range(10_000_000):
        if true():
            return
        Event().wait(1e-4)
    raise AssertionError("it never became true")


# Counts


def test_counts_are_written_by_another_thread() -> None:
    """A thousand requests are written, whatever reads the pool meanwhile, and not by the caller."""
    store = FakeStore([entry("a")])
    pool = Pool(store)
    store.loads.clear()

    for n in range(LAG):
        engine_of(pool).used(store.stored.entries[0])
        if n % 300 == 0:
            assert pool.state.entries[0].request_count == n + 1
    worker_done(pool)

    assert store.stored.entries[0].request_count == LAG
    assert len(store.updates) == 1
    assert current_thread().name not in {*store.updates, *store.loads}


def test_counts_are_written_once_though_many_are_due() -> None:
    """While the writer waits for the disk, requests go on, and it is not asked again for each."""
    store = FakeStore([entry("a")])
    pool = Pool(store)
    store.may_write.clear()

    for _ in range(3 * LAG - 1):
        engine_of(pool).used(store.stored.entries[0])
    store.may_write.set()
    worker_done(pool)
    worker_done(pool)

    assert len(store.updates) <= 2
    assert pool.state.entries[0].request_count == 3 * LAG - 1
    assert store.stored.entries[0].request_count >= 2 * LAG


def test_counts_that_cannot_be_written_are_kept() -> None:
    """A store that refuses is asked again after as many requests as before, and nothing is lost."""
    store = FakeStore([entry("a")])
    pool = Pool(store)
    store.unwritable = True

    for _ in range(2):
        for _ in range(LAG):
            engine_of(pool).used(store.stored.entries[0])
        worker_done(pool)
    engine_of(pool).used(store.stored.entries[0])
    worker_done(pool)
    refused = len(store.updates)
    with pytest.raises(StoreUnwritable):
        pool.flush()
    store.unwritable = False
    pool.flush()

    assert refused == 2
    assert store.stored.entries[0].request_count == 2 * LAG + 1


def test_counts_outlive_the_pool() -> None:
    """A pool that nobody has any more has its counts written."""
    store = FakeStore([entry("a")])
    pool = Pool(store)
    for _ in range(3):
        engine_of(pool).used(store.stored.entries[0])

    del pool

    assert store.stored.entries[0].request_count == 3
    assert current_thread().name not in store.updates


def test_nothing_is_written_for_nothing() -> None:
    """Without a request since, neither a flush nor the end of the pool or the process writes."""
    store = FakeStore([entry("a")])
    pool = Pool(store)

    pool.flush()
    engine_of(pool).ended()
    del pool

    assert store.updates == []


# Indexes


def out_for(*models: str) -> Entry:
    """Return an entry that has a cooldown for each of the models."""
    cooldown = Cooldown(failure=FailureClass.NOT_ENTITLED, since=NOW, until=NOW + 60)
    return entry("a", models=dict.fromkeys(models, cooldown))


@pytest.mark.parametrize(("models", "indexes"), [((), 1), (("m1", "m2"), 3)])
def test_names_that_a_client_invents_cost_nothing(models: tuple[str, ...], indexes: int) -> None:
    """Twenty thousand model names share one index; those with a cooldown have one each."""
    pool = Pool(FakeStore([out_for(*models), entry("b")]), clock=FakeClock(NOW))

    for name in (*models, *map(str, range(20_000))):
        engine_of(pool).pick(lambda: name, NOW)  # noqa: B023  it is called at once

    assert len(engine_of(pool)._stored.view.indexes) == indexes  # noqa: SLF001


def test_a_models_cooldown_is_forgotten_with_the_next() -> None:
    """A refusal for one model drops what has ended for others, so that a row does not grow."""
    clock = FakeClock(NOW)
    pool = Pool.from_entries("openai", [entry("a"), entry("b")], clock=clock)
    refused = FakeReply.error(403, "model_not_found", "You do not have access to the model")
    transport = httpx2.MockTransport(
        FakeProvider({"sk-made-up-a": repeat(refused)}).handler(httpx2.Response)
    )

    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        for name in ("m1", "m2", "m3"):
            client.post(URL, json={"model": name})
            clock.advance(86_401)

    assert list(pool.state.entries[0].models) == ["m3"]


# Reading what another process has written


def test_one_thread_reads_what_all_want_to_know() -> None:
    """64 threads meet one change: it is read once, and nobody goes on with the old state."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=FakeClock(NOW))
    engine_of(pool).pick(lambda: None, NOW)
    store.loads.clear()
    store.by_another(out)
    store.may_read.clear()
    asked = store.asked

    def look(n: int) -> object:
        if n == 64:  # the one that lets the reading go on, once everybody has asked
            until(lambda: store.asked >= asked + 64 and store.reading.is_set())
            store.may_read.set()
            return "b"
        found = engine_of(pool).pick(lambda: None, NOW)
        return found and found.id

    chosen = together(look, 65)

    assert set(chosen) == {"b"}
    assert len(store.loads) == 1


def test_a_reading_holds_nobody_up_who_need_not_wait() -> None:
    """While one thread reads the store, a decision for which nothing is read is made."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=FakeClock(NOW))
    index = engine_of(pool)._chooser.index(lambda: None, NOW)  # noqa: SLF001
    store.by_another(out)
    store.may_read.clear()
    store.reading.clear()

    with ThreadPoolExecutor(1) as other:
        reading = other.submit(engine_of(pool).follow)
        assert store.reading.wait(GIVE_UP)
        known = engine_of(pool)._chooser.next(index)[1].id  # noqa: SLF001  a selection that began before
        mutex = engine_of(pool)._stored.own.mutex  # noqa: SLF001
        free = mutex.acquire(blocking=False) and mutex.release() is None
        store.may_read.set()
        reading.result(GIVE_UP)

    assert known == "a"
    assert free


def test_an_unreadable_store_stays_an_error() -> None:
    """Each call fails until the store can be read, and then goes by what it says."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=FakeClock(NOW))
    store.by_another(out)
    store.unreadable = True

    for _ in range(3):
        with pytest.raises(StoreUnreadable):
            ActiveCall(engine_of(pool), lambda: None).start()
    store.unreadable = False
    chosen = engine_of(pool).pick(lambda: None, NOW)

    assert chosen is not None
    assert chosen.id == "b"


def test_a_change_of_our_own_is_not_read_again() -> None:
    """Whoever meets a change that this process is making waits for it, and reads nothing itself."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=FakeClock(NOW))
    store.may_return.clear()
    tries = count()

    with ThreadPoolExecutor(2) as others:
        call = ActiveCall(engine_of(pool), lambda: None)
        refused = call.failed(store.stored.entries[0], OUT_OF_CREDIT)
        changing = others.submit(call.settle, refused)
        assert store.written.wait(GIVE_UP)
        store.loads.clear()
        picking = others.submit(engine_of(pool).pick, lambda: None, NOW)
        until(lambda: picking.done() or next(tries) > 200)
        read = list(store.loads)
        store.may_return.set()
        changing.result(GIVE_UP)
        chosen = picking.result(GIVE_UP)

    assert read == []
    assert chosen is not None
    assert chosen.id == "b"
    assert len(store.loads) == 1  # by whoever made the change


# Decisions


@pytest.mark.parametrize(
    "again", [OUT_OF_CREDIT, OVERLOADED], ids=["already out", "nobody is benched for it"]
)
def test_a_report_that_changes_nothing_writes_nothing(again: Reply) -> None:
    """What is known already, or concerns no entry, is decided without the store."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=FakeClock(NOW))
    calls = [ActiveCall(engine_of(pool), lambda: None) for _ in range(3)]
    calls[0].settle(calls[0].failed(store.stored.entries[0], OUT_OF_CREDIT))
    store.updates.clear()

    for call in calls[1:]:
        call.settle(call.failed(store.stored.entries[0], again))

    assert store.updates == []


class Ticking(FakeClock):
    """A clock that never tells the same time twice."""

    def now(self) -> float:
        """Return the time, and let some pass."""
        self.advance(0.001)
        return super().now()


def test_callers_of_one_dead_key_write_a_few_times() -> None:
    """32 threads are refused for one key in one moment: one of them writes for those who wait."""
    store = FakeStore([entry("a"), entry("b")])
    pool = Pool(store, clock=Ticking(NOW))
    waiting = engine_of(pool)._decider._waiting.value  # noqa: SLF001
    store.may_write.clear()

    def refused(n: int) -> object:
        if n == 32:  # the one that lets the first write go on, once the others wait
            until(lambda: len(waiting) >= 31 and store.writing.is_set())
            store.may_write.set()
            return "b"
        call = ActiveCall(engine_of(pool), lambda: None)
        action = call.settle(call.failed(store.stored.entries[0], OUT_OF_CREDIT))
        return action.entry.id  # type: ignore[union-attr]

    found = together(refused, 33)

    assert set(found) == {"b"}
    assert 1 <= len(store.updates) <= 4
    assert store.stored.entries[0].cooldown is not None


def test_each_of_a_group_gets_its_own_error() -> None:
    """What the store refuses fails the call that asked for it, and not those it waited with."""
    names = "abcd"
    store = FakeStore([entry(name) for name in names])
    pool = Pool(store, clock=FakeClock(NOW))
    waiting = engine_of(pool)._decider._waiting.value  # noqa: SLF001
    store.refuses = lambda state: state.entries[2].cooldown is not None
    store.may_write.clear()

    def refused(n: int) -> object:
        if n == 4:
            until(lambda: len(waiting) >= 3 and store.writing.is_set())
            store.may_write.set()
            return "done"
        call = ActiveCall(engine_of(pool), lambda: None)
        call.settle(call.failed(store.stored.entries[n], OUT_OF_CREDIT))
        return "kept"

    found = together(refused, 5)

    assert [str(type(one).__name__) for one in found] == [
        *("str", "str", "StoreUnwritable", "str", "str")
    ]
    assert [e.cooldown is not None for e in store.stored.entries] == [True, True, False, True]


def test_an_error_of_all_is_each_ones_own() -> None:
    """A store that nobody can write fails every call of the group, each with an error of its own."""
    store = FakeStore([entry(name) for name in "abcd"])
    pool = Pool(store, clock=FakeClock(NOW))
    waiting = engine_of(pool)._decider._waiting.value  # noqa: SLF001
    store.unwritable = True
    store.may_write.clear()

    def refused(n: int) -> object:
        if n == 4:
            until(lambda: len(waiting) >= 3 and store.writing.is_set())
            store.may_write.set()
            return None
        call = ActiveCall(engine_of(pool), lambda: None)
        return call.settle(call.failed(store.stored.entries[n], OUT_OF_CREDIT))

    found = together(refused, 5)[:4]

    assert {str(err) for err in found} == {"memory: refused; nothing was changed; let it write"}
    assert {err.where for err in found if isinstance(err, StoreUnwritable)} == {"memory"}
    assert len({id(err) for err in found}) == 4


def test_a_group_keeps_to_the_cap() -> None:
    """Calls that rotate in one change are spread over the entries as if they came one by one."""
    store = FakeStore([entry(name) for name in "abcd"])
    store.by_another(lambda s: replace(s, policy=Policy(max_concurrent=1)))
    pool = Pool(store, clock=Ticking(NOW))
    waiting = engine_of(pool)._decider._waiting.value  # noqa: SLF001
    calls = [ActiveCall(engine_of(pool), lambda: None) for _ in range(3)]
    store.may_write.clear()

    def refused(n: int) -> object:
        if n == 3:
            until(lambda: len(waiting) >= 2 and store.writing.is_set())
            store.may_write.set()
            return "a"
        action = calls[n].settle(calls[n].failed(store.stored.entries[0], OUT_OF_CREDIT))
        return action.entry.id  # type: ignore[union-attr]

    found = together(refused, 4)

    assert sorted(map(str, found)) == ["a", "b", "c", "d"]


# Money


def test_a_change_of_payer_is_told_once_an_hour() -> None:
    """3,000 calls that go back and forth between two payers tell it twice, and twice an hour on."""
    clock = FakeClock(NOW)
    plan = entry("plan", auth_type=AuthType.OAUTH, payer=Payer.SUBSCRIPTION)
    pool = Pool.from_entries(
        "anthropic", [plan, entry("key"), entry("other")], strategy="round_robin", clock=clock
    )
    told: list[events.Event] = []
    pool.listen(told.append)

    for _ in range(2):
        for _ in range(3000):
            engine_of(pool).pick(lambda: None, clock.now())
        clock.advance(3600)

    changes = [(n.source_payer, n.target_payer) for n in told if isinstance(n, events.PayerChanged)]
    both = (Payer.SUBSCRIPTION, Payer.METERED)
    assert Counter(changes) == {both: 2, both[::-1]: 2}


# The ledger of the healthy path


@pytest.fixture
def file_work() -> Iterator[list[tuple[str, str]]]:
    """Note each file that is opened or renamed, and the thread that does it."""
    seen: list[tuple[str, str]] = []
    watching = True

    def watch(event: str, args: tuple[object, ...]) -> None:
        if watching and event in {"open", "os.rename"} and "auth.json" in str(args[0]):
            seen.append((current_thread().name, event))

    sys.addaudithook(watch)
    yield seen
    watching = False


def test_a_request_that_goes_out_while_counts_are_written_counts_once() -> None:
    """Other threads count without a lock: what comes while the sums are taken is for the next time."""
    pool = Pool(FakeStore([entry("a")]))
    counts = engine_of(pool)._stored.own.counts  # noqa: SLF001
    taken, used = counts.sums, 0

    def busy() -> Counter[EntryId]:
        nonlocal used
        found = taken()
        counts.add([EntryId("a")])
        used += 1
        return found

    counts.add([EntryId("a")])
    counts.sums = busy  # type: ignore[method-assign]
    pool.flush()
    counts.sums = taken  # type: ignore[method-assign]

    assert [e.request_count for e in pool.state.entries] == [1 + used]


def test_healthy_calls_neither_read_nor_write(
    tmp_path: Path, file_work: list[tuple[str, str]]
) -> None:
    """6,000 calls over 10,000 entries: the file is written, and never by or for the caller."""
    store = JsonFileStore(tmp_path / "auth.json", "openai", strategy=Strategy.LEAST_USED)
    many = tuple(entry(f"e{n}", priority=n) for n in range(10_000))
    store.update(lambda state: replace(state, entries=many))
    pool = Pool(store)
    file_work.clear()

    for _ in range(6_000):
        call = ActiveCall(engine_of(pool), lambda: None)
        action = call.start()
        call.sending(action.entry)  # type: ignore[union-attr]
        call.settle(call.succeeded(action.entry, {}) or action)  # type: ignore[union-attr]
    worker_done(pool)

    threads = {name for name, _ in file_work}
    assert threads
    assert current_thread().name not in threads
    assert sum(e.request_count for e in pool.state.entries) == 6_000
