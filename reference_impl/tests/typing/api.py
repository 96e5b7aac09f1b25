"""How the public names are used, as a type checker sees it. Checked by mypy, never run."""

import json
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from pathlib import Path
from typing import assert_type

import httpx
import httpx2
import requests

import credpool
import credpool.httpx
import credpool.httpx2
import credpool.requests
from credpool import (
    EXHAUSTION,
    Answer,
    Attempt,
    AuthType,
    Cooldown,
    CredpoolError,
    Entry,
    EntryId,
    Exhaustion,
    FailureClass,
    First429,
    Operator,
    Payer,
    PayerChange,
    Policy,
    Pool,
    PoolExhausted,
    PoolState,
    Secret,
    Status,
    StoreError,
    Strategy,
    events,
    open_pool,
)
from credpool.clock import Clock, SystemClock, Why
from credpool.errors import (
    AmbiguousTarget,
    BadConfig,
    BadInput,
    BadPolicy,
    DuplicateSecret,
    LoginFailed,
    NoLogin,
    NotRefreshed,
    StoreTooNew,
    StoreUnreadable,
    StoreUnwritable,
    UnknownEntry,
    UnknownProvider,
    UnknownStrategy,
    UnusableLabel,
    UnusableSecret,
    WrongOrigin,
)
from credpool.events.report import report_attempt, report_event, report_exhaustion, report_pool
from credpool.login import LoginApp, Prompt, login_by_browser, login_by_device, refresh
from credpool.model.terms import FOREVER
from credpool.pool import Listener, Store
from credpool.seed import Complaint, Surroundings, view_pool
from credpool.sinks import Command, Send, Sink, Webhook
from credpool.stores import JsonFileStore, MemoryStore, RedisStore, SqliteStore
from credpool.testing import (
    FakeClock,
    FakeProvider,
    FakeReply,
    FakeRequest,
    SharedStoreContract,
    StoreContract,
)


def opening() -> None:
    """Open pools: of keys, of entries, of a store."""
    policy = Policy(max_retry_wait=2.0, cooldowns={FailureClass.RATE_LIMITED: 30.0})
    assert_type(Policy(max_concurrent=2, affinity_ttl=600.0).max_concurrent, int | None)
    assert_type(Pool.open("openai"), Pool)
    assert_type(Pool.open("openai", keys=["sk-one"], path="auth.json"), Pool)
    assert_type(Pool.from_keys("openai", ["sk-one", "sk-two"]), Pool)
    assert_type(
        Pool.from_keys(
            "generic",
            ("one",),
            base_url="https://llm.example.com/v1",
            strategy="least_used",
            policy=policy,
            clock=SystemClock(),
        ),
        Pool,
    )
    login = Entry(
        id=EntryId("login"),
        secret=Secret("access"),
        auth_type=AuthType.OAUTH,
        refresh_token=Secret("grant"),
        token_url="https://auth.example.com/token",
    )
    assert_type(Pool.from_entries("openai", [login], strategy="random", dice=lambda: 0.5), Pool)
    store = JsonFileStore(Path("auth.json"), "openai", strategy=Strategy.ROUND_ROBIN)
    assert_type(SqliteStore("pool.db", "openai", lock_timeout=2.0).load(), PoolState)
    shared = RedisStore("redis://127.0.0.1", "openai", secrets=True, when_away="wait")
    assert_type(open_pool("openai", store=shared), Pool)
    assert_type(Pool(store, clock=FakeClock(), dice=lambda: 0.5), Pool)
    assert_type(Pool(MemoryStore(PoolState(key="openai", provider="openai"))), Pool)


def finding() -> None:
    """Open pools of what is found."""
    around = Surroundings(environ={"OPENAI_API_KEY": "sk-one"}, home=Path(), folder=Path())
    assert_type(Surroundings.usual(), Surroundings)
    told: list[Complaint] = []
    pool = open_pool("openai", around, store="auth.json", notify=told.append)
    assert_type(pool, Pool)
    assert_type([f"{n.where}: {n.what}; {n.fix}" for n in told], list[str])
    configured = Surroundings(environ={}, config={"custom_providers": []}, provider="openai")
    assert_type(view_pool("openai", around), PoolState)
    open_pool("custom:work", configured, strategy=Strategy.RANDOM, policy=Policy())


