"""Serve the mock provider over real HTTP on the loopback interface: two ports are two origins.

One pair of servers serves a whole run; nothing here knows about scenarios.
"""

import socketserver
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Final

from credpool_conformance.provider.mock import ConnectionCutError, Mock
from credpool_conformance.provider.requests import Request
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.scenarios.script import Sent

_MAX_BODY: Final = 16 * 1024 * 1024


class Loopback:
    """The two servers, and the mock behind them."""

    def __init__(self) -> None:
        """Open both ports and begin to serve."""
        self._servers = {origin: _Server(origin) for origin in Origin}
        urls = {origin: server.url for origin, server in self._servers.items()}
        self.mock = Mock(urls)
        for server in self._servers.values():
            server.mock = self.mock
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()

    @property
    def urls(self) -> Mapping[Origin, str]:
        """The base of each origin's addresses."""
        return self.mock.urls

    def close(self) -> None:
        """Close both ports."""
        self.mock.release_all()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    """One origin."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, origin: Origin) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = origin
        self.mock: Mock | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a testee that was stopped leaves broken connections behind."""


class _Handler(BaseHTTPRequestHandler):
    """One connection; requests come one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_any(self) -> None:
        mock = self.server.mock
        if mock is None:
            self.close_connection = True
            return
        try:
            body = self._read_body()
            request = Request(
                origin=self.server.origin,
                method=self.command,
                path=self.requestline.split()[1],  # as it came: `path` has lost a slash
                headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                body=body.decode("utf-8", "replace"),
            )
            self._write(mock, mock.receive(request))
        except (ConnectionCutError, ConnectionError, ValueError):
            self.close_connection = True

    do_GET = do_POST = handle_any  # noqa: N815 (the base's names)
    do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Say nothing: the trace says it better."""

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(iter(self._read_chunk, b""))
        length = int(self.headers.get("content-length") or 0)
        return self.rfile.read(min(length, _MAX_BODY))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline(100).split(b";")[0], 16)
        chunk = self.rfile.read(min(size, _MAX_BODY))
        self.rfile.readline(100)
        return chunk

    def _write(self, mock: Mock, sent: Sent) -> None:
        head = [f"HTTP/1.1 {sent.status} {_REASONS.get(sent.status, 'Mock')}"]
        head += [f"{name}: {value}" for name, value in sent.headers]
        if not sent.streamed:
            body = b"".join(mock.chunks(sent))
            head.append(f"content-length: {len(body)}")
            self._send(_bytes(head) + (b"" if self.command == "HEAD" else body))
            return
        head.append("transfer-encoding: chunked")
        waiting = _bytes(head)
        for chunk in mock.chunks(sent):
            self._send(waiting + b"%x\r\n%s\r\n" % (len(chunk), chunk))
            waiting = b""
        self._send(b"0\r\n\r\n")

    def _send(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()


_REASONS: Final[Mapping[int, str]] = {200: "OK", 307: "Temporary Redirect"}


def _bytes(head: list[str]) -> bytes:
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace")
