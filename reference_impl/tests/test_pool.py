"""`Pool`: opening one, looking at it, and what it keeps of what happened."""

import asyncio
import random
import time
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from credpool import (
    AuthType,
    Cooldown,
    Entry,
    FailureClass,
    PayerChange,
    Policy,
    Pool,
    PoolExhausted,
    PoolState,
    Secret,
    Status,
    Strategy,
)
from credpool._calls.call import ActiveCall
from credpool.clock import Clock, SystemClock
from credpool.errors import StoreUnreadable, UnknownEntry, UnknownProvider, UnknownStrategy
from credpool.httpx2 import PoolAuth
from credpool.model.messages import Exchange
from credpool.model.terms import EntryId
from credpool.pool import Store, engine_of
from credpool.stores import JsonFileStore, MemoryStore
from credpool.testing import FakeClock, FakeProvider, FakeReply, FakeRequest

ONE, TWO, THREE = "sk-made-up-one", "sk-made-up-two", "sk-made-up-three"
RATE_LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
NOT_FOR_YOU = FakeReply.error(403, "model_not_found", "You do not have access to the model")
URL = "https://api.openai.com/v1/chat/completions"


def send(provider: FakeProvider, pool: Pool, model: str = "gpt-5") -> int:
    """Make one call, and return the reply's status."""
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        return client.post(URL, json={"model": model}).status_code


def ids(pool: Pool) -> list[str]:
    """Return the ids of the pool's entries, in its order."""
    return [str(e.id) for e in pool.state.entries]


def counts(pool: Pool) -> list[int]:
    """Return the request counts of the pool's entries, in its order."""
    return [e.request_count for e in pool.state.entries]


# Opening


def test_keys_are_used_in_the_order_given() -> None:
    """Entries made of keys have ids, labels and priorities by their place."""
    pool = Pool.from_keys("openai", [ONE, TWO])

    made = [(e.id, e.label, e.priority, e.secret) for e in pool.state.entries]
    assert made == [("key-1", "key-1", 1, Secret(ONE)), ("key-2", "key-2", 2, Secret(TWO))]


def test_the_defaults_are_the_specifications() -> None:
    """A pool that names nothing uses `fill_first`, the default policy and the machine's clock."""
    pool = Pool.from_keys("openai", [ONE])

    assert pool.state.strategy is Strategy.FILL_FIRST
    assert pool.state.policy == Policy()
    assert isinstance(engine_of(pool).clock, SystemClock)


def test_priority_orders_a_pool() -> None:
    """Entries are in ascending priority, equal ones as they were given."""
    entries = [
        Entry(id=EntryId(name), secret=Secret(name), priority=priority)
        for name, priority in (("c", 2), ("a", 1), ("b", 1))
    ]

    pool = Pool.from_entries("openai", entries)

    assert ids(pool) == ["a", "b", "c"]


def test_an_unknown_strategy_is_refused() -> None:
    """A strategy that is none of the four is an error that names them, before anything is sent."""
    with pytest.raises(
        UnknownStrategy, match=r"'round-robin'.*fill_first, round_robin, least_used, random"
    ):
        Pool.from_keys("openai", [ONE], strategy="round-robin")


def test_an_unknown_provider_is_refused() -> None:
    """A provider that is not in the registry is an error that names those that are."""
    with pytest.raises(UnknownProvider, match=r"'openay'.*anthropic.*openai.*'generic'"):
        Pool.from_keys("openay", [ONE])


def test_an_empty_pool_says_so() -> None:
    """A pool without entries opens; a call says that it is empty, and sends nothing."""
    provider = FakeProvider()
    pool = Pool.from_entries("openai", [])

    with pytest.raises(PoolExhausted, match="it is empty") as raised:
        send(provider, pool)

    assert raised.value.returns_at is None
    assert provider.requests == []