def using(pool: Pool) -> None:
    """Give a pool to clients of both libraries."""
    told: list[Attempt] = []
    auth = credpool.httpx2.PoolAuth(pool, observe=told.append)
    older = credpool.httpx.PoolAuth(pool)
    session = requests.Session()
    session.auth = credpool.requests.PoolAuth(pool, observe=told.append)
    httpx2.Client(auth=auth)
    httpx2.AsyncClient(auth=auth)
    httpx.Client(auth=older)
    httpx.AsyncClient(auth=older)
    assert_type(
        auth.sync_auth_flow(httpx2.Request("POST", "https://api.openai.com/v1")),
        Generator[httpx2.Request, httpx2.Response, None],
    )
    assert_type(
        older.async_auth_flow(httpx.Request("POST", "https://api.openai.com/v1")),
        AsyncGenerator[httpx.Request, httpx.Response],
    )
    for attempt in told:
        assert_type(attempt.entry, EntryId)
        assert_type(attempt.failure, FailureClass | None)
        assert_type(attempt.answered, bool)


def telling_a_person(pool: Pool) -> None:
    """Tell a program and an address what happens."""
    send: Send = Webhook("https://hooks.example.com/x")
    sink = Sink(pool, send, events=["entry.died"], every=60.0)
    pool.listen(sink)
    pool.listen(Sink(pool, Command("notify-send", "{text}")))
    assert_type(sink.wait(1.0), None)


def looking(pool: Pool) -> None:
    """Look at a pool, and end its cooldowns."""
    assert_type(pool.state, PoolState)
    assert_type(pool.state.strategy, Strategy)
    assert_type(pool.state.policy, Policy)
    for entry in pool.state.entries:
        assert_type(entry, Entry)
        assert_type(entry.secret, Secret | None)
        assert_type(entry.cooldown, Cooldown | None)
        assert_type(entry.models, Mapping[str, Cooldown])
        assert_type(entry.status(1_790_000_000.0), Status)
    exhaustion = pool.exhaustion("gpt-5")
    assert_type(exhaustion, Exhaustion | None)
    if exhaustion is not None:
        assert_type(exhaustion.returns_at, float | None)
        assert_type([out.failure for out in exhaustion.entries], list[FailureClass | None])
    pool.reset()
    pool.reset("key-1")
    pool.flush()
    assert_type(credpool.__version__, str)


def operating(pool: Pool) -> None:
    """Do what an operator does."""
    operator = Operator(pool)
    assert_type(operator.disable("work"), Entry)
    assert_type(operator.enable("work"), Entry)
    assert_type(operator.serve("work", ["gpt-5*"]), Entry)
    key = Secret("sk-three")
    assert_type(operator.add(key), Entry)
    assert_type(operator.add(key, label="spare", auth_type=AuthType.API_KEY, owner="org-1"), Entry)
    assert_type(operator.rename("spare", "reserve"), Entry)
    assert_type(operator.prioritise("reserve", 9), Entry)
    assert_type(operator.move("reserve", "first"), Entry)
    assert_type(operator.move("reserve", before="spare"), Entry)
    assert_type(operator.remove("reserve"), Entry)
    operator.reset()
    operator.reset("2")
    operator.choose_by("least_used")
    operator.choose_by(Strategy.RANDOM)
    assert_type(json.dumps(operator.list()), str)


def listening(pool: Pool) -> Listener:
    """Be told what a pool does by itself, and go on elsewhere when it has run out."""
    waits: list[float | None] = []

    def listener(event: events.Event) -> None:
        json.dumps(report_event(event))
        match event:
            case events.PoolExhausted(exhaustion):
                waits.append(exhaustion.returns_at)
            case events.EntrySwitched(source, target, failure):
                assert_type((source, target), tuple[EntryId, EntryId])
                assert_type(failure, FailureClass | None)
            case events.PayerChanged(_, _, source_payer, target_payer):
                assert_type((source_payer, target_payer), tuple[Payer, Payer])
            case events.EntryCooled(entry, _, until, model):
                assert_type((entry, until), tuple[EntryId, float])
                assert_type(model, str | None)
            case events.RefreshFailed(_, terminal):
                assert_type(terminal, bool)
            case events.OwnerShared(owner, entries):
                assert_type((owner, entries), tuple[str, tuple[EntryId, ...]])
            case events.EntryUnusable(_, why):
                assert_type(why, str)
            case (
                events.EntryDied(entry)
                | events.EntryRecovered(entry)
                | events.EntryRefreshed(entry)
            ):
                assert_type(entry, EntryId)

    pool.listen(listener)
    return listener


