"""A file that is read whole, replaced whole, and locked beside itself (spec: store).

What the file says is not known here.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from credpool._process.forks import PerProcess
from credpool.model.errors import StoreUnreadable, StoreUnwritable
from credpool.model.secret import VeiledBytes
from credpool.stores.atomic import put, sweep

_POLL: Final = 0.002
_LOCKS: Final = Path("/proc/locks")


Stamp = tuple[int, int, int, int]
"""The stamp that tells one state of a file from the next without reading it: device, inode, time, size."""


class WholeFile:
    """One path: the file there, or where it will be, and its lock."""

    def __init__(self, path: str | os.PathLike[str], *, lock_timeout: float) -> None:
        self.path = Path(path)
        self._name = os.fspath(path)
        self._timeout = lock_timeout
        self._locks = PerProcess(partial(_Locks, lock_timeout))

    def writable(self) -> bool:
        """Return whether this account may write the file, as far as permissions tell."""
        target = Path(os.path.realpath(self.path))
        for name in {self.path.absolute(), target}:
            lock = name.with_suffix(".lock")
            folder = next(p for p in name.parents if os.path.exists(p))  # noqa: PTH110  denied is not there
            if folder.is_dir() and not _may(folder, os.W_OK | os.X_OK):
                return False
            if lock.is_file() and not _may(lock, os.R_OK | os.W_OK):
                return False
        return True

    def stamp(self) -> Stamp | None:
        """Return the stamp of the file; None when there is none.

        Raises:
            StoreUnreadable: the path leads through something that is no folder, or is denied.
        """
        try:
            return _stamp(os.stat(self._name))  # noqa: PTH116  asked at every selection
        except FileNotFoundError:
            return None
        except OSError as err:
            raise self._unreadable(err) from err

    def read(self) -> tuple[VeiledBytes, Stamp] | None:
        """Return what the file holds and its stamp; None when there is none.

        Raises:
            StoreUnreadable: what is there is no regular file, or cannot be read.
        """
        try:
            # A pipe would block the open for ever, so what it is comes first.
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise StoreUnreadable(str(self.path), "is not a file", "name a file, or move it")
            with self.path.open("rb") as file:  # spec: store.read-only+1
                # Before the reading: what changes during it must not look like what was read.
                stamp = _stamp(os.fstat(file.fileno()))
                return VeiledBytes(file.read()), stamp
        except FileNotFoundError:
            return None
        except OSError as err:
            raise self._unreadable(err) from err

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer out, in this process and in others.

        Raises:
            StoreUnwritable: the lock was held for too long, or cannot be made.
        """
        with ExitStack() as held:
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                for lock in self._both_locks():
                    held.enter_context(lock.acquire(poll_interval=_POLL))  # spec: store.lock+2
            except Timeout as err:
                raise self._locked_out(Path(err.lock_file)) from None
            except OSError as err:
                raise self._unwritable(err) from err
            yield

    def replace(self, content: VeiledBytes) -> Stamp:
        """Put a new file with that content in the old one's place, readable by its owner only.

        Raises:
            StoreUnwritable: the disk is full, the folder is read-only, …; the old file is intact.
        """
        try:
            # spec: store.link+2
            target = Path(os.path.realpath(self.path))  # a link stays a link
            sweep(target)  # spec: store.leftovers+1
            return put(target, content, lambda fd, path: _settle(fd, path, target))
        except OSError as err:
            raise self._unwritable(err) from err

    def _both_locks(self) -> list[FileLock]:
        """Return the locks of the name as given and of the file it leads to.

        Hermes locks the name; a second name of the same file has only the latter in common.
        """
        names = {self.path.absolute(), Path(os.path.realpath(self.path))}
        paths = sorted(name.with_suffix(".lock") for name in names if name.parent.is_dir())
        return [self._locks.value.at(path) for path in paths]

    def denied(self) -> StoreUnwritable:
        """Return what to raise when this account may not write the file."""
        fix = f"let this account write {self.path.parent}, and the lock in it"
        return StoreUnwritable(str(self.path), "cannot be written by this account", fix)

    def _unreadable(self, err: OSError) -> StoreUnreadable:
        return StoreUnreadable(
            str(self.path), f"cannot be read: {err.strerror}", "make it readable, or move it away"
        )

    def _unwritable(self, err: OSError) -> StoreUnwritable:
        fix = {
            errno.ENOSPC: "free some space and try again",
            errno.EDQUOT: "free some space and try again",
            errno.EROFS: "keep the store on a file system that can be written",
        }.get(err.errno or 0, f"make {self.path.parent} a folder that can be written")
        return StoreUnwritable(str(self.path), f"cannot be written: {err.strerror}", fix)

    def _locked_out(self, lock: Path) -> StoreUnwritable:
        holder = _holder(lock)
        return StoreUnwritable(
            str(self.path),
            f"{holder} has held {lock} for {self._timeout:g} s",
            f"wait for {holder} or stop it, then try again; removing the lock file does not help",
        )


class _Locks:
    """The locks that a process has used, by their paths."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._locks: dict[Path, FileLock] = {}

    def at(self, path: Path) -> FileLock:
        """Return the lock there, the same one at each call."""
        if path not in self._locks:
            self._locks.setdefault(path, FileLock(path, self._timeout, mode=0o600))
        return self._locks[path]


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _stamp(found: os.stat_result) -> Stamp:
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def _settle(fd: int, path: Path | None, target: Path) -> Stamp:
    """Let the new file be owned as the old one is, and be newer than it."""
    with suppress(FileNotFoundError):
        old, new = target.stat(), os.fstat(fd)
        if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with suppress(PermissionError):  # only root may give a file back to its owner
                os.fchown(fd, old.st_uid, old.st_gid)
        # Inodes are reused and clocks tick slowly: two writes within one tick must differ.
        modified = max(new.st_mtime_ns, old.st_mtime_ns + 1000)
        os.utime(fd if path is None else path, ns=(modified, modified))
    return _stamp(os.fstat(fd))


def _holder(lock: Path) -> str:
    """Return who holds the lock, as far as the system tells."""
    with suppress(OSError, ValueError, IndexError):
        inode = str(lock.stat().st_ino)
        for fields in map(str.split, _LOCKS.read_text("ascii").splitlines()):
            if fields[1] == "FLOCK" and fields[5].endswith(f":{inode}") and int(fields[4]) > 0:
                return f"process {fields[4]}"
    return "another process"