def test_entries_without_a_secret_are_passed_over() -> None:
    """An entry that holds no secret is not chosen, and an exhausted pool names it."""
    provider = FakeProvider({ONE: [NO_MONEY]})
    entries = [Entry(id=EntryId("empty")), Entry(id=EntryId("full"), secret=Secret(ONE))]
    pool = Pool.from_entries("openai", entries, clock=FakeClock())

    status = send(provider, pool)

    assert status == 402
    assert provider.secrets == [ONE]
    with pytest.raises(PoolExhausted, match="empty has no secret, full out_of_credit"):
        send(provider, pool)


def test_an_exhausted_pool_tells_what_the_policy_on_payers_leaves_out() -> None:
    """The message says which advice helps: to wait, or to allow it."""
    plan = Entry(id=EntryId("plan"), secret=Secret(ONE), auth_type=AuthType.OAUTH)
    entries = [Entry(id=EntryId("key")), plan]
    policy = Policy(payer_change=PayerChange.FORBID)
    pool = Pool.from_entries("openai", entries, policy=policy, clock=FakeClock())

    with pytest.raises(PoolExhausted, match="plan is left out, for payer_change forbids its payer"):
        send(FakeProvider({}), pool)


# Looking


def test_looking_changes_nothing(tmp_path: Path) -> None:
    """State, exhaustion and repr move no turn, count nothing and write nothing."""
    path = tmp_path / "auth.json"
    store = JsonFileStore(path, "openai", strategy=Strategy.ROUND_ROBIN)
    entries = tuple(Entry(id=EntryId(key), secret=Secret(key)) for key in (ONE, TWO, THREE))
    store.update(lambda state: replace(state, entries=entries))
    provider, pool = FakeProvider(), Pool(store)
    before = path.read_bytes()

    send(provider, pool)
    for _ in range(5):
        assert (pool.state, pool.exhaustion(), repr(pool)) == (pool.state, None, repr(pool))
    send(provider, pool)

    assert provider.secrets == [ONE, TWO]
    assert path.read_bytes() == before


def test_the_state_is_a_value() -> None:
    """A state that was looked at earlier does not change with the pool."""
    provider, pool = FakeProvider(), Pool.from_keys("openai", [ONE])
    before = pool.state

    send(provider, pool)

    assert before.entries[0].request_count == 0
    assert pool.state.entries[0].request_count == 1


def test_exhaustion_tells_why_and_until_when() -> None:
    """When all are out, each entry's class and end are told, and the first return."""
    clock = FakeClock()
    hinted = replace(RATE_LIMITED, headers={"retry-after": "120"})
    pool = Pool.from_keys("openai", [ONE, TWO], clock=clock)

    send(FakeProvider({ONE: [NO_MONEY], TWO: [hinted]}), pool)

    found, now = pool.exhaustion("gpt-5"), clock.now()
    assert found is not None
    assert found.returns_at == now + 120
    assert [(out.id, out.failure, out.until - now) for out in found.entries] == [
        ("key-1", FailureClass.OUT_OF_CREDIT, 86_400),
        ("key-2", FailureClass.RATE_LIMITED, 120),
    ]


def test_exhaustion_ends_with_the_first_cooldown() -> None:
    """From the moment the first entry returns, the pool is not exhausted."""
    clock = FakeClock()
    pool = Pool.from_keys("openai", [ONE], clock=clock)
    send(FakeProvider({ONE: [NO_MONEY]}), pool)
    found = pool.exhaustion()
    assert found is not None
    assert found.returns_at is not None

    clock.advance(found.returns_at - clock.now())

    assert pool.exhaustion() is None
    assert pool.state.entries[0].status(clock.now()) is Status.OK


def test_a_repr_shows_no_secret() -> None:
    """A pool, its state, its entries and their secrets are printed without a key."""
    pool = Pool.from_keys("openai", [ONE])

    shown = f"{pool!r} {pool} {pool.state!r} {pool.state.entries[0]} {pool.state.entries[0].secret}"

    assert ONE not in shown
    assert "***" in shown


