"""Receive one redirect of a browser on this machine (RFC 8252 §7.3; spec: logins).

Whoever else comes to the port is answered, and holds nobody up: a page that guesses, a browser that
connects ahead or asks for an icon, a connection that says nothing.
"""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

PATH: Final = "/callback"
PATIENCE: Final = 300.0
"""How many seconds a person has to log in."""

_MOST_HEAD: Final = 16 * 1024
_MOST_VISITORS: Final = 64
_OURS: Final = 200
_PAGES: Final = {
    _OURS: "OK|You may close this window.",
    400: "Bad Request|This is not the login that was begun here.",
    404: "Not Found|There is nothing here.",
    421: "Misdirected Request|This is another host.",
}


class Callback:
    """A port of this machine's own, at which one redirect is received."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Open a free port; nobody on another machine reaches it."""
        self._patience = patience
        self._server = socket.create_server(("127.0.0.1", 0))  # spec: login.browser.loopback+2
        self._server.settimeout(0.0)
        self._port = self._server.getsockname()[1]
        self._heads: dict[socket.socket, bytes] = {}
        self.strays = 0
        """How many redirects came from another login."""

        self.url = f"http://127.0.0.1:{self._port}{PATH}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for visitor in [*self._heads, self._server]:
            visitor.close()

    def wait(
        self, is_ours: Callable[[str], bool], now: Callable[[], float] = time.monotonic
    ) -> str | None:
        """Return the query of the redirect that is ours, or None when it does not come in time.

        The patience is one for all who come; `now` is any clock that does not go back.
        """
        until = now() + self._patience
        with selectors.DefaultSelector() as selector:
            selector.register(self._server, selectors.EVENT_READ)
            while True:
                left = until - now()
                for key, _ in selector.select(max(left, 0.0)):
                    query = self._turn(selector, key.fileobj, is_ours)
                    if query is not None:
                        return query
                if left <= 0:
                    return None

    def _turn(
        self, selector: selectors.BaseSelector, ready: object, is_ours: Callable[[str], bool]
    ) -> str | None:
        """Welcome a visitor, or hear one out; return the query if it is ours."""
        visitor = self._welcome(selector) if ready is self._server else ready
        if not isinstance(visitor, socket.socket) or visitor not in self._heads:
            return None
        received = _received(visitor)
        self._heads[visitor] += received or b""
        head = self._heads[visitor]
        if received != b"" and b"\r\n\r\n" not in head and len(head) <= _MOST_HEAD:
            return None  # there is more to come
        status, query = self._judged(head, is_ours)
        _send(visitor, status)
        self._dismiss(selector, visitor)
        return query if status == _OURS else None

    def _welcome(self, selector: selectors.BaseSelector) -> socket.socket | None:
        if len(self._heads) >= _MOST_VISITORS:  # the first that came has said too little
            self._dismiss(selector, next(iter(self._heads)))
        with suppress(OSError):
            visitor, _ = self._server.accept()
            visitor.settimeout(0.0)
            self._heads[visitor] = b""
            selector.register(visitor, selectors.EVENT_READ)
            return visitor
        return None

    def _dismiss(self, selector: selectors.BaseSelector, visitor: socket.socket) -> None:
        selector.unregister(visitor)
        del self._heads[visitor]
        visitor.close()

    def _judged(self, head: bytes, is_ours: Callable[[str], bool]) -> tuple[int, str]:
        """Return the status for a visit, and its query."""
        line, *fields = head.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
        method, _, rest = line.partition(" ")
        target, _, version = rest.partition(" ")
        hosts = [value.strip() for name, _, value in map(_parted, fields) if name == "host"]
        if method != "GET" or not version.startswith("HTTP/1.") or not target.startswith("/"):
            return 404, ""
        if len(hosts) != 1 or hosts[0].lower() not in self._names:  # spec: login.browser.state+2
            return 421, ""
        path, _, query = target.partition("?")
        if path != PATH:
            return 404, ""
        if not is_ours(query):  # spec: login.browser.state+2
            self.strays += 1
            return 400, ""
        return _OURS, query

    @property
    def _names(self) -> tuple[str, str]:
        return f"127.0.0.1:{self._port}", f"localhost:{self._port}"


def _parted(field: str) -> tuple[str, str, str]:
    name, colon, value = field.partition(":")
    return name.lower(), colon, value


def _received(visitor: socket.socket) -> bytes | None:
    """Return what has come: None if nothing yet, and no bytes if nothing will."""
    try:
        return visitor.recv(_MOST_HEAD)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _send(visitor: socket.socket, status: int) -> None:
    """Answer with a small page, whether or not anybody reads it; nothing is logged."""
    reason, _, words = _PAGES[status].partition("|")
    page = f"<!doctype html><title>credpool</title><p>{words}"
    head = (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/html\r\n"
        f"content-length: {len(page)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    with suppress(OSError):
        visitor.sendall((head + page).encode())
