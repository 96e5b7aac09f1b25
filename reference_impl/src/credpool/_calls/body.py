"""The beginning of a reply's body, read to judge the reply by (spec: classification, in-band).

Whoever gets the reply gets its body as it came: what has been read, what follows, how it breaks.
Each `async` function is the twin of the one before it.
"""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from credpool.providers.reply import Reply, lower_names

MOST: Final = 64 * 1024
"""How many bytes of a failing body are judged; it is read on until there are as many."""

PATIENCE: Final = 5.0
"""For how many seconds a failing body is read on; each read in it has the client's own time-out."""

_SIP: Final = 256
"""How many bytes are decoded at once: compressed, they may stand for a thousand times as many."""


class Watch(Protocol):
    """A reader of a success as it arrives; see `watch`."""

    @property
    def done(self) -> bool:
        """Whether the beginning of the reply has been seen."""

    def feed(self, piece: bytes) -> None:
        """Read along in a piece as it came."""

    def along(self, rest: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on what follows, and read along."""

    def along_async(self, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass on what follows, and read along."""

    def known(self) -> None:
        """Settle the call once a failure is known."""

    async def known_async(self) -> None:
        """Settle the call once a failure is known."""

    def over(self) -> None:
        """Settle the call, once."""

    async def over_async(self) -> None:
        """Settle the call, once."""


class Response(Protocol):
    """The part of a client library's response that is used; its stream has the library's own type."""

    status_code: int
    stream: Any
    is_closed: bool
    is_stream_consumed: bool

    @property
    def headers(self) -> MutableMapping[str, str]:
        """Its headers."""

    @property
    def extensions(self) -> MutableMapping[str, Any]:
        """Further facts, by name."""

    @property
    def content(self) -> bytes:
        """Its body, once read."""

    def read(self) -> bytes:
        """Read the body."""

    async def aread(self) -> bytes:
        """Read the body."""


A = TypeVar("A", bound=Response)


class Beginning:
    """The bytes read of a body so far, still encoded, and how the body ended, if it has.

    `rest` is the client's iterator of what follows, of whichever kind; `watch` reads along.
    """

    def __init__(self, until: float, rest: object, watch: Watch | None = None) -> None:
        self.rest: Any = rest
        self.watch = watch
        self.raw = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self._until = until

    def goes_on(self, now: float) -> bool:
        """Whether there is more to read, and time for it."""
        if self.watch is not None and self.watch.done:
            return False  # spec: recover.stream.not-drained+2
        # spec: classify.bounded-body+1
        return not self.ended and len(self.raw) < MOST and now < self._until

    def add(self, piece: bytes) -> None:
        """Take what has come."""
        self.raw += piece
        if self.watch is not None:
            self.watch.feed(piece)

    def end(self, error: Exception | None = None) -> None:
        """Note that there is no more, or why the rest cannot be read."""
        self.ended, self.error = True, error

    def again(self) -> Iterator[bytes]:
        """Yield what has been read, once, and break where the body broke."""
        raw, self.raw = bytes(self.raw), bytearray()
        if raw:
            yield raw
        if self.error is not None:
            raise self.error

    def decoded(self, decode: Callable[[Iterator[bytes]], Iterator[bytes]]) -> tuple[bytes, bool]:
        """Return what was read, as far as it can be decoded, and whether that is the whole body."""
        raw, found = bytes(self.raw), bytearray()
        sips = (raw[start : start + _SIP] for start in range(0, len(raw), _SIP))
        try:
            for part in decode(sips):
                found += part
                if len(found) > MOST:
                    return bytes(found[:MOST]), False
        except Exception:  # noqa: BLE001  each library, and each decoder, has its own errors
            return bytes(found), False
        return bytes(found), self.ended and self.error is None


class Bodies(Generic[A]):
    """Read what replies of a client library begin with.

    `resume` puts a stream into a response that begins with what was read, `decode` is the client's.
    """

    def __init__(
        self,
        resume: Callable[[A, Beginning], None],
        decode: Callable[[A, Iterator[bytes]], Iterator[bytes]],
    ) -> None:
        self._resume = resume
        self._decode = decode

    def judged(
        self,
        response: A,
        now: Callable[[], float],
        patience: float,
        watch: Watch | None = None,
    ) -> Reply:
        """Return a reply, as far as it is read, for at most so many seconds, until `watch` is done."""
        if is_read(response):
            return self._read_before(response, watch)
        beginning = _read(Beginning(now() + patience, iter(response.stream), watch), now)
        self._resume(response, beginning)
        body, whole = beginning.decoded(partial(self._decode, response))
        if whole:
            response.read()
        return _reply(response, body, whole)

    async def judged_async(
        self,
        response: A,
        now: Callable[[], float],
        patience: float,
        watch: Watch | None = None,
    ) -> Reply:
        """Return a reply, as far as it is read, for at most so many seconds, until `watch` is done."""
        if is_read(response):
            return self._read_before(response, watch)
        rest = aiter(response.stream)
        beginning = await _read_async(Beginning(now() + patience, rest, watch), now)
        self._resume(response, beginning)
        body, whole = beginning.decoded(partial(self._decode, response))
        if whole:
            await response.aread()
        return _reply(response, body, whole)

    @staticmethod
    def _read_before(response: A, watch: Watch | None) -> Reply:
        """Return a reply whose body somebody else has read, such as a hook of the client's."""
        body, whole = _known(response)
        if watch is not None:
            watch.feed(body)
        return _reply(response, body, whole)

    def leave(self, response: A | None) -> None:
        """Let no more be read of a reply that another request follows: its client closes it then."""
        if response is not None and not response.is_closed:
            self._resume(response, _nothing())


def _read(beginning: Beginning, now: Callable[[], float]) -> Beginning:
    try:
        while beginning.goes_on(now()):
            beginning.add(next(beginning.rest))
    except StopIteration:
        beginning.end()
    except Exception as err:  # noqa: BLE001  whatever it is, status and headers have come
        beginning.end(err)  # spec: classify.broken-body+1
    return beginning


async def _read_async(beginning: Beginning, now: Callable[[], float]) -> Beginning:
    try:
        while beginning.goes_on(now()):
            beginning.add(await anext(beginning.rest))
    except StopAsyncIteration:
        beginning.end()
    except Exception as err:  # noqa: BLE001  as above
        beginning.end(err)
    return beginning


def is_read(response: Response) -> bool:
    """Whether nothing is left to read of a body: somebody has read it, or closed it."""
    return response.is_closed or response.is_stream_consumed


def _known(response: Response) -> tuple[bytes, bool]:
    """Return a body that somebody else has read, if it was kept."""
    with suppress(RuntimeError):  # what both libraries raise of a body that was not
        return response.content[:MOST], len(response.content) <= MOST
    return b"", False


def _reply(response: Response, body: bytes, whole: bool) -> Reply:  # noqa: FBT001
    return Reply(response.status_code, lower_names(response.headers), body, whole)


def _nothing() -> Beginning:
    nothing = Beginning(0.0, None)
    nothing.end()
    return nothing


class _Resumed:
    """A body whose beginning has been read: it comes again, and then the rest."""

    def __init__(self, stream: object, beginning: Beginning) -> None:
        self._stream: Any = stream
        self._beginning = beginning
        self.watch = beginning.watch

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)  # a client may have put more there than a body


class ResumedStream(_Resumed):
    """The body of a synchronous reply."""

    def __iter__(self) -> Iterator[bytes]:
        if self.watch is not None:
            self.watch.known()
        yield from self._beginning.again()  # spec: recover.whole-body+1
        if self._beginning.ended:
            return
        rest = self._beginning.rest
        yield from rest if self.watch is None else self.watch.along(rest)

    def close(self) -> None:
        """Close the body."""
        self._stream.close()
        if self.watch is not None:
            self.watch.over()


class ResumedAsyncStream(_Resumed):
    """The body of an asynchronous reply."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.watch is not None:
            await self.watch.known_async()
        for piece in self._beginning.again():
            yield piece
        if self._beginning.ended:
            return
        rest = self._beginning.rest
        async for piece in rest if self.watch is None else self.watch.along_async(rest):
            yield piece

    async def aclose(self) -> None:
        """Close the body."""
        await self._stream.aclose()
        if hasattr(
            self._beginning.rest, "aclose"
        ):  # a generator that nobody closes outlives its loop
            await self._beginning.rest.aclose()
        if self.watch is not None:
            await self.watch.over_async()