# Counting


def test_every_request_counts() -> None:
    """Retries count as first tries do, for the entry whose secret was sent."""
    provider = FakeProvider({ONE: [RATE_LIMITED, RATE_LIMITED]})
    pool = Pool.from_keys("openai", [ONE, TWO, THREE])

    send(provider, pool)

    assert counts(pool) == [2, 1, 0]


def test_counts_are_written_with_the_next_change(tmp_path: Path) -> None:
    """Counts lag behind on disk until something durable happens, or `flush`."""
    pool, path = pool_on_file(tmp_path), tmp_path / "auth.json"
    send(FakeProvider(), pool)
    lagging = counts(Pool(JsonFileStore(path, "openai")))

    pool.flush()
    flushed = counts(Pool(JsonFileStore(path, "openai")))
    send(FakeProvider({ONE: [NO_MONEY]}), pool)

    assert lagging == [0, 0]
    assert flushed == [1, 0]
    # The reply that cost the first key its turn is counted with the cooldown; the next one lags.
    assert counts(Pool(JsonFileStore(path, "openai"))) == [2, 0]
    assert counts(pool) == [2, 1]


def test_two_pools_on_one_file_add_up(tmp_path: Path) -> None:
    """Counts of several processes are added, not overwritten."""
    one, other = pool_on_file(tmp_path), Pool(JsonFileStore(tmp_path / "auth.json", "openai"))
    for pool in (one, other, other):
        send(FakeProvider(), pool)

    one.flush()
    other.flush()

    assert counts(one) == counts(other) == [3, 0]


# Keeping


def pool_on_file(folder: Path, clock: Clock | None = None) -> Pool:
    """Return a pool of two keys that is kept in a file."""
    store = JsonFileStore(folder / "auth.json", "openai")
    entries = tuple(
        Entry(id=EntryId(f"key-{n}"), secret=Secret(key), priority=n)
        for n, key in enumerate((ONE, TWO), start=1)
    )
    store.update(lambda state: replace(state, entries=entries))
    return Pool(store, clock=clock)


def test_a_cooldown_outlives_the_process(tmp_path: Path) -> None:
    """A pool opened again on the same file leaves a benched key alone."""
    clock = FakeClock()
    send(FakeProvider({ONE: [NO_MONEY]}), pool_on_file(tmp_path, clock))
    provider = FakeProvider()

    send(provider, Pool(JsonFileStore(tmp_path / "auth.json", "openai"), clock=clock))

    assert provider.secrets == [TWO]


def test_the_retry_flag_outlives_the_process(tmp_path: Path) -> None:
    """A key that was throttled before a restart is not retried a second time after it."""
    clock = FakeClock()
    once = pool_on_file(tmp_path, clock)
    with pytest.raises(ConnectionResetError):
        send(FakeProvider({ONE: [RATE_LIMITED, FakeReply(dropped=True)]}), once)
    provider = FakeProvider({ONE: [RATE_LIMITED]})

    send(provider, Pool(JsonFileStore(tmp_path / "auth.json", "openai"), clock=clock))

    assert provider.secrets == [ONE, TWO]


def test_a_key_added_by_another_is_used(tmp_path: Path) -> None:
    """What another process adds to the file is available at the next call."""
    clock, path = FakeClock(), tmp_path / "auth.json"
    pool = pool_on_file(tmp_path, clock)
    send(FakeProvider({ONE: [NO_MONEY], TWO: [NO_MONEY]}), pool)
    third = Entry(id=EntryId("key-3"), secret=Secret(THREE), priority=3)
    JsonFileStore(path, "openai").update(lambda s: replace(s, entries=(*s.entries, third)))
    provider = FakeProvider()

    status = send(provider, pool)

    assert status == 200
    assert provider.secrets == [THREE]


