"""A success is read along with, for it may tell a failure at once or later (spec: in-band).

Each `async` function is the twin of the one before it.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from math import inf
from typing import Final, Generic, TypeVar

from credpool._calls.body import PATIENCE, Bodies, Response, is_read
from credpool._calls.call import Ending, ToDecide
from credpool.providers.in_band import ALARM, END, MOST, Events, failure_in_body, refusal
from credpool.providers.registry import Provider
from credpool.providers.reply import Reply

A = TypeVar("A", bound=Response)

_LEAST_FAILURE: Final = 400
_LEAST_REDIRECT: Final = 300
_WATCH: Final = "credpool.watch"
_GZIP_OR_ZLIB: Final = 47
"""Tells zlib to take whichever of the two it finds."""


class Watch:
    """Reads along in the events of one reply; its call is settled at a failure, or when the reply is over.

    What is in a coding that cannot be read here is passed on unread.
    """

    def __init__(self, coding: str) -> None:
        self.events = Events()
        self.ending: Ending | None = None
        self._decode = _decoder(coding)

    @property
    def done(self) -> bool:
        """Whether the beginning of the reply has been seen."""
        return self._decode is None or self.events.begun

    def feed(self, piece: bytes) -> None:
        """Read along in a piece as it came."""
        if self._decode is None:
            return
        try:
            self.events.feed(self._decode(piece))
        except zlib.error:
            self._decode = None

    def along(self, rest: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on what follows, and read along; what can tell no failure costs next to nothing."""
        events, plain = self.events, self._decode is bytes
        for piece in rest:
            if events.open or not plain or piece[-2:] != END or ALARM in piece:
                self.feed(piece)
                self.known()
            yield piece

    async def along_async(self, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass on what follows, and read along; what can tell no failure costs next to nothing."""
        events, plain = self.events, self._decode is bytes
        async for piece in rest:
            if events.open or not plain or piece[-2:] != END or ALARM in piece:
                self.feed(piece)
                await self.known_async()
            yield piece

    def known(self) -> None:
        """Settle the call once a failure is known: a caller that gives up may close nothing."""
        if self.events.failure is not None:
            self.over()

    async def known_async(self) -> None:
        """Settle the call once a failure is known: a caller that gives up may close nothing."""
        if self.events.failure is not None:
            await self.over_async()

    def ended(self) -> ToDecide | None:
        """Return what there is to decide about a reply of which all is known."""
        ending, self.ending = self.ending, None
        return None if ending is None else ending.event(self.events.failure)

    def over(self) -> None:
        """Settle the call, once."""
        ending, self.ending = self.ending, None
        if ending is not None:
            ending.settle(self.events.failure)

    async def over_async(self) -> None:
        """Settle the call, once."""
        ending, self.ending = self.ending, None
        if ending is not None:
            await ending.settle_async(self.events.failure)


class Refusals(Generic[A]):
    """Tell which replies refuse: by their status, or by what a success says."""

    def __init__(self, bodies: Bodies[A], provider: Provider, now: Callable[[], float]) -> None:
        self._bodies = bodies
        self._provider = provider
        self._now = now

    def read(self, response: A) -> Reply | None:
        """Return what a reply refuses with, as far as it is read, or None for a success."""
        if response.status_code >= _LEAST_FAILURE:
            return self._bodies.judged(response, self._now, PATIENCE)
        watch = self._watch(response)
        if watch is None and not self._may_tell(response):
            return None
        return self._told(self._bodies.judged(response, self._now, inf, watch), watch)

    async def read_async(self, response: A) -> Reply | None:
        """Return what a reply refuses with, as far as it is read, or None for a success."""
        if response.status_code >= _LEAST_FAILURE:
            return await self._bodies.judged_async(response, self._now, PATIENCE)
        watch = self._watch(response)
        if watch is None and not self._may_tell(response):
            return None
        return self._told(await self._bodies.judged_async(response, self._now, inf, watch), watch)

    def _watch(self, response: A) -> Watch | None:
        if not _is_success(response, "text/event-stream"):
            return None
        coding = response.headers.get("content-encoding", "")
        watch = Watch("" if is_read(response) else coding)  # what was read is decoded
        response.extensions[_WATCH] = watch
        return watch

    def _may_tell(self, response: A) -> bool:
        return bool(self._provider.in_band) and _is_success(response, "application/json")

    def _told(self, seen: Reply, watch: Watch | None) -> Reply | None:
        """Return the failure that a success tells in what has been seen of it."""
        if watch is not None:
            failure = watch.events.first  # spec: in-band.first+1
        else:
            # spec: in-band.body+1
            failure = failure_in_body(seen.body, self._provider)
        return None if failure is None else refusal(failure, seen.headers, self._provider)


def watch_of(response: Response) -> Watch | None:
    """Take what reads along in a reply, if anything does."""
    watch = response.extensions.pop(_WATCH, None)
    return watch if isinstance(watch, Watch) else None


def _is_success(response: Response, kind: str) -> bool:
    """Whether a reply is a success of that content type."""
    told = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.status_code < _LEAST_REDIRECT and told == kind


def _decoder(coding: str) -> Callable[[bytes], bytes] | None:
    """Return what decodes a body piece by piece, or None for a coding that is not known here."""
    match coding.strip().lower():
        case "" | "identity":
            return bytes
        case "gzip" | "x-gzip" | "deflate":
            inflate = zlib.decompressobj(_GZIP_OR_ZLIB).decompress
            return lambda piece: inflate(piece, MOST)
        case _:
            return None
