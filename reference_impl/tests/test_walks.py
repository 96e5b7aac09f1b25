"""Nothing walks over the entries of a pool: ten times as many cost as many steps (spec: pools).

What is counted is every step of the interpreter, so that neither the machine nor its load matters.
What copies or compares a whole list at once is one step.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import httpx2
import pytest

from credpool import Entry, Pool, Secret, Strategy
from credpool._calls.call import ActiveCall
from credpool.events.changes import begun
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Cooldown
from credpool.model.state import Entries
from credpool.model.terms import EntryId, FailureClass, Payer
from credpool.pool import Store, engine_of
from credpool.providers.reply import Reply
from credpool.rules.select import Index
from credpool.stores import JsonFileStore, MemoryStore, SqliteStore

FEW, MANY = 300, 3_000
STRATEGIES = [s.value for s in Strategy]
JSON = {"content-type": "application/json"}
REFUSALS = {
    "out of credit": Reply(
        429, JSON, b'{"error": {"code": "insufficient_quota", "message": "no"}}'
    ),
    "refused": Reply(401, JSON, b'{"error": {"code": "invalid_api_key", "message": "no"}}'),
    "twice too many": Reply(429, {**JSON, "retry-after": "600"}, b'{"error": {"message": "no"}}'),
}


def steps(work: Callable[[], object]) -> int:
    """Count the steps of the interpreter, in this thread."""
    taken = 0

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:  # noqa: ANN401  as `settrace` has it
        nonlocal taken
        frame.f_trace_opcodes = True
        taken += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return taken


def entry(n: int, **more: object) -> Entry:
    """Return one of many entries."""
    plain = Entry(id=EntryId(f"e{n:06}"), secret=Secret(f"sk-made-up-{n:06}-{n * 7919:09}"))
    return replace(plain, priority=n, **more)  # type: ignore[arg-type]


def pool_of(size: int, make: Callable[[Path], Store], folder: Path) -> Pool:
    """Return a pool of that many entries that has been at work."""
    store = make(folder / f"{size}")
    store.update(lambda state: replace(state, entries=tuple(map(entry, range(size)))))
    pool = Pool(store)
    for _ in range(3):
        choose(pool)
    return pool


def choose(pool: Pool) -> None:
    """Begin a call and send it."""
    call = ActiveCall(engine_of(pool), lambda: None)
    call.sending(call.start().entry)  # type: ignore[union-attr]


def fail(pool: Pool, at: int, reply: Reply) -> None:
    """Let a call fail with the entry at that place."""
    call = ActiveCall(engine_of(pool), lambda: None)
    refused = engine_of(pool).known.entries[at]
    call.sending(refused)
    call.settle(call.failed(refused, reply))


def in_memory(strategy: str) -> Callable[[Path], Store]:
    """Return what makes a store in memory."""
    return lambda _: MemoryStore(Pool.from_entries("openai", [entry(0)], strategy=strategy).state)


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": in_memory("fill_first"),
    "file": lambda path: JsonFileStore(path.with_suffix(".json"), "openai"),
    "database": lambda path: SqliteStore(path.with_suffix(".db"), "openai"),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_choice_is_no_walk(strategy: str, tmp_path: Path) -> None:
    """Each strategy chooses among 3,000 in as many steps as among 300."""
    few, many = (
        steps(lambda: choose(pool))  # noqa: B023  it is called at once
        for pool in (pool_of(n, in_memory(strategy), tmp_path) for n in (FEW, MANY))
    )

    assert many <= 1.1 * few


def test_a_change_of_entry_that_is_no_news_takes_few_steps(tmp_path: Path) -> None:
    """Where nothing is known of quotas, `quota_aware` costs hardly more than `least_used`."""
    counted, aware = (
        steps(lambda: choose(pool))  # noqa: B023  it is called at once
        for pool in (pool_of(FEW, in_memory(s), tmp_path) for s in ("least_used", "quota_aware"))
    )

    assert aware <= 2 * counted


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s != "quota_aware"])
def test_the_choice_after_a_flush_is_no_walk(strategy: str, tmp_path: Path) -> None:
    """That counts were written is no reason to look at the entries again."""

    def taken(size: int) -> int:
        pool = pool_of(size, in_memory(strategy), tmp_path)
        pool.flush()
        return steps(lambda: choose(pool))

    few, many = taken(FEW), taken(MANY)

    assert many <= 1.1 * few


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_others_have_counted_is_counted(strategy: str, tmp_path: Path) -> None:
    """After another process's requests and a flush of our own, the choice is the rule's."""
    path = tmp_path / "auth.json"
    store, other = (JsonFileStore(path, "openai", strategy=Strategy(strategy)) for _ in range(2))
    store.update(lambda state: replace(state, entries=tuple(map(entry, range(4)))))
    pool = Pool(store, dice=lambda: 0.0)
    for _ in range(5):
        choose(pool)

    used = replace(entry(2), request_count=40)
    other.update(lambda state: state.change({used.id: used}))
    pool.flush()
    found = [e.request_count for e in pool.state.entries]
    for _ in range(6):
        choose(pool)

    more = [e.request_count - n for e, n in zip(pool.state.entries, found, strict=True)]
    assert sum(more) == 6
    if strategy in ("least_used", "quota_aware"):
        assert more == [2, 2, 0, 2]


@pytest.mark.parametrize("reply", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
def test_a_durable_change_is_no_walk(
    make: Callable[[Path], Store], reply: Reply, tmp_path: Path
) -> None:
    """A refusal is decided, kept and told in as many steps, however many entries there are."""

    def taken(size: int) -> int:
        pool, places = pool_of(size, make, tmp_path), count(5)
        for _ in range(3):
            fail(pool, next(places), reply)
        return steps(lambda: fail(pool, next(places), reply))

    few, many = taken(FEW), taken(MANY)

    assert many <= 1.1 * few


def test_another_changed_row_is_no_walk(tmp_path: Path) -> None:
    """What another process has changed in a database is taken up without a walk."""

    def taken(size: int) -> int:
        make = STORES["database"]
        pool, other = pool_of(size, make, tmp_path), make(tmp_path / f"{size}")
        found = []
        for n in range(4):
            new = replace(entry(7), label=f"label {n}")
            other.update(lambda state: state.change({new.id: new}))  # noqa: B023  called at once
            found.append(steps(engine_of(pool).follow))
        return found[-1]

    few, many = taken(FEW), taken(MANY)

    assert many <= 1.2 * few


MOST_STEPS = 2_300
"""The steps that a healthy request may take over those of the client itself, about 4,500 of them."""


def test_a_healthy_request_takes_few_steps() -> None:
    """The way through the pool is short: no URL is parsed twice, and no header is read for nobody."""
    keys = [f"sk-made-up-{n:06}" for n in range(2)]
    pool = Pool.from_keys("openai", keys, base_url="http://provider.test/v1")
    json = {"content-type": "application/json"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=json, content=b"{}"))
    own = {"authorization": f"Bearer {keys[0]}"}

    with (
        httpx2.Client(transport=transport) as bare,
        httpx2.Client(transport=transport, auth=PoolAuth(pool)) as pooled,
    ):
        found = []
        for _ in range(3):
            alone = steps(lambda: bare.post("http://provider.test/v1/x", json={}, headers=own))
            found.append(steps(lambda: pooled.post("http://provider.test/v1/x", json={})) - alone)

    assert found[-1] <= MOST_STEPS


# What is worked out once


def test_of_two_equal_ids_the_first_is_found() -> None:
    """A list that somebody has made by hand is read as it stands."""
    first, second = entry(1, label="first"), entry(1, label="second")

    assert Entries((first, second)).places == {first.id: 0}


def test_a_change_of_nothing_is_the_same_list() -> None:
    """Entries that are equal, or of no pool, leave the list as it is."""
    entries = Entries(map(entry, range(3)))

    assert entries.exchanged({entry(1).id: entry(1), EntryId("no"): entry(9)}) is entries


@pytest.mark.parametrize(
    ("name", "value"),
    [("secret", Secret("sk-another")), ("disabled", True), ("payer", Payer.METERED)],
)
def test_what_no_longer_holds_is_worked_out_again(name: str, value: object) -> None:
    """An entry with another secret is found by that one, and by the old one no more."""
    entries = Entries(map(entry, range(3)))
    work: Iterator[int] = count()
    entries.once("x", None, lambda _: next(work))
    new = replace(entry(1), **{name: value})  # type: ignore[arg-type]

    after = entries.exchanged({new.id: new})

    assert after.once("x", None, lambda _: next(work)) == 1
    assert after[1].secret in after.holders
    assert (entry(1).secret in after.holders) == (name != "secret")


def test_what_happens_to_an_entry_leaves_what_was_worked_out() -> None:
    """A count or a mark is no reason to look at all entries again."""
    entries = Entries(map(entry, range(3)))
    assert entries.touched == frozenset()
    once = entries.once("x", 1, lambda _: object())
    marked = replace(entry(1), marked=True, request_count=7)

    after = entries.exchanged({marked.id: marked})
    back = after.exchanged({marked.id: entry(1)})

    assert after.once("x", 1, lambda _: object()) is once
    assert after.once("x", 2, lambda _: object()) is not once
    assert (after.touched, back.touched) == ({1}, frozenset())
    assert after.places == entries.places


def test_an_index_goes_on_with_an_entry_that_is_out() -> None:
    """The count of an entry that nobody may choose is news to no choice."""
    out = Cooldown(failure=FailureClass.RATE_LIMITED, since=0.0, until=9e9)
    entries = [entry(0), entry(1, cooldown=out), entry(2)]
    state = Pool.from_entries("openai", entries, strategy="round_robin").state
    index = Index(state, now=1.0, model=None)
    counted = {e.id: replace(e, request_count=5) for e in state.entries[:2]}
    after = state.change(counted)

    made = index.with_counts(after, [0, 1])

    assert made is not None
    assert [(e.id, e.request_count) for e in made.ready] == [("e000000", 5), ("e000002", 0)]


def test_an_entry_that_is_gone_bills_nobody() -> None:
    """A change of payer is told between two entries of the pool alone."""
    mixed = [entry(0, payer=Payer.METERED), entry(1, payer=Payer.SUBSCRIPTION)]
    state = Pool.from_entries("openai", mixed, strategy="round_robin").state

    assert [*begun(state, EntryId("gone"), mixed[0].id)] == []