def test_a_reply_for_a_removed_key_marks_nobody(tmp_path: Path) -> None:
    """A key that is removed while its reply is under way leaves no cooldown behind, nor the call."""
    path = tmp_path / "auth.json"
    pool = pool_on_file(tmp_path)

    class Removing(FakeProvider):
        def answer(self, request: FakeRequest) -> FakeReply:
            """Remove the key, then refuse it."""
            JsonFileStore(path, "openai").update(lambda s: replace(s, entries=s.entries[-1:]))
            return super().answer(request)

    status = send(Removing({ONE: [NO_MONEY]}), pool)

    assert status == 200
    assert ids(pool) == ["key-2"]
    assert pool.state.entries[0].cooldown is None


def test_an_unreadable_store_is_refused(tmp_path: Path) -> None:
    """A file that is not JSON opens no pool, and is left as it is."""
    path = tmp_path / "auth.json"
    path.write_text("{broken", encoding="utf-8")

    with pytest.raises(StoreUnreadable, match=r"auth\.json"):
        Pool(JsonFileStore(path, "openai"))

    assert path.read_text(encoding="utf-8") == "{broken"


# Resetting


def test_reset_brings_one_back() -> None:
    """A reset of one entry ends its cooldown, and no other's."""
    clock = FakeClock()
    pool = Pool.from_keys("openai", [ONE, TWO], clock=clock)
    send(FakeProvider({ONE: [NO_MONEY], TWO: [NO_MONEY]}), pool)
    provider = FakeProvider()

    pool.reset("key-2")
    send(provider, pool)

    assert provider.secrets == [TWO]
    assert pool.state.entries[0].status(clock.now()) is Status.EXHAUSTED


def test_reset_brings_all_back_even_the_dead() -> None:
    """A reset of the pool ends every cooldown, those of dead entries included."""
    revoked = FakeReply.error(401, "token_revoked", "revoked")
    clock = FakeClock()
    pool = Pool.from_keys("openai", [ONE, TWO], clock=clock)
    send(FakeProvider({ONE: [revoked], TWO: [NO_MONEY]}), pool)
    assert pool.state.entries[0].dead

    pool.reset()

    assert [e.status(clock.now()) for e in pool.state.entries] == [Status.OK, Status.OK]


def test_reset_of_an_unknown_entry_is_refused() -> None:
    """A reset of an id that the pool lacks names those it has."""
    with pytest.raises(UnknownEntry, match=r"'key-9'.*key-1, key-2"):
        Pool.from_keys("openai", [ONE, TWO]).reset("key-9")


# Models


def test_one_models_cooldown_is_not_anothers() -> None:
    """An entry that may not use one model is still chosen for another."""
    provider = FakeProvider({ONE: [NOT_FOR_YOU]})
    pool = Pool.from_keys("openai", [ONE, TWO])

    send(provider, pool, "gpt-5")
    send(provider, pool, "gpt-5")
    send(provider, pool, "gpt-5-mini")

    assert provider.secrets == [ONE, TWO, TWO, ONE]
    assert pool.exhaustion("gpt-5") is None


def test_exhaustion_is_told_by_model() -> None:
    """A pool can be exhausted for one model alone."""
    pool = Pool.from_keys("openai", [ONE])

    send(FakeProvider({ONE: [NOT_FOR_YOU]}), pool, "gpt-5")

    found = pool.exhaustion("gpt-5")
    assert found is not None
    assert found.entries[0].failure is FailureClass.NOT_ENTITLED
    assert pool.exhaustion("gpt-5-mini") is None
    assert pool.exhaustion() is None


# Probing


def pool_out_for(seconds: float, clock: FakeClock) -> Pool:
    """Return a pool whose only entry has been out for that long, with days to go."""
    since = clock.now() - seconds
    cooldown = Cooldown(
        failure=FailureClass.USAGE_LIMITED, since=since, until=clock.now() + 7 * 86_400.0
    )
    entry = Entry(id=EntryId("a"), secret=Secret(ONE), cooldown=cooldown)
    return Pool.from_entries("openai", [entry], clock=clock)


