"""Logging in, over real HTTP on the loopback address; no test waits."""

import asyncio
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from credpool import Entry, Pool, Secret
from credpool.errors import LoginFailed, NoLogin
from credpool.login import (
    LoginApp,
    Prompt,
    login_by_browser,
    login_by_device,
    login_by_device_async,
)
from credpool.login.callback import Callback
from credpool.testing import FakeClock, FakeReply, FakeRequest
from credpool.testing.server import Server
from credpool.testing.store import FakeStore

PENDING = FakeReply.error(400, "authorization_pending")
DEVICE = FakeReply.json(
    {
        "device_code": "made-up-device",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://auth.example/go",
    }
)
TOKENS = FakeReply.json({"access_token": "made-up-access", "refresh_token": "made-up-refresh"})
Started = Callable[..., LoginApp]


@pytest.fixture
def asked() -> list[FakeRequest]:
    """Return the requests that reach the endpoints."""
    return []


@pytest.fixture
def answering(asked: list[FakeRequest]) -> Iterator[Started]:
    """Return how to start the endpoints with their replies, in order."""
    servers: list[Server] = []

    def start(*replies: FakeReply) -> LoginApp:
        left = list(replies)

        def answer(request: FakeRequest) -> FakeReply:
            asked.append(request)
            return left.pop(0)

        servers.append(Server(answer))
        url = f"http://127.0.0.1:{servers[-1].server_address[1]}"
        return LoginApp(
            client_id="mine",
            token_url=f"{url}/token",
            device_url=f"{url}/device",
            authorize_url=f"{url}/authorize",
        )

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that nobody waits for."""
    return FakeClock()


@pytest.fixture
def pool(clock: FakeClock) -> Pool:
    """Return a pool without entries."""
    return Pool.from_entries("openai", (), clock=clock)


def test_by_code(answering: Started, pool: Pool, clock: FakeClock) -> None:
    """A code is shown, the provider is asked at its pace, and the login is in the pool."""
    app, shown = answering(DEVICE, PENDING, TOKENS), list[Prompt]()

    entry = login_by_device(pool, app, shown.append)

    assert shown == [Prompt("https://auth.example/go", "WDJB-MJHT")]
    assert clock.waits == [5.0, 5.0]
    assert pool.state.entries == (entry,)
    assert (entry.secret, entry.source) == (Secret("made-up-access"), "manual:device_code")


def test_by_code_without_blocking(answering: Started, pool: Pool, clock: FakeClock) -> None:
    """The asynchronous twin does the same."""
    app, shown = answering(DEVICE, PENDING, TOKENS), list[Prompt]()

    entry = asyncio.run(login_by_device_async(pool, app, shown.append))

    assert (clock.waits, len(shown)) == ([5.0, 5.0], 1)
    assert pool.state.entries == (entry,)


def test_by_code_the_loop_turns_while_the_store_writes(
    answering: Started, clock: FakeClock
) -> None:
    """Keeping the login waits for the store, and the other tasks of the loop do not."""
    store, app = FakeStore([]), answering(DEVICE, TOKENS)
    pool = Pool(store, clock=clock)
    store.may_write.clear()

    async def main() -> Entry:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            login = group.create_task(login_by_device_async(pool, app, lambda _: None))
            assert await asyncio.to_thread(store.writing.wait, 30)
            assert not login.done()
            store.may_write.set()
        return login.result()

    assert asyncio.run(main()) == store.stored.entries[0]


def test_the_endpoints_are_asked_for_json(
    answering: Started, pool: Pool, asked: list[FakeRequest]
) -> None:
    """Some providers answer with a form unless they are asked for JSON."""
    login_by_device(pool, answering(DEVICE, TOKENS), lambda _: None)

    assert [dict(request.headers)["accept"] for request in asked] == ["application/json"] * 2


def visit(url: str, query: str) -> int:
    """Come to a redirect address as a browser does; return the status."""
    there = urlsplit(url)
    connection = http.client.HTTPConnection(there.hostname or "", there.port or 0, timeout=10)
    try:
        connection.request("GET", f"{there.path}?{query}")
        return connection.getresponse().status
    finally:
        connection.close()


def browser(query: str) -> tuple[Callable[[Prompt], None], list[Thread]]:
    """Return somebody who follows a prompt and comes back with `query`; `%s` is the state."""
    threads: list[Thread] = []

    def show(prompt: Prompt) -> None:
        told = parse_qs(urlsplit(prompt.url).query)
        target, state = told["redirect_uri"][0], told["state"][0]
        threads.append(Thread(target=visit, args=(target, query.replace("%s", state))))
        threads[-1].start()

    return show, threads


def test_by_browser(answering: Started, pool: Pool, asked: list[FakeRequest]) -> None:
    """The browser comes back to this machine, and the code is exchanged once."""
    app = answering(TOKENS)
    show, threads = browser("code=made-up-code&state=%s")

    entry = login_by_browser(pool, app, show)

    threads[0].join()
    (exchange,) = asked
    form = parse_qs(exchange.body.decode())
    assert form["code"] == ["made-up-code"]
    assert len(form["code_verifier"][0]) == 64
    assert pool.state.entries == (entry,)


def test_by_browser_with_another_state(
    answering: Started, pool: Pool, asked: list[FakeRequest]
) -> None:
    """Nothing is exchanged for a stranger's code; who waits for nothing is told, and not shown it."""
    strangers: list[socket.socket] = []

    def show(prompt: Prompt) -> None:
        target = parse_qs(urlsplit(prompt.url).query)["redirect_uri"][0]
        strangers.append(said(target, "GET /callback?code=made-up-code&state=another HTTP/1.1"))

    with pytest.raises(LoginFailed) as failed:
        login_by_browser(pool, answering(), show, patience=0.01)

    strangers[0].close()
    assert failed.value.why is NoLogin.WRONG_STATE
    assert "made-up" not in str(failed.value)
    assert (asked, pool.state.entries) == ([], ())


