"""Receive one redirect of a browser on this machine (RFC 8252 §7.3; spec: logins)."""

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

PATH: Final = "/callback"
PATIENCE: Final = 300.0
"""How many seconds a person has to log in."""

_MOST_VISITS: Final = 20
_PAGE: Final = b"<!doctype html><title>credpool</title><p>You may close this window.</p>"


class Callback:
    """A port of this machine's own, at which one redirect is received."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """Open a free port; nobody on another machine reaches it."""
        self._query: str | None = None
        self._server = _Server(self._received)
        self._server.socket.settimeout(patience)
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.server_close()

    def wait(self) -> str | None:
        """Return the query of the redirect, or None when nobody comes."""
        with suppress(TimeoutError):
            for _ in range(_MOST_VISITS):  # browsers connect ahead, and ask for icons
                self._server.serve_one()
                if self._query is not None:
                    break
        return self._query

    def _received(self, query: str) -> None:
        self._query = query


class _Server(HTTPServer):
    """One connection after the other; a slow one does not hold up the login for ever."""

    def __init__(self, received: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)  # spec: login.browser.loopback+1
        self.received = received

    def serve_one(self) -> None:
        """Answer the next connection.

        Raises:
            TimeoutError: there is none in time.
        """
        connection, address = self.get_request()
        with suppress(OSError):
            self.finish_request(connection, address)
        self.shutdown_request(connection)


class _Visit(BaseHTTPRequestHandler):
    """One connection of a browser."""

    timeout = 5.0
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        there = parts.path == PATH
        self.send_response(200 if there else 404)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(_PAGE)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(_PAGE)
        if there:
            self.server.received(parts.query)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing: the line would hold the code."""