def test_a_probe_that_succeeds_ends_the_cooldown() -> None:
    """An entry that has been out for over an hour is tried when nothing else is left."""
    clock = FakeClock()
    pool = pool_out_for(3601, clock)

    status = send(FakeProvider(), pool)

    assert status == 200
    assert pool.state.entries[0].cooldown is None


def test_a_probe_that_fails_changes_nothing() -> None:
    """A probe's refusal is delivered, leaves the cooldown, and is not repeated at once."""
    clock = FakeClock()
    pool = pool_out_for(3601, clock)
    before = pool.state.entries[0].cooldown
    provider = FakeProvider({ONE: [NO_MONEY]})

    status = send(provider, pool)

    assert status == 402
    assert pool.state.entries[0].cooldown == before
    with pytest.raises(PoolExhausted):
        send(provider, pool)
    assert provider.secrets == [ONE]


# Chance and time


def test_random_follows_the_dice() -> None:
    """`random` chooses by one draw for each selection, and is repeatable."""
    provider = FakeProvider()
    entries = [Entry(id=EntryId(key), secret=Secret(key)) for key in (ONE, TWO, THREE)]
    draws = iter([0.0, 0.34, 0.99, 0.67])
    pool = Pool.from_entries("openai", entries, strategy="random", dice=lambda: next(draws))

    for _ in range(4):
        send(provider, pool)

    assert provider.secrets == [ONE, TWO, THREE, THREE]


@pytest.mark.parametrize("strategy", ["fill_first", "round_robin", "least_used"])
def test_other_strategies_do_not_draw(strategy: str) -> None:
    """No strategy but `random` uses the dice, whether a call rotates or not."""
    entries = [Entry(id=EntryId(key), secret=Secret(key)) for key in (ONE, TWO)]
    drawn: list[float] = []

    def dice() -> float:
        drawn.append(random.random())  # noqa: S311  no secret hangs on it
        return drawn[-1]

    pool = Pool.from_entries("openai", entries, strategy=strategy, dice=dice)
    send(FakeProvider({ONE: [NO_MONEY]}), pool)

    assert drawn == []


def test_the_machines_clock_is_the_time() -> None:
    """`SystemClock` tells the machine's time, and does not wait for a moment that has passed."""
    clock, before = SystemClock(), time.time()

    clock.sleep(before - 5, "retry")
    asyncio.run(clock.sleep_async(before - 5, "claim"))

    assert before <= clock.now() <= time.time()


def test_the_protocols_describe_what_is_shipped() -> None:
    """The stores and clocks that are shipped are what the protocols ask for."""
    stores: list[Store] = [MemoryStore(PoolState(key="openai", provider="openai"))]
    clocks: list[Clock] = [SystemClock(), FakeClock()]

    assert [
        engine_of(Pool(store, clock=clock)).clock for store in stores for clock in clocks
    ] == clocks


def test_the_fake_clock_remembers_the_waits() -> None:
    """A wait on `FakeClock` takes no time, is noted, and never turns it back."""
    clock = FakeClock(100.0)

    clock.sleep(102.5, "retry")
    asyncio.run(clock.sleep_async(101.0, "claim"))
    clock.advance(1.0)

    assert clock.waits == [2.5, -1.5]
    assert clock.now() == 103.5


def test_no_two_calls_share_the_name_under_which_they_claim() -> None:
    """A claim outlives its call, and a later call must not take it for its own."""
    login = Entry(
        id=EntryId("a"),
        secret=Secret("token"),
        refresh_token=Secret("refresh"),
        base_url="http://127.0.0.1:1",
    )
    pool = Pool.from_entries("openai", [login], clock=FakeClock())

    first = ActiveCall(engine_of(pool), lambda: None).claim(login)
    second = ActiveCall(engine_of(pool), lambda: None).claim(login)

    assert isinstance(first, Exchange)
    assert not isinstance(second, Exchange)
