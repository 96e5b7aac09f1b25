"""Pools on a server, with a real one on loopback: cut off, slow, restarted without its data."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from credpool._calls.call import ActiveCall
from credpool.entries.operator import Operator
from credpool.model.entry import Cooldown, Entry, Window
from credpool.model.errors import StoreError, StoreUnreadable, StoreUnwritable
from credpool.model.messages import Send
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId, FailureClass
from credpool.pool import Pool, Store, engine_of
from credpool.providers.reply import Reply
from credpool.seed.open import open_pool
from credpool.seed.surroundings import Surroundings
from credpool.simulate.hosts.costs import PATH as WIRE
from credpool.simulate.hosts.costs import SIZES
from credpool.stores import RedisStore
from credpool.testing import SharedStoreContract
from credpool.testing.contract import counted, sample
from tools.hosts.counters import Counters
from tools.hosts.wire import measured

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
GIVE_UP = 60.0
ROOT = Path(__file__).parents[2]


class RealServer:
    """A server of ours on a free port of loopback, which keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        assert PROGRAM is not None, "install redis-server or valkey-server; .ci/run does"
        options = (
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        )
        command = [PROGRAM, *options, "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        wait_until(self._answers)

    def stop(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let it stand still, with every connection open."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


def wait_until(holds: Callable[[], bool]) -> None:
    """Look again and again until something holds; only a broken run takes long."""
    until = time.monotonic() + GIVE_UP
    while not holds():
        assert time.monotonic() < until, "it never came"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Return a server for this module."""
    server = RealServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.client.close()
    server.stop()


@pytest.fixture
def server(running: RealServer) -> RealServer:
    """Return the server, empty."""
    running.client.flushall()
    running.client.config_set("min-replicas-to-write", 0)
    return running


class TestRedisStore(SharedStoreContract):
    """The store on a server."""

    server: RealServer

    @pytest.fixture(autouse=True)
    def _at(self, server: RealServer) -> None:
        self.server = server

    def new_store(self, entries: tuple[Entry, ...]) -> RedisStore:
        """Return a store that holds these entries."""
        store = self.reopen(None)
        store.update(lambda state: replace(state, entries=entries))
        return store

    def reopen(self, store: Store | None) -> RedisStore:  # noqa: ARG002  the server says it all
        """Return another store on the same server."""
        return opened(self.server)

    def impatient(self) -> RedisStore:
        """Return another one; no store waits for a server that does not write."""
        return opened(self.server)

    def program(self) -> str:
        """Return how another process opens it."""
        return (
            "from credpool.stores import RedisStore\n"
            f"store = RedisStore({self.server.url!r}, 'openrouter', secrets=True, follow='asked')\n"
        )

    def beside(self) -> RedisStore:
        """Return the store of another pool on the server."""
        return RedisStore(self.server.url, "groq", secrets=True, follow="asked")

    def spoil(self) -> None:
        """Put something else in the place of the rows."""
        self.server.client.set("credpool:{openrouter}:rows", "something else")

    def outdate(self) -> None:
        """Give the pool a later version."""
        self.server.client.hset("credpool:{openrouter}:pool", "version", 2)
        self.server.client.hincrby("credpool:{openrouter}:pool", "number", 1)

    def content(self) -> object:
        """Return all that the server holds."""
        keys = sorted(self.server.client.keys())  # type: ignore[type-var]
        return [(key, self.server.client.dump(key)) for key in keys]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the server refuse every change."""
        self.server.client.config_set("min-replicas-to-write", 1)
        yield
        self.server.client.config_set("min-replicas-to-write", 0)


def opened(server: RealServer, **options: object) -> RedisStore:
    """Return a store that keeps secrets there and asks for news each time."""
    given = {"secrets": True, "follow": "asked"} | options
    return RedisStore(server.url, "openrouter", **given)  # type: ignore[arg-type]


def cool(name: str, until: float = 1030.0) -> Callable[[PoolState], PoolState]:
    """Return the change that lets an entry cool."""
    cooldown = Cooldown(failure=FailureClass.RATE_LIMITED, since=1000.0, until=until)

    def change(state: PoolState) -> PoolState:
        return state.change(
            {e.id: replace(e, cooldown=cooldown) for e in state.entries if e.id == name}
        )

    return change


def less_left(name: str) -> Callable[[PoolState], PoolState]:
    """Return the change that notes what is left of an entry's quota."""
    windows = {"5h": Window(0.5, 9000.0)}

    def change(state: PoolState) -> PoolState:
        return state.change(
            {e.id: replace(e, windows=windows) for e in state.entries if e.id == name}
        )

    return change


def filled(server: RealServer, **options: object) -> RedisStore:
    """Return a store with two entries."""
    store = opened(server, **options)
    store.update(lambda s: replace(s, entries=(sample("a"), sample("b"))))
    return store


def test_no_secret_goes_there_unless_asked_for(server: RealServer) -> None:
    """An entry that holds a secret is refused; of one that names its place, a fingerprint is kept."""
    store = opened(server, secrets=False, fingerprint_key=b"key")
    named = Entry(
        id=EntryId("n"), secret=Secret("sk-made-up-found"), reference="env:KEY", borrowed=True
    )

    with pytest.raises(StoreUnwritable, match="holds a secret"):
        store.update(lambda s: replace(s, entries=(sample("a"),)))
    store.update(lambda s: replace(s, entries=(named,)))

    everything = b"".join(server.client.hvals("credpool:{openrouter}:rows"))
    assert b"sk-made-up" not in everything
    assert b"secret_fingerprint" in everything
    (entry,) = opened(server).load().entries
    assert (entry.reference, entry.secret) == ("env:KEY", None)


def test_a_password_is_in_no_error(server: RealServer) -> None:
    """An address holds a password, and an error names the host alone."""
    url = server.url.replace("//", "//someone:made-up-password@")

    with pytest.raises(StoreError) as caught:
        RedisStore(url, "openrouter", secrets=True).load()

    assert "made-up-password" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_news_are_heard(server: RealServer) -> None:
    """A store that listens knows of another's change without asking, by message or by poll."""
    store = filled(server, follow="heard", poll=0.05)
    store.stamp()
    _, state = store.read()
    before = store.stamp()

    opened(server).update(counted("a"))
    wait_until(lambda: store.stamp() != before)

    assert state.entries[0].request_count == 0
    assert store.load().entries[0].request_count == 1


def test_counts_are_no_conflict(server: RealServer) -> None:
    """A count that was made on an older pool is added all the same, and made once."""
    store, made = filled(server), []

    def change(state: PoolState) -> PoolState:
        if not made:
            opened(server).update(cool("b"))
        made.append(state)
        return counted("a")(state)

    state = store.update(change)

    assert len(made) == 1
    assert state.entries[0].request_count == 1
    assert state.entries[1].cooldown is not None


def test_a_change_that_is_sent_twice_is_made_once(server: RealServer) -> None:
    """When the connection is cut after the change and before the answer, it is not made again."""
    store = filled(server, timeout=0.5)
    sent = store._server.write  # noqa: SLF001
    client, cut = store._server.client, []  # noqa: SLF001
    whole = client.eval

    def cut_off(*arguments: object) -> object:
        made = whole(*arguments)  # type: ignore[arg-type]
        if not cut:
            cut.append(made)
            raise redis.ConnectionError("cut")
        return made

    client.eval = cut_off  # type: ignore[method-assign]
    store.update(counted("a"))

    assert cut == [1]
    assert sent
    assert opened(server).load().entries[0].request_count == 1


def test_connections_that_are_cut_are_made_again(server: RealServer) -> None:
    """A store whose connections the server has closed goes on with new ones."""
    store = filled(server)

    server.client.client_kill_filter(_type="normal", skipme=True)
    store.update(counted("a"))

    assert store.load().entries[0].request_count == 1


def test_a_slow_server_is_an_error_in_time(server: RealServer) -> None:
    """A server that does not answer holds up a change for no longer than was said, and loses nothing."""
    store = filled(server, timeout=1.0)
    with server.halted():
        with pytest.raises(StoreUnwritable, match="does not answer"):
            store.update(counted("a"))
        state = store.load()

    assert [e.id for e in state.entries] == ["a", "b"]
    assert store.update(counted("a")).entries[0].request_count == 1


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RealServer]:
    """Return a server of the test's own, which it may stop."""
    server = RealServer(tmp_path)
    yield server
    server.client.close()
    server.stop()


def test_a_pool_goes_on_for_a_while_without_its_server(own: RealServer) -> None:
    """Selections go by what was known for the time that was said, and then they are refused."""
    store, short = filled(own), opened(own, stale_for=0.0)
    short.load()
    own.stop()

    assert [e.id for e in store.load().entries] == ["a", "b"]
    assert store.stamp() == store.stamp()
    with pytest.raises(StoreUnreadable, match="has not answered"):
        short.load()
    with pytest.raises(StoreUnreadable, match="has not answered"):
        opened(own).load()
    with pytest.raises(StoreUnwritable, match="does not answer"):
        store.update(cool("a"))


def test_what_is_learnt_waits_for_the_server(own: RealServer) -> None:
    """Cooldowns and counts wait in memory and are written by themselves; a key is never held."""
    store = filled(own, when_away="wait")
    store.load()
    own.stop()

    learnt = store.update(lambda s: counted("a", 3)(cool("b", 2000.0)(s)))
    with pytest.raises(StoreUnwritable, match="must not be lost"):
        store.update(lambda s: replace(s, entries=(*s.entries, sample("c"))))
    own.start()
    filled(own).update(lambda s: counted("a", 4)(cool("b", 1500.0)(s)))
    store.read()

    assert learnt.entries[0].request_count == 3
    there = opened(own).load().entries
    assert there[0].request_count == 7
    assert there[1].cooldown is not None
    assert there[1].cooldown.until == 2000.0


def test_a_server_that_lost_its_data_gets_the_pool_back(
    own: RealServer, caplog: pytest.LogCaptureFixture
) -> None:
    """After a restart without its data, the pool that a host knows is put back, and it says so."""
    store = filled(own)
    store.update(lambda s: counted("a", 3)(cool("b")(s)))
    own.stop()
    own.start()

    assert [e.id for e in store.load().entries] == ["a", "b"]
    store.update(counted("a"))

    found = opened(own).load()
    assert [e.request_count for e in found.entries] == [4, 0]
    assert found.entries[1].cooldown is not None
    assert "has lost its data" in caplog.text


HOST = """
import sys
from credpool import Pool
from credpool._calls.call import ActiveCall
from credpool.pool import engine_of
from credpool.providers.reply import Reply
from credpool.seed.open import open_pool
from credpool.seed.surroundings import Surroundings
from credpool.stores import RedisStore
from credpool import Strategy

store = RedisStore(sys.argv[1], "openrouter", secrets=True, follow="asked", strategy=Strategy.FILL_FIRST)
pool = Pool(store)
print("ready", flush=True)
wasted = 0
for line in sys.stdin:
    call = ActiveCall(engine_of(pool), lambda: None)
    action = call.start()
    call.sending(action.entry)
    if action.entry.id == "a":
        wasted += 1
        call.settle(call.failed(action.entry, Reply(402, {}, b"")))
    print(action.entry.id, flush=True)
pool.flush()
print(wasted, flush=True)
"""


def host(program: str, server: RealServer) -> "subprocess.Popen[str]":
    """Start a process that stands for a host, and wait until it is ready."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    started = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program, server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert heard(started) == "ready"
    return started


def say(one: "subprocess.Popen[str]") -> None:
    """Let a host make a call."""
    assert one.stdin is not None
    one.stdin.write("\n")
    one.stdin.flush()


def heard(one: "subprocess.Popen[str]") -> str:
    """Return the next line of a host."""
    assert one.stdout is not None
    return one.stdout.readline().strip()


def test_three_hosts_waste_one_request_on_an_entry_that_is_out(server: RealServer) -> None:
    """What one host learns, the next selection of each of them knows, and the counts are exact."""
    filled(server)
    hosts = [host(HOST, server) for _ in range(3)]

    chosen = []
    for _ in range(5):
        for one in hosts:
            say(one)
            chosen.append(heard(one))
    ended = [one.communicate(timeout=GIVE_UP)[0].strip() for one in hosts]

    assert chosen == ["a"] + ["b"] * 14
    assert sorted(ended) == ["0", "0", "1"]
    assert [e.request_count for e in opened(server).load().entries] == [1, 14]


def test_each_host_finds_the_secrets_that_the_rows_name(server: RealServer, tmp_path: Path) -> None:
    """A key of one host's environment is a row of all, each with its own secret, and none is kept."""
    pools = []
    for host in ("one", "two"):
        around = Surroundings(environ={"OPENAI_API_KEY": f"sk-made-up-{host}-0123"}, home=tmp_path)
        store = RedisStore(server.url, "openai", follow="asked", fingerprint_key=b"shared")
        pools.append(open_pool("openai", around, store=store))
    Operator(pools[0]).disable("1")

    found = [pool.state.entries for pool in pools]

    assert [[e.secret and e.secret.reveal() for e in entries] for entries in found] == [
        ["sk-made-up-one-0123"],
        ["sk-made-up-two-0123"],
    ]
    assert [entries[0].disabled for entries in found] == [True, True]
    assert b"sk-made-up" not in b"".join(server.client.hvals("credpool:{openai}:rows"))


def test_no_command_of_a_shared_row_is_run(server: RealServer, tmp_path: Path) -> None:
    """Whoever can write the server cannot run programs on the hosts."""
    row = Entry(id=EntryId("a"), reference=f"cmd:touch {tmp_path / 'ran'}", borrowed=True)
    store = RedisStore(server.url, "openai", follow="asked")
    store.update(lambda s: replace(s, entries=(row,)))

    pool = open_pool("openai", Surroundings(environ={}, home=tmp_path), store=store)

    assert pool.state.entries[0].secret is None
    assert not (tmp_path / "ran").exists()


def test_the_suite_passes_on_the_server(server: RealServer, tmp_path: Path) -> None:
    """The checks on sharing, refreshing and storing pass, with a process for each host."""
    report = tmp_path / "run.ndjson"
    chosen = ("--chapter", "sharing", "--chapter", "refresh", "--chapter", "storage")
    testee = str(ROOT / "conformance" / "testees" / "reference_redis.py")

    ran = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "credpool_conformance", "run", "--testee", testee),
            *("--connector", "inprocess", "--report", str(report), *chosen),
        ],
        env=os.environ | {"CREDPOOL_TEST_SERVER": server.url},
        check=False,
        capture_output=True,
        text=True,
    )

    lines = [json.loads(line) for line in report.read_text().splitlines()]
    outcomes = Counter(line["outcome"] for line in lines if line["record"] == "check")
    assert ran.returncode == 0, ran.stdout
    assert outcomes.keys() <= {"pass", "not-applicable"}
    assert outcomes["pass"] > 80