def said(url: str, line: str, host: str | None = None) -> socket.socket:
    """Connect, and say one line and for which host it is; nobody waits for an answer."""
    there = urlsplit(url)
    connection = socket.create_connection((there.hostname or "", there.port or 0), timeout=10)
    connection.sendall(f"{line}\r\nhost: {host or there.netloc}\r\n\r\n".encode())
    return connection


STRAYS = {
    "another path": ("GET /favicon.ico HTTP/1.1", None, b"404"),
    "no query": ("GET /callback HTTP/1.1", None, b"400"),
    "another state": ("GET /callback?code=c&state=other HTTP/1.1", None, b"400"),
    "two states": ("GET /callback?code=c&state=ours&state=ours HTTP/1.1", None, b"400"),
    "a state in another alphabet": ("GET /callback?state=%ED%A0%80 HTTP/1.1", None, b"400"),
    "a look ahead": ("HEAD /callback?code=c&state=ours HTTP/1.1", None, b"404"),
    "a form": ("POST /callback?code=c&state=ours HTTP/1.1", None, b"404"),
    "another host": ("GET /callback?code=c&state=ours HTTP/1.1", "evil.example", b"421"),
    "another port": ("GET /callback?code=c&state=ours HTTP/1.1", "127.0.0.1:1", b"421"),
    "two hosts": ("GET /callback?state=ours HTTP/1.1\r\nhost: localhost", None, b"421"),
    "an address for a path": ("GET http://evil.example/callback?state=ours HTTP/1.1", None, b"404"),
    "another protocol": ("\x16\x03\x01\x00\xff garbage", None, b"404"),
    "no end": ("GET /" + "x" * 20_000, None, b"404"),
}


@pytest.mark.parametrize(("line", "host", "status"), STRAYS.values(), ids=STRAYS)
def test_a_stray_is_answered_and_ends_nothing(line: str, host: str | None, status: bytes) -> None:
    """Whoever comes before the person is told so, and the person is still awaited."""
    with Callback(patience=60) as callback:
        silent = socket.create_connection(("127.0.0.1", urlsplit(callback.url).port or 0))
        queries: list[str | None] = []
        waiting = Thread(target=lambda: queries.append(callback.wait(ours)))
        waiting.start()
        stray = said(callback.url, line, host)
        answer = stray.recv(64)
        seen = visit(callback.url.replace("127.0.0.1", "localhost"), "code=c&state=ours")
        waiting.join()

    stray.close()
    silent.close()
    assert answer.split(b" ")[1] == status
    assert (seen, queries) == (200, ["code=c&state=ours"])


def ours(query: str) -> bool:
    """Whether a redirect has the state of these tests, once."""
    return parse_qs(query).get("state") == ["ours"]


def test_many_who_say_nothing_keep_nobody_out() -> None:
    """The person is heard although hundreds of connections stand open."""
    with Callback(patience=60) as callback:
        port = urlsplit(callback.url).port or 0
        queries: list[str | None] = []
        waiting = Thread(target=lambda: queries.append(callback.wait(ours)))
        waiting.start()
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
        seen = visit(callback.url, "code=c&state=ours")
        waiting.join()

    for visitor in crowd:
        visitor.close()
    assert (seen, queries) == (200, ["code=c&state=ours"])


def test_the_patience_is_one_for_all_who_come() -> None:
    """Strays that keep coming do not make it longer."""
    with Callback(patience=5) as callback:
        strays = [said(callback.url, "GET /x HTTP/1.1") for _ in range(20)]

        query = callback.wait(ours, now=partial(next, count(0.0)))

    answered = sum(bool(_rest(stray)) for stray in strays)
    assert query is None
    assert answered < len(strays)


def _rest(connection: socket.socket) -> bytes:
    """Read what an answer there is, and close."""
    try:
        return connection.recv(64)
    except ConnectionError:
        return b""
    finally:
        connection.close()


def test_nobody_comes_back(answering: Started, pool: Pool) -> None:
    """A login that nobody finishes ends."""
    with pytest.raises(LoginFailed) as failed:
        login_by_browser(pool, answering(), lambda _: None, patience=0.01)

    assert failed.value.why is NoLogin.EXPIRED


def test_the_log_says_nothing(
    answering: Started, pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    """The redirect's line, which holds the code, is not written anywhere."""
    show, threads = browser("code=made-up-code&state=%s")

    login_by_browser(pool, answering(TOKENS), show)

    threads[0].join()
    assert json.dumps(capfd.readouterr()) == '["", ""]'
