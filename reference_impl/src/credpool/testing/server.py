"""A small HTTP/1.1 server on the loopback address, for tests. Not for use in production."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from itertools import chain
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from threading import Thread

from credpool.testing.messages import FakeReply, FakeRequest


class Server(ThreadingTCPServer):
    """Give each request to `answer`, on a thread for each connection, until `stop`."""

    request_queue_size = 128

    def __init__(self, answer: Callable[[FakeRequest], FakeReply]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer = answer
        self.open: set[socket] = set()
        self._loop = Thread(target=self.serve_forever, args=(0.005,))
        self._loop.start()

    def stop(self) -> None:
        """Close every connection, and wait for their threads."""
        self.shutdown()
        self._loop.join()
        for connection in list(self.open):
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                continue  # its client was quicker
        self.server_close()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        try:
            super().finish()
        except ConnectionError:
            return  # the client has gone; there is nothing left to flush to

    def do_POST(self) -> None:
        pairs = tuple((name.lower(), value) for name, value in self.headers.items())
        body = b"".join(self._chunks())
        received = FakeRequest(
            method=self.command, path=self.path.lstrip("/"), headers=pairs, body=body
        )
        reply = self.server.answer(received)
        try:
            self._send(reply)
        except ConnectionError:
            self.close_connection = True  # the client has heard enough

    do_GET = do_POST  # noqa: N815  the name that the server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read `requests`."""

    def _chunks(self) -> Iterator[bytes]:
        if self.headers.get("transfer-encoding") != "chunked":
            yield self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, reply: FakeReply) -> None:
        if reply.dropped:
            self.close_connection = True
            return
        # No Date: it would be the machine's, and clocks in tests are not.
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
        else:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for chunk in chain(reply.body, [b""]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
