"""Put a new file in the place of an old one, whole, and leave no copy of it behind (spec: storage).

Where the system has files without a name, the new one gets one when it is complete: whoever is
killed before leaves nothing. What is left elsewhere, or by the one step between name and place, has
a name that tells what it is; `leftovers` finds it.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, TypeVar

T = TypeVar("T")
Settle = Callable[[int, Path | None], T]

_SUFFIX: Final = ".tmp"
_OPEN_FILES: Final = Path("/proc/self/fd")
_UNNAMED: Final = getattr(os, "O_TMPFILE", 0) if _OPEN_FILES.is_dir() else 0


def put(target: Path, content: bytes, settle: Settle[T]) -> T:
    """Make the content the target's, durably and for its owner only; return what `settle` does.

    Args:
        target: no link, in a folder that is there.
        content: all of it.
        settle: is given the new file, and its path if it has one, before it is complete.

    Raises:
        OSError: it cannot be done; the target is as it was.
    """
    try:
        path, settled = _without_name(target, content, settle)
    except OSError:  # there are no such files here; if it is something else, this says so too
        path, settled = _with_name(target, content, settle)
    try:
        path.replace(target)  # spec: store.atomic+2
    except BaseException:
        _remove(path)  # spec: store.no-copies+2
        raise
    _sync_folder(target.parent)
    return settled


def leftovers(target: Path) -> list[Path]:
    """Return what was left beside the target by those who were killed while they replaced it."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(_SUFFIX)}")
    with suppress(OSError):
        return [path for path in target.parent.iterdir() if ours.fullmatch(path.name)]
    return []


def sweep(target: Path) -> None:
    """Remove what was left beside the target. Nobody else may be replacing it meanwhile."""
    for path in leftovers(target):
        _remove(path)


def _without_name(target: Path, content: bytes, settle: Settle[T]) -> tuple[Path, T]:
    """Make a file that has no name until it is complete."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_SUFFIX}")
    fd = os.open(target.parent, _UNNAMED | os.O_WRONLY, 0o600)  # spec: store.owner-only+2
    with os.fdopen(fd, "wb") as file:
        settled = _complete(file, content, settle, None)
        # A plain `link` takes what stands there for the file; with a folder given, it follows it.
        os.link(_OPEN_FILES / str(fd), path, src_dir_fd=fd)
    return path, settled


def _with_name(target: Path, content: bytes, settle: Settle[T]) -> tuple[Path, T]:
    """Make a file that has a name from the start."""
    fd, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent)
    path = Path(name)
    try:
        with os.fdopen(fd, "wb") as file:
            return path, _complete(file, content, settle, path)
    except BaseException:
        _remove(path)
        raise


def _complete(file: IO[bytes], content: bytes, settle: Settle[T], path: Path | None) -> T:
    file.write(content)
    file.flush()
    settled = settle(file.fileno(), path)
    os.fsync(file.fileno())
    return settled


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the replacement durable; it has happened, so a failure is not one of the write."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
