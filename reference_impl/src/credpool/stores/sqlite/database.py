"""One database file: its connections, its transactions, and what can go wrong with them.

A process has three connections, whatever the number of pools and threads: one that writes, one that
reads, and one that is only asked whether anybody has written. SQLite's locks do not survive a fork,
so they are closed before one, and opened again on both sides.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final
from weakref import WeakValueDictionary, finalize

from credpool._process.forks import PerProcess, close_before_forks
from credpool.model.errors import StoreError, StoreTooNew, StoreUnreadable, StoreUnwritable
from credpool.model.secret import VeiledBytes
from credpool.stores.disk import WholeFile
from credpool.stores.sqlite.layout import APPLICATION, VERSION, new_database

File = tuple[int, int]
"""The device and inode, which tell a file from another that was put in its place."""

Stamp = tuple[File, int, int]
"""The file, how often this process has opened it, and SQLite's number of what others wrote."""

_PATIENCE: Final = 60.0
"""Seconds that a fork waits for a change under way, at most."""

_POLL: Final = 0.001
"""How often, in seconds, a writer looks whether the one before it is done."""

_LOCKED_OUT: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NOT_OURS: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class _Handle:
    """A connection, opened when it is needed; whoever uses it holds its lock."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.opened = 0
        self._connection: sqlite3.Connection | None = None
        self._file: File | None = None

    def at(self, path: str, file: File) -> sqlite3.Connection:
        """Return the connection to that file, which is at the path now."""
        if self._connection is None or self._file != file:
            self.close()
            uri = f"{Path(path).absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=0.0, isolation_level=None, check_same_thread=False
            )
            self._file = file
            self.opened += 1
            self._connection.execute("PRAGMA synchronous = FULL")
            ((application,),) = self._connection.execute("PRAGMA application_id")
            if application != APPLICATION:
                raise sqlite3.DatabaseError("it is no database of pools")
        return self._connection

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class _Handles:
    """The connections of one process."""

    def __init__(self) -> None:
        locks = (Lock(), Lock(), Lock())
        self.watching, self.reading, self.writing = map(_Handle, locks)
        self._all = (self.writing, self.reading, self.watching)
        self._held: list[_Handle] = []

    def close(self) -> None:
        """Wait for what is under way, close everything, and let nobody begin."""
        for handle in self._all:
            if handle.lock.acquire(timeout=_PATIENCE):
                self._held.append(handle)
                handle.close()

    def left(self) -> None:
        """Close everything: nobody uses it any more."""
        for handle in self._all:
            handle.close()

    def go_on(self) -> None:
        """Let everybody go on; connections are opened again when they are needed."""
        while self._held:
            self._held.pop().lock.release()


class Database:
    """One database file, shared by the stores of a process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._own = PerProcess(_Handles)
        close_before_forks(self)
        finalize(self, _left, self._own)

    def close(self) -> None:
        """Close what a fork must not inherit."""
        self._own.value.close()

    def go_on(self) -> None:
        """Go on after a fork, as the parent."""
        self._own.value.go_on()

    def file(self) -> File | None:
        """Return which file is at the path; None when there is none.

        Raises:
            StoreUnreadable: the path leads through something that is no folder, or is denied.
        """
        try:
            found = os.stat(self.path)  # noqa: PTH116  a path object costs more than the call
        except FileNotFoundError:
            return None
        except OSError as err:
            raise self._unreadable(f"cannot be read: {err.strerror}") from err
        return found.st_dev, found.st_ino

    def stamp(self) -> object:
        """Return what differs once anybody has written; nobody is waited for.

        Raises:
            StoreUnreadable: the file is out of reach.
        """
        file, handle = self.file(), self._own.value.watching
        if file is None:
            return None
        with handle.lock:
            try:
                connection = handle.at(self.path, file)
                ((version,),) = connection.execute("PRAGMA data_version")
            except sqlite3.Error:
                return object()  # whoever reads it is told why
            return file, handle.opened, version

    @contextmanager
    def reading(self, file: File) -> Iterator[sqlite3.Connection]:
        """Read as of one moment.

        Raises:
            StoreUnreadable: it cannot be read.
            StoreTooNew: a later version of this library wrote it.
        """
        handle = self._own.value.reading
        with handle.lock:
            try:
                connection = handle.at(self.path, file)
                with _transaction(connection, "DEFERRED"):
                    self._check(connection)
                    yield connection
            except sqlite3.Error as err:
                handle.close()
                raise self._unreadable(f"cannot be read: {err}") from err

    @contextmanager
    def writing(self, timeout: float) -> Iterator[tuple[sqlite3.Connection, File]]:
        """Read and write as the only writer; what was written is durable at the end, or nothing is.

        Which file it is, is told too.

        Raises:
            StoreUnreadable: it cannot be read.
            StoreTooNew: a later version of this library wrote it.
            StoreUnwritable: the change cannot be made durable.
        """
        handle = self._own.value.writing
        if not handle.lock.acquire(timeout=timeout):
            raise self._locked_out(timeout)
        try:
            file = self.file() or self._created(timeout)
            opened = handle.opened
            connection = handle.at(self.path, file)
            if handle.opened != opened:
                self._close_to_others()
            with _transaction(connection, "IMMEDIATE", timeout):
                self._check(connection)
                yield connection, file
        except sqlite3.Error as err:
            handle.close()
            raise self._unwritten(err, timeout) from err
        finally:
            handle.lock.release()

    def _created(self, timeout: float) -> File:
        """Return the file, made new unless another process is quicker."""
        place = WholeFile(self.path, lock_timeout=timeout)
        with place.locked():
            if place.stamp() is None:
                place.replace(VeiledBytes(new_database()))
        file = self.file()
        if file is None:
            raise StoreUnwritable(self.path, "is gone again", "leave it where it is")
        return file

    def _check(self, connection: sqlite3.Connection) -> None:
        ((version,),) = connection.execute("PRAGMA user_version")
        if version > VERSION:
            what = f"the database has version {version}, this library knows {VERSION}"
            raise StoreTooNew(self.path, what, "upgrade this library, or name another file")

    def _close_to_others(self) -> None:
        """Let the owner alone read the file, and with it what SQLite makes beside it."""
        # spec: store.owner-only+2
        for path in (self.path, f"{self.path}-wal", f"{self.path}-shm"):
            with suppress(OSError):
                if os.stat(path).st_mode & 0o077 and os.name == "posix":  # noqa: PTH116
                    os.chmod(path, 0o600)  # noqa: PTH101

    def _unreadable(self, what: str) -> StoreUnreadable:
        return StoreUnreadable(self.path, what, "correct it, or put a backup in its place")

    def _unwritten(self, err: sqlite3.Error, timeout: float) -> StoreError:
        code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _LOCKED_OUT:
            return self._locked_out(timeout)
        if code in _NOT_OURS:
            return self._unreadable(f"cannot be read: {err}")
        fix = f"free some space, and make {Path(self.path).parent} a folder that can be written"
        return StoreUnwritable(self.path, f"cannot be written: {err}", fix)

    def _locked_out(self, timeout: float) -> StoreUnwritable:
        what = f"others have been writing for {timeout:g} s"
        return StoreUnwritable(self.path, what, "find out who holds it, then try again")


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str, timeout: float = 0.0) -> Iterator[None]:
    _begin(connection, kind, time.monotonic() + timeout)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: sqlite3.Connection, kind: str, until: float) -> None:
    """Begin, as soon as nobody else writes: SQLite itself would look ever more rarely."""
    while True:
        try:
            connection.execute(f"BEGIN {kind}")
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode & 0xFF not in _LOCKED_OUT or time.monotonic() >= until:
                raise
            time.sleep(_POLL)
        else:
            return


def _left(own: PerProcess[_Handles]) -> None:
    own.value.left()


_OPEN: Final = PerProcess(partial(WeakValueDictionary[str, Database]))
_OPENING: Final = PerProcess(Lock)


def database_at(path: str | os.PathLike[str]) -> Database:
    """Return the database of a path, the same one for all of a process."""
    name = os.path.realpath(path)
    with _OPENING.value:
        found = _OPEN.value.get(name)
        if found is None:
            found = _OPEN.value[name] = Database(name)
        return found