REFRESH = """
import sys
from credpool import Pool
from credpool._calls.call import ActiveCall
from credpool.pool import engine_of
from credpool.stores import RedisStore

store = RedisStore(sys.argv[1], "chatgpt", secrets=True, follow="asked")
engine = engine_of(Pool(store))
print("ready", flush=True)
for line in sys.stdin:
    call = ActiveCall(engine, lambda: None)
    print(type(call.claim(call.start().entry)).__name__, flush=True)
"""


def test_three_hosts_send_one_refresh(server: RealServer) -> None:
    """Of three hosts that meet a login at its end, one refreshes it, and the others wait for that one."""
    login = Entry(
        id=EntryId("a"),
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-access"),
        refresh_token=Secret("made-up-refresh"),
        token_url="https://auth.example.com/token",
        expires_at=time.time() + 5,
    )
    RedisStore(server.url, "chatgpt", secrets=True).update(lambda s: replace(s, entries=(login,)))
    hosts = [host(REFRESH, server) for _ in range(3)]

    for one in hosts:
        say(one)
    told = [heard(one) for one in hosts]

    for one in hosts:
        one.communicate(timeout=GIVE_UP)
    assert sorted(told) == ["AwaitClaim", "AwaitClaim", "Exchange"]


def test_a_change_is_heard_by_message(server: RealServer) -> None:
    """A host that asks once in an hour hears of a cooldown at once, and asks for nothing because of it."""
    store, asked = filled(server, follow="heard", poll=3600.0), []
    listening(store)
    client, before = store._server.client, store.stamp()  # noqa: SLF001
    whole = client.hmget

    def noted(*arguments: object) -> object:
        asked.append(arguments)
        return whole(*arguments)  # type: ignore[arg-type]

    client.hmget = noted  # type: ignore[method-assign,assignment]
    opened(server).update(cool("b"))
    wait_until(lambda: store.stamp() != before)

    assert asked == []
    assert store.load().entries[1].cooldown is not None


