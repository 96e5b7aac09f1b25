"""A pool in a SQLite database, for thousands of entries and dozens of processes of one host.

The rows are those of `auth.json`, and a database can hold other pools and other fields as well.
A strategy and a policy are not in it, and come from the constructor.
"""

import json
import os
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from credpool.model.entry import Entry
from credpool.model.errors import StoreUnreadable, StoreUnwritable
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.providers.registry import Provider
from credpool.stores.auth_json import codec
from credpool.stores.kept import Keeper, empty_pool
from credpool.stores.sqlite.database import File, database_at
from credpool.stores.sqlite.places import exchanged, placed

_UNREAD: Final = object()


@dataclass(frozen=True, slots=True)
class _Seen:
    """The pool as it was when last read or written."""

    file: File | None
    number: int
    """The pool's latest change that is in it."""
    shaped: int
    """Its latest change of the order."""
    state: PoolState
    places: Sequence[int] = ()
    """The places of the entries, ascending."""
    stamp: object = field(default=_UNREAD, repr=False)


@dataclass(frozen=True, slots=True)
class _Changed:
    """The entries as they are kept, and what is to be written of them."""

    entries: tuple[Entry, ...]
    rows: Mapping[int, Veiled] = field(repr=False)
    """By the positions of the entries that are new or changed."""
    suppressed: frozenset[str]
    places: Sequence[int] | None
    """The places of the entries, if any has come, gone or moved."""


