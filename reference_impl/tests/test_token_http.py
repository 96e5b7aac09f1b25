"""One request to a token endpoint: its deadline, its bounds, and whether it has left."""

import contextlib
from collections.abc import Callable, Iterator
from socket import SHUT_RDWR, create_server, socket
from threading import Event, Thread

import pytest

from credpool._calls.token_client import MOST_READ, post
from credpool.providers.grant import NoReply, TokenRequest
from credpool.providers.reply import Reply

GIVE_UP = 30.0
SOON = 1.0
PAUSE = 0.02
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
Talk = Callable[[socket, Event], None]


class Endpoint:
    """A server on the loopback address that talks to each connection as it is told to."""

    def __init__(self, talk: Talk) -> None:
        self.heard: list[bytes] = []
        self.said_all = False
        self.over = Event()
        self._talk = talk
        self._server = create_server(("127.0.0.1", 0))
        self._open: list[socket] = []
        self._thread = Thread(target=self._serve)
        self._thread.start()

    @property
    def where(self) -> str:
        """The address, without a scheme."""
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                with contextlib.suppress(OSError), connection:
                    self.heard.append(_heard(connection))
                    self._talk(connection, self.over)
                    self.said_all = True

    def close(self) -> None:
        """End every conversation."""
        self.over.set()
        self._server.shutdown(SHUT_RDWR)
        self._server.close()
        self._thread.join(GIVE_UP)


def _heard(connection: socket) -> bytes:
    """Return the first that a client says; of a form, all."""
    said = more = connection.recv(65536)
    while more and said.startswith(b"POST") and b"refresh_token=" not in said:
        more = connection.recv(65536)
        said += more
    return said


Opened = Callable[[Talk], Endpoint]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Return how to open an endpoint."""
    endpoints: list[Endpoint] = []

    def opening(talk: Talk) -> Endpoint:
        endpoints.append(Endpoint(talk))
        return endpoints[-1]

    yield opening
    for endpoint in endpoints:
        endpoint.close()


def dripping(start: bytes, drop: bytes) -> Talk:
    """Return a talk that says a byte at a time, long after everybody has given up."""

    def talk(connection: socket, over: Event) -> None:
        connection.sendall(start)
        for _ in range(int(GIVE_UP / PAUSE)):
            connection.sendall(drop)
            if over.wait(PAUSE):
                break

    return talk


def saying(reply: bytes) -> Talk:
    """Return a talk that says that, and no more."""
    return lambda connection, _: connection.sendall(reply)


def asked(url: str) -> TokenRequest:
    """Return the exchange of a grant at that address."""
    return TokenRequest(url, {"grant_type": "refresh_token", "refresh_token": "made-up-grant"})


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(lambda _, over: over.wait(GIVE_UP), id="silence"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nx-slow: ", b"z"), id="headers"),
        pytest.param(dripping(HEAD + b"content-length: 9000\r\n\r\n", b"{"), id="a body"),
    ],
)
def test_one_deadline_holds_for_all_of_it(talk: Talk, opened: Opened) -> None:
    """However long the endpoint drips, the request ends; it has left, and has no answer."""
    endpoint = opened(talk)

    assert post(asked(f"http://{endpoint.where}/token"), SOON) == NoReply(sent=True)
    assert not endpoint.said_all
    assert b"made-up-grant" in endpoint.heard[0]


def test_a_dropped_connection_is_no_answer(opened: Opened) -> None:
    """What was sent may have been read."""
    endpoint = opened(lambda *_: None)

    assert post(asked(f"http://{endpoint.where}/token"), GIVE_UP) == NoReply(sent=True)


def test_a_reply_is_read_to_its_bound(opened: Opened) -> None:
    """Nobody makes a token of a megabyte, and nobody is made to hold one."""
    size = 4 * MOST_READ
    endpoint = opened(saying(HEAD + b"content-length: %d\r\n\r\n" % size + b"x" * size))

    reply = post(asked(f"http://{endpoint.where}/token"), GIVE_UP)

    assert isinstance(reply, Reply)
    assert (reply.status, len(reply.body)) == (200, MOST_READ)


def test_a_redirect_is_not_followed(opened: Opened) -> None:
    """A refresh token goes to its own endpoint, and nowhere else."""
    other = opened(saying(HEAD + b"content-length: 0\r\n\r\n"))
    away = f"HTTP/1.1 307 Go\r\nlocation: http://{other.where}/\r\ncontent-length: 0\r\n\r\n"
    endpoint = opened(saying(away.encode()))

    reply = post(asked(f"http://{endpoint.where}/token"), GIVE_UP)

    assert isinstance(reply, Reply)
    assert (reply.status, other.heard) == (307, [])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:port/", "ftp://127.0.0.1/", "http://[::1", "", "https://"]
)
def test_an_address_that_is_none_is_not_reached(url: str) -> None:
    """What cannot be asked has been sent nothing."""
    assert post(asked(url), GIVE_UP) == NoReply(sent=False)


def test_a_closed_port_is_not_reached() -> None:
    """A refused connection has carried nothing."""
    with create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert post(asked(f"http://127.0.0.1:{port}/"), GIVE_UP) == NoReply(sent=False)


@pytest.mark.parametrize(
    ("talk", "within"),
    [
        pytest.param(saying(b"HTTP/1.1 400 No\r\n\r\n"), GIVE_UP, id="no TLS"),
        pytest.param(lambda _, over: over.wait(GIVE_UP), SOON, id="an endless handshake"),
    ],
)
def test_what_agrees_on_no_encryption_is_not_reached(
    talk: Talk, within: float, opened: Opened
) -> None:
    """The request leaves after the handshake, so without one it has not left."""
    endpoint = opened(talk)

    assert post(asked(f"https://{endpoint.where}/token"), within) == NoReply(sent=False)
    assert b"made-up-grant" not in b"".join(endpoint.heard)


def test_a_proxy_that_refuses_has_not_passed_it_on(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy is asked to connect to is not a token."""
    proxy = opened(saying(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.where}")

    assert post(asked("https://auth.example/token"), GIVE_UP) == NoReply(sent=False)
    assert proxy.heard[0].startswith(b"CONNECT auth.example:443 ")
