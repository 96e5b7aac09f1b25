"""How many calls are under way with each entry, in this process (spec: sharing).

A lease ends wherever its call does: also in a finaliser, which runs in any thread and between any
two instructions. So ending one takes no lock; what has ended is subtracted when somebody looks.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from credpool.model.terms import EntryId


class Lease:
    """One call's place among those under way with an entry, for as long as it is held."""

    def __init__(self, ended: deque[EntryId]) -> None:
        self._held: list[EntryId] = []
        self._ended = ended

    def __bool__(self) -> bool:
        return bool(self._held)

    def take(self, entry: EntryId) -> None:
        """Count for this entry from now on, and for no other."""
        self.end()
        self._held.append(entry)

    def end(self) -> None:
        """Count no longer; once is enough, twice does no harm."""
        with suppress(IndexError):
            self._ended.append(self._held.pop())

    __del__ = end  # spec: lease.end+2


class Leases:
    """The calls under way with each entry. Only `new` may be called without the pool's lock."""

    def __init__(self) -> None:
        self._taken: Counter[EntryId] = Counter()
        self._ended: deque[EntryId] = deque()

    def new(self) -> Lease:
        """Return a lease that counts for nobody yet."""
        return Lease(self._ended)

    def move(self, lease: Lease, entry: EntryId) -> None:
        """Let the call behind a lease count for this entry."""
        lease.take(entry)
        self._taken[entry] += 1

    def counts(self) -> Mapping[EntryId, int]:
        """Return how many calls are under way with each entry that has any."""
        while self._ended:
            self._taken[self._ended.popleft()] -= 1
        return {entry: n for entry, n in self._taken.items() if n}


class _Stream(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class _AsyncStream(Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


S = TypeVar("S")


class _Leased(Generic[S]):
    """A reply's body, whose call is under way until it has been read, or closed, or forgotten."""

    def __init__(self, stream: S, lease: Lease) -> None:
        self._stream = stream
        self._lease = lease

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)  # a client may have put more there than a body


class LeasedStream(_Leased[_Stream]):
    """The body of a synchronous reply."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        finally:
            self._lease.end()

    def close(self) -> None:
        """Close the body."""
        self._lease.end()
        self._stream.close()


class LeasedAsyncStream(_Leased[_AsyncStream]):
    """The body of an asynchronous reply."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        finally:
            self._lease.end()

    async def aclose(self) -> None:
        """Close the body."""
        self._lease.end()
        await self._stream.aclose()
