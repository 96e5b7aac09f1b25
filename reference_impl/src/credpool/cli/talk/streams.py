"""The three standard streams, however the command was started: closed, full, or of few characters."""

import codecs
import io
import os
import sys
from contextlib import suppress
from types import MappingProxyType
from typing import Final

_PLAIN: Final = MappingProxyType(
    {"·": "-", "–": "-", "─": "-", "…": "...", "→": "->", "»": ">", "●": "*", "○": "o"}
)
"""Plain replacements for signs that the terminal does not have."""

_ERRORS: Final = "credpool.plain"


def prepare() -> None:
    """Put nothing in place of a closed stream, and let no character end the command."""
    codecs.register_error(_ERRORS, _plain)
    if sys.stdin is None:
        sys.stdin = _nothing("r")
    if sys.stdout is None:
        sys.stdout = _nothing("w")
    if sys.stderr is None:
        sys.stderr = _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def read() -> str:
    """Return what the standard input holds; bytes that are not text are kept as such, not refused."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def discard() -> None:
    """Give up what has not been written, so that the end of the process does not try again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        with suppress(OSError, ValueError):
            os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _nothing(mode: str) -> io.TextIOWrapper:
    descriptor = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
    return io.TextIOWrapper(os.fdopen(descriptor, f"{mode}b"), encoding="utf-8")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c) or _escape(c) for c in unknown), error.end


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