class SqliteStore:
    """Keep one pool of a database.

    A borrowed credential is never in the file: whoever borrows it reads it again after each load.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: str,
        *,
        provider: str | Provider | None = None,
        strategy: Strategy = Strategy.FILL_FIRST,
        policy: Policy | None = None,
        fingerprint_key: bytes | None = None,
        lock_timeout: float = 15.0,
    ) -> None:
        self._database = database_at(path)
        self._timeout = lock_timeout
        self._name = codec.named(key)
        self._keeper = Keeper(key, fingerprint_key)
        self._empty = empty_pool(key, provider, strategy, policy)
        # Replaced whole, so that readers need no lock.
        self._seen = self._blank(None)

    def load(self) -> PoolState:
        """Return the pool as it is in the database now; there is nothing else that this does.

        Raises:
            StoreUnreadable: the file is there and cannot be read.
            StoreTooNew: a later version of this library wrote it.
        """
        return self.read()[1]

    def read(self) -> tuple[object, PoolState]:
        """Return the pool as `load` does, and the stamp that the database had with it."""
        seen = self._read()
        return seen.stamp, seen.state

    def stamp(self) -> object:
        """Return what differs once the database has been written, by any process.

        Raises:
            StoreUnreadable: the file is out of reach.
        """
        return self._database.stamp()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool as it is now, durably, and return it as a `load` would.

        The change is made before anybody is kept out, and a second time then if somebody has
        written meanwhile: it must be pure. One that changes nothing keeps nobody out.

        Raises:
            StoreUnreadable: the file is there and cannot be read.
            StoreTooNew: a later version of this library wrote it.
            StoreUnwritable: the change could not be made durable.
        """
        seen = self._read()
        changed = self._changed(seen, change(seen.state))
        if changed is None:
            return seen.state
        with self._database.writing(self._timeout) as (connection, file):
            latest = self._followed(connection, file, seen)
            if latest is not seen:  # spec: share.no-lost-update+1
                changed = self._changed(latest, change(latest.state))
            if changed is None:
                return latest.state
            written = self._write(connection, latest, changed)
        self._seen = written
        return written.state

    def _blank(self, file: File | None) -> _Seen:
        return _Seen(file, 0, 0, self._empty)

    # Reading.

    def _read(self) -> _Seen:
        seen, stamp = self._seen, self._database.stamp()
        if stamp == seen.stamp:
            return seen
        file = self._database.file()
        if file is None:
            found = self._blank(None)
        else:
            with self._database.reading(file) as connection:
                found = self._followed(connection, file, seen)
        self._seen = replace(found, stamp=stamp)
        return self._seen

    def _followed(self, connection: sqlite3.Connection, file: File, seen: _Seen) -> _Seen:
        """Return the pool as it is now: what was seen itself, if nobody has written it since."""
        query = "SELECT changed, shaped, other FROM pool WHERE key = ?"
        found = connection.execute(query, (self._name,)).fetchone()
        number, shaped, other = found or (0, 0, None)
        if file != seen.file or number < seen.number:  # another file, or an older one
            seen = self._blank(file)
        if number == seen.number:
            return seen
        try:
            return self._decoded(connection, _Seen(file, number, shaped, self._empty), seen, other)
        except codec.Malformed as err:
            refused = f"{err.where}: {err.what}"
        # An error that has another one behind it would show the row.
        # spec: store.unreadable-refused+2
        fix = "correct it, or put a backup in its place"
        raise StoreUnreadable(self._database.path, refused, fix)

    def _decoded(
        self, connection: sqlite3.Connection, now: _Seen, seen: _Seen, other: str | None
    ) -> _Seen:
        """Return the pool as it is now, which was seen at an earlier change of it."""
        if other not in (None, "null"):
            raise codec.Malformed(f"credential_pool[{self._empty.key!r}]", "expected a list")
        places, entries = self._entries(connection, seen, whole=now.shaped != seen.shaped)
        codec.check_ids(entries, self._empty.key)
        removed = self._removed(connection)
        state = replace(self._empty, entries=entries, suppressed=removed)
        return replace(now, state=state, places=places)

    def _entries(
        self, connection: sqlite3.Connection, seen: _Seen, *, whole: bool
    ) -> tuple[Sequence[int], tuple[Entry, ...]]:
        """Return the places and the entries; only rows that are new are parsed."""
        query = "SELECT place, row FROM entry WHERE pool = ? AND changed > ?"
        new = dict(connection.execute(query, (self._name, seen.number)).fetchall())
        places, known = seen.places, seen.state.entries
        if whole:
            query = "SELECT place FROM entry WHERE pool = ? ORDER BY place"
            places = [place for (place,) in connection.execute(query, (self._name,))]
            there = dict(zip(seen.places, known, strict=True))
            entries = [there.get(place) for place in places]
        else:
            entries = [*known]
        for place, text in new.items():
            n = bisect_left(places, place)
            entries[n] = self._keeper.entry(Veiled(text), place, entries[n])
        return places, tuple(filter(None, entries))

    def _removed(self, connection: sqlite3.Connection) -> frozenset[str]:
        query = "SELECT sources FROM removed WHERE pool = ?"
        found = connection.execute(query, (self._name,)).fetchone()
        sources = [] if found is None else json.loads(found[0])
        if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
            raise codec.Malformed("suppressed_sources", "expected a list of strings for each pool")
        return frozenset(sources)

    # Writing.

    def _changed(self, seen: _Seen, changed: PoolState) -> _Changed | None:
        """Return what is to be written; None when it is what there is."""
        found = self._rows(seen, changed.entries)
        if isinstance(found, str):
            fix = "the change that made it is at fault"
            raise StoreUnwritable(self._database.path, f"no such pool: {found}", fix)
        entries, rows, places = found
        if not rows and places is None and changed.suppressed == seen.state.suppressed:
            return None
        return _Changed(entries, rows, changed.suppressed, places)

    def _rows(
        self, seen: _Seen, entries: tuple[Entry, ...]
    ) -> tuple[tuple[Entry, ...], Mapping[int, Veiled], Sequence[int] | None] | str:
        """Return the entries as they are kept, the rows that are new, and the places if any is.

        Or return what is wrong: an error would show the variables of whoever wrote the row.
        """
        before, kept = seen.state.entries, dict[int, Entry]()
        rows: dict[int, Veiled] = {}
        try:
            places, news = placed(seen.places, before, entries)
            if places is not None:
                codec.check_ids(entries, self._empty.key)
            self._keeper.knows(entries[n] for n in news)
            for n in news:
                stored, line = self._keeper.row(entries[n])
                if places is None and stored == before[n]:
                    stored = before[n]
                else:
                    rows[n] = line
                if stored is not entries[n]:
                    kept[n] = stored
        except (ValueError, OverflowError) as err:
            return str(err)
        return exchanged(entries, kept), rows, places

    def _write(self, connection: sqlite3.Connection, latest: _Seen, changed: _Changed) -> _Seen:
        """Write the rows that have changed, and return what the database holds afterwards."""
        number, shaped, places = latest.number + 1, latest.shaped, latest.places
        if changed.places is not None:
            shaped, places = number, changed.places
            gone = [(self._name, place) for place in {*latest.places}.difference(places)]
            connection.executemany("DELETE FROM entry WHERE pool = ? AND place = ?", gone)
        rows = [(self._name, places[n], line, number) for n, line in changed.rows.items()]
        connection.executemany("REPLACE INTO entry VALUES (?, ?, ?, ?)", rows)
        connection.execute(
            "INSERT INTO pool VALUES (?, NULL, ?, ?) ON CONFLICT (key) DO UPDATE SET"
            " other = NULL, changed = excluded.changed, shaped = excluded.shaped",
            (self._name, number, shaped),
        )
        if changed.suppressed != latest.state.suppressed:
            connection.execute("DELETE FROM removed WHERE pool = ?", (self._name,))
            if changed.suppressed:
                sources = json.dumps(sorted(changed.suppressed))
                connection.execute("INSERT INTO removed VALUES (?, ?)", (self._name, sources))
        state = replace(self._empty, entries=changed.entries, suppressed=changed.suppressed)
        return _Seen(latest.file, number, shaped, state, places)