def test_soft_state_is_no_news(server: RealServer) -> None:
    """Who listens is told of no counts and no quotas, and of the change that comes after them."""
    store, listener = filled(server), server.client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("credpool:{openrouter}:pool")
    listener.get_message(timeout=GIVE_UP)

    store.update(counted("a"))
    store.update(less_left("a"))
    store.update(cool("b"))

    heard = listener.get_message(timeout=GIVE_UP)
    listener.close()
    assert heard["data"] == store._server.number()  # noqa: SLF001  a notice is what one would be told
    assert heard["data"].startswith(b"4 ")
    assert opened(server).load().entries[0].windows["5h"].left == 0.5


def test_counts_come_without_rows(server: RealServer) -> None:
    """Who has read the pool reads counts alone; who has not reads all of it."""
    store = filled(server)
    opened(server).update(counted("b", 5))
    number, epoch = store._seen.number, store._seen.epoch  # noqa: SLF001

    *_, ids, rows, _, counts, sums = store._server.read(number, epoch)  # noqa: SLF001

    assert (ids, rows, counts, sums) == ([], [], [b"b"], [b"5"])
    assert [e.request_count for e in store.load().entries] == [0, 5]
    assert [e.request_count for e in opened(server).load().entries] == [0, 5]


def test_counts_of_an_entry_that_is_gone_are_gone(server: RealServer) -> None:
    """They come to nobody, and the entry's next count begins at zero."""
    store = filled(server)
    other = opened(server)
    other.load()
    store.update(counted("b", 5))
    store.update(lambda s: replace(s, entries=s.entries[:1]))

    assert [e.id for e in other.load().entries] == ["a"]
    assert server.client.zrange("credpool:{openrouter}:counted", 0, -1) == []


