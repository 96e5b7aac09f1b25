"""The body of a reply of `urllib3`, decoded as it comes, of which something has been read (spec: recovery)."""

from collections.abc import Iterator
from typing import Any, Final, Protocol

_PIECE: Final = 8192


class Stream(Protocol):
    """A body in pieces."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""

    def close(self) -> None:
        """Close the body."""


class Pieces:
    """A body that comes from the connection."""

    def __init__(self, raw: object) -> None:
        self._raw: Any = raw

    def __iter__(self) -> Iterator[bytes]:
        pieces: Iterator[bytes] = self._raw.stream(_PIECE, decode_content=True)
        return pieces

    def close(self) -> None:
        """Close the body."""
        self._raw.close()


class DecodedBody:
    """Takes the place of a reply of `urllib3`, with another body."""

    def __init__(self, stream: Stream, raw: object) -> None:
        self._stream, self._raw = stream, raw
        self._rest: Iterator[bytes] | None = None
        self._kept = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._raw, name)

    def stream(self, amt: int | None = None, decode_content: object = None) -> Iterator[bytes]:
        """Yield the body, in pieces of at most so many bytes; it has been decoded."""
        del decode_content
        while piece := self._next(amt):
            yield piece

    def read(self, amt: int | None = None, decode_content: object = None) -> bytes:
        """Return the body, or at most so many bytes of it; it has been decoded."""
        return b"".join(self.stream(None, decode_content)) if amt is None else self._next(amt)

    def close(self) -> None:
        """Close the body."""
        self._stream.close()

    def _next(self, most: int | None) -> bytes:
        if self._rest is None:
            self._rest = iter(self._stream)
        found = self._kept or next((piece for piece in self._rest if piece), b"")
        self._kept = b"" if most is None else found[most:]
        if not found:
            self._stream.close()
        return found if most is None else found[:most]