def paying() -> None:
    """Say who pays, and that nobody else may."""
    policy = Policy(
        payer_change=PayerChange.FORBID, first_429=First429.ROTATE, avoid_below_fraction=0.1
    )
    plan = Entry(id=EntryId("plan"), secret=Secret("access"), payer=Payer.SUBSCRIPTION)
    assert_type(Pool.from_entries("openai", [plan], policy=policy), Pool)


def handling(call: Callable[[], None]) -> float | None:
    """Tell the errors apart."""
    try:
        call()
    except PoolExhausted as err:
        assert_type(err.exhaustion, Exhaustion)
        return assert_type(err.returns_at, float | None)
    except WrongOrigin as err:
        assert_type((err.asked, err.allowed), tuple[str, str])
    except (UnknownEntry, AmbiguousTarget) as err:
        assert_type(err.target, str)
    except (UnusableLabel, UnusableSecret) as err:
        assert_type(err.why, str)
    except DuplicateSecret as err:
        assert_type(err.holder, str)
    except (UnknownStrategy, UnknownProvider) as err:
        assert_type(err.name, str)
    except (BadConfig, StoreUnreadable, StoreTooNew, StoreUnwritable) as err:
        assert_type(err.where, str)
    except BadPolicy as err:
        assert_type(err.name, str)
    except (BadInput, StoreError, CredpoolError):
        raise
    return None


class OwnClock:
    """A clock of one's own."""

    def now(self) -> float:
        """Return the time."""
        return 0.0

    def sleep(self, until: float, why: Why, /) -> None:
        """Wait."""

    async def sleep_async(self, until: float, why: Why, /) -> None:
        """Wait."""


class OwnStore:
    """A store of one's own."""

    def load(self) -> PoolState:
        """Return the pool."""
        return PoolState(key="openai", provider="openai")

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool."""
        return change(self.load())

    def stamp(self) -> object:
        """Return nothing that changes."""
        return None


class TestOwnStore(StoreContract):
    """The contract, kept by a store of one's own."""

    def new_store(self, entries: tuple[Entry, ...]) -> OwnStore:
        """Return a store."""
        del entries
        return OwnStore()


def telling(pool: Pool, attempt: Attempt, response: httpx2.Response) -> None:
    """Tell others what a pool is doing, in JSON."""
    found = response.extensions.get(EXHAUSTION)
    assert isinstance(found, Exhaustion)
    json.dumps([report_exhaustion(found), report_attempt(attempt)])
    answer = response.extensions["credpool"]
    assert isinstance(answer, Answer)
    assert_type((answer.pool, answer.label, answer.attempts), tuple[str, str, tuple[Attempt, ...]])
    json.dumps(report_pool(pool.state, now=0.0))
    assert_type(FOREVER, float)


def extending() -> None:
    """Open a pool with a store and a clock of one's own, which need no base class."""
    store: Store = OwnStore()
    clock: Clock = OwnClock()
    assert_type(Pool(store, clock=clock), Pool)


def logging_in(pool: Pool) -> None:
    """Let a person log in, with a client of one's own."""
    shown: list[Prompt] = []
    app = LoginApp.at("openai", client_id="mine", device_url="https://auth.example/device")
    try:
        assert_type(login_by_device(pool, app, shown.append), Entry)
        assert_type(login_by_browser(pool, app, shown.append), Entry)
        assert_type(refresh(pool, "work"), Entry)
    except LoginFailed as error:
        assert_type(error.why, NoLogin)
    except NotRefreshed:
        pass


def testing() -> None:
    """Test a program with a fake provider: as a mock transport, and as a server."""
    provider = FakeProvider({"sk-one": [FakeReply.error(429), FakeReply.json({"ok": True})]})
    httpx2.Client(transport=httpx2.MockTransport(provider.handler(httpx2.Response)))
    httpx.AsyncClient(transport=httpx.MockTransport(provider.handler(httpx.Response)))
    with provider as server:
        assert_type(server.url, str)
    assert_type(provider.requests, list[FakeRequest])
    assert_type(provider.secrets, list[str])
    assert_type(FakeClock().waits, list[float])


class TestOwnSharedStore(SharedStoreContract):
    """The contract of a store that other programs reach."""

    def new_store(self, entries: tuple[Entry, ...]) -> OwnStore:
        """Return a store."""
        del entries
        return OwnStore()

    def program(self) -> str:
        """Return how another process opens it."""
        return "store = …"