@pytest.mark.parametrize("size", SIZES)
def test_the_measured_costs_are_the_stores(own: RealServer, size: int) -> None:
    """What the simulation of hosts goes by is what each operation costs, to the byte."""
    kept = json.loads((ROOT / WIRE).read_text("utf-8"))["entries"][str(size)]
    table = measured(own.port, size)
    connect, known = table.pop("connect"), kept.pop("connect")

    assert table == kept
    # a connection names its process, and the client its version
    assert connect["commands"] == known["commands"]
    assert abs(connect["in"] - known["in"]) <= 40


def test_a_call_that_is_refused_asks_as_the_simulation_does(own: RealServer) -> None:
    """Its change is read, written and read twice; a healthy call before it asks for nothing."""
    filled(own)
    store = opened(own, follow="heard", poll=3600.0)
    engine = engine_of(Pool(store))
    listening(store)
    engine.follow()
    counters, calls = Counters(own.port), list[ActiveCall]()

    def healthy() -> None:
        calls.append(ActiveCall(engine, lambda: None))
        action = calls[-1].start()
        assert isinstance(action, Send)
        calls[-1].sending(action.entry)

    def refused() -> None:
        calls[-1].settle(calls[-1].failed(engine.state.entries[0], Reply(402, {}, b"")))

    costs = [counters.cost(step)["commands"] for step in (healthy, refused)]
    counters.close()

    assert costs == [{}, {"eval": 1, "eval_ro": 3}]


def listening(store: RedisStore) -> None:
    """Let a store listen, and wait until it has asked for the number as it began."""
    store.stamp()
    wait_until(lambda: store._news.value.heard == 1)  # noqa: SLF001
