"""Answer the requests of `httpx` clients in this process with the mock provider, by respx.

The addresses are the loopback servers', so a client that respx does not know (`httpx2`)
reaches the same mock over the wire.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from typing import Final

import httpx
import respx

from credpool_conformance.provider.mock import ConnectionCutError, Mock, StoppedError
from credpool_conformance.provider.requests import Request
from credpool_conformance.scenarios.scenario import Origin

_PIECE: Final = 16 * 1024


class Intercept:
    """A switch: while it is on, httpx talks to the mock."""

    def __init__(self, mock: Mock) -> None:
        """Prepare the route that takes every request."""
        self._mock = mock
        self._origins: Mapping[str, Origin] = {url: origin for origin, url in mock.urls.items()}
        self._router = respx.MockRouter(assert_all_called=False)
        self._router.route().mock(side_effect=self._answer)

    def start(self) -> None:
        """Switch on."""
        self._router.start()

    def reset(self) -> None:
        """Forget the recorded calls, which respx keeps for ever."""
        self._router.reset()

    def stop(self) -> None:
        """Switch off."""
        self._router.stop(quiet=True)

    def _answer(self, request: httpx.Request) -> httpx.Response | Awaitable[httpx.Response]:
        if _in_event_loop():
            # A held reply must not stop the loop that other calls run on.
            return asyncio.to_thread(self._respond, request)
        return self._respond(request)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        origin = self._origins.get(f"{url.scheme}://{url.netloc.decode()}")
        if origin is None:
            self._mock.stray(url.host, _request(Origin.OTHER, request))
            raise httpx.ConnectError(f"no such host in this suite: {url.host}", request=request)
        try:
            sent = self._mock.receive(_request(origin, request))
        except StoppedError:
            # Nothing else ends a thread that asks for ever, or outlives its testee.
            raise SystemExit from None
        except ConnectionCutError:
            message = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(message, request=request) from None
        if sent.streamed:
            stream = _Stream(self._mock.chunks(sent))
            return httpx.Response(sent.status, headers=sent.headers, stream=stream)
        # In pieces, as a socket brings it: what is false or long may be read in part alone.
        body = b"".join(self._mock.chunks(sent))
        pieces = (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
        headers = [*sent.headers, ("content-length", str(len(body)))]
        return httpx.Response(sent.status, headers=headers, stream=_Stream(pieces))


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body whose later chunks come when the mock lets them go."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._take()) is not None:
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await asyncio.to_thread(self._take)) is not None:
            yield chunk

    def _take(self) -> bytes | None:
        try:
            return next(self._chunks, None)
        except ConnectionCutError:
            message = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(message) from None


def _request(origin: Origin, request: httpx.Request) -> Request:
    return Request(
        origin=origin,
        method=request.method,
        path=request.url.raw_path.decode(),
        headers=tuple((name.lower(), value) for name, value in request.headers.multi_items()),
        body=request.content.decode("utf-8", "replace"),
    )


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
