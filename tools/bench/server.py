"""A fast loopback server for the bench, in a process of its own; it ends with whoever started it.

It prints its port.
`/stream` answers with 300 events. A key with `dead` in it has no money, one with `busy` is throttled.
`/refused` tells how many requests were refused since it was asked last.
"""

import asyncio
import json
import sys
from typing import Final

_MESSAGE: Final = {"role": "assistant", "content": "hello"}
_ANSWER: Final = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5",
        "choices": [{"index": 0, "finish_reason": "stop", "message": _MESSAGE}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()
_EVENT: Final = json.dumps(
    {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-5",
        "choices": [{"index": 0, "delta": {"content": "hello"}, "finish_reason": None}],
    }
).encode()
_NO_MONEY: Final = b'{"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota", "type": "insufficient_quota"}}'
_BUSY: Final = b'{"error": {"message": "Rate limit reached.", "code": "rate_limit_exceeded", "type": "requests"}}'


def _reply(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _chunk(event: bytes) -> bytes:
    line = b"data: " + event + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(line), line)


_OK: Final = _reply("200 OK", _ANSWER)
_REFUSED: Final = {
    b"dead": _reply("429 Too Many Requests", _NO_MONEY),
    b"busy": _reply("429 Too Many Requests", _BUSY),
}
_STREAM: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
# LiteLLM takes many equal chunks in a row for a fault of the model
_EVENTS: Final = b"".join(
    _chunk(_EVENT.replace(b"hello", f"hello {n}".encode())) for n in range(300)
)
_STOP: Final = _EVENT.replace(b"null", b'"stop"')
_LAST: Final = _chunk(_STOP) + _chunk(b"[DONE]") + b"0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """One client's connection."""

    refused = 0

    def __init__(self) -> None:
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].lower()
            _, _, after = head.partition(b"content-length:")
            length = int(after.split(b"\r\n", 1)[0]) if after else 0
            if len(self._seen) < end + 4 + length:
                return
            self._seen = self._seen[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        assert self._transport is not None
        path = head.split(b"\r\n", 1)[0]
        if b"/refused" in path:
            count, _Connection.refused = _Connection.refused, 0
            self._transport.write(_reply("200 OK", b"%d" % count))
            return
        refusal = next((reply for mark, reply in _REFUSED.items() if mark in head), None)
        if refusal is not None:
            _Connection.refused += 1
            self._transport.write(refusal)
        elif b"/stream" in path:
            self._transport.write(_STREAM)
            self._transport.write(_EVENTS)
            self._transport.write(_LAST)
        else:
            self._transport.write(_OK)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(
            sys.stdin.read
        )  # until whoever has started it closes that, or is gone


if __name__ == "__main__":
    asyncio.run(_main())
