"""A provider that a test scripts: a loopback server, or a mock transport's handler.

It knows nothing of pools, and is not for use in production.
"""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Final, Protocol, Self, TypeVar

from credpool.testing.messages import FakeReply, FakeRequest
from credpool.testing.server import Server
from credpool.testing.success import when_all_is_well


class _Headers(Protocol):
    @property
    def raw(self) -> list[tuple[bytes, bytes]]: ...


class _ClientRequest(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def url(self) -> object: ...
    @property
    def headers(self) -> _Headers: ...
    @property
    def content(self) -> bytes: ...


A_co = TypeVar("A_co", covariant=True)


class _MakesResponse(Protocol[A_co]):
    def __call__(self, status_code: int, *, headers: Mapping[str, str], content: bytes) -> A_co: ...


_TWO: Final = FakeReply.error(400, "two_credentials", "the request carries two credentials")


class FakeProvider:
    """Answer each secret by a script, and afterwards as the provider would when all is well.

    A request with two credentials gets a 400, whatever they are: it carries one too many.
    As a context manager it is a server at `url` on the loopback address, for any client.
    `handler` makes it a client library's mock transport, for any host and without a server.

    Args:
        replies: for each secret its replies in turn. `""` stands for a request without one, a
            refresh token for its exchange.
    """

    def __init__(self, replies: Mapping[str, Iterable[FakeReply]] | None = None) -> None:
        self.requests: list[FakeRequest] = []
        self._scripts = {secret: iter(script) for secret, script in (replies or {}).items()}
        self._lock = Lock()
        self._server: Server | None = None

    @property
    def secrets(self) -> list[str]:
        """The secret of each request, in the order of their arrival."""
        return [request.secret for request in self.requests]

    @property
    def url(self) -> str:
        """Where the server is, without a path.

        Raises:
            RuntimeError: it is not running.
        """
        if self._server is None:
            raise RuntimeError("the provider is not running; enter it with `with`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: FakeRequest) -> FakeReply:
        """Record a request, and return the reply to it."""
        with self._lock:
            self.requests.append(request)
            if len(request.credentials) > 1:
                return _TWO
            scripted = next(self._scripts.get(request.secret, iter(())), None)
        return scripted if scripted is not None else when_all_is_well(request)

    def handler(self, response: _MakesResponse[A_co]) -> Callable[[_ClientRequest], A_co]:
        """Return a handler for a mock transport, given the library's class of responses.

        A body of several chunks arrives as one.
        """

        def handle(request: _ClientRequest) -> A_co:
            pairs = ((k.decode().lower(), v.decode()) for k, v in request.headers.raw)
            received = FakeRequest(
                method=request.method,
                path=str(request.url).partition("://")[2].partition("/")[2],
                headers=tuple(pairs),
                body=request.content,
            )
            reply = self.answer(received)
            if reply.dropped:
                raise ConnectionResetError("the fake provider dropped the connection")
            content = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
            return response(reply.status, headers=reply.headers, content=content)

        return handle

    def __enter__(self) -> Self:
        self._server = Server(self.answer)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
