"""A pool in `auth.json`, shared with other processes and other programs (spec: store).

The file may hold other pools and other fields: they stay as they are.
A strategy and a policy are not in it, and come from the constructor.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import compress, count, repeat
from operator import is_
from typing import Final, TypeVar

from credpool.model.entry import Entry
from credpool.model.errors import StoreTooNew, StoreUnreadable, StoreUnwritable
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Veiled, VeiledBytes
from credpool.model.state import Entries, PoolState
from credpool.model.terms import EntryId
from credpool.providers.redact import known_secrets, redact, secrets_of
from credpool.providers.registry import Provider
from credpool.stores.auth_json import codec
from credpool.stores.auth_json.lines import Known
from credpool.stores.disk import Stamp, WholeFile
from credpool.stores.unwritten import MustBeWritten, Unwritten

T = TypeVar("T")

_LOG: Final = logging.getLogger("credpool")


@dataclass(frozen=True, slots=True)
class _Seen:
    """The file as it was when last read or written."""

    stamp: Stamp | None
    head: Veiled
    removed: Mapping[str, Sequence[str]]
    """The sources that were removed, of every pool."""
    state: PoolState
    texts: Sequence[str | None] = field(default=(), repr=False)
    """The rows in the file, as far as they are known by their text, in the order of the entries."""
    lines: Sequence[Veiled | None] = field(default=(), repr=False)
    """The rows that are encoded already, in the order of the entries."""


@dataclass(frozen=True, slots=True)
class _Changed:
    """The entries as they are kept, their rows, and the sources that are removed."""

    entries: tuple[Entry, ...]
    lines: Sequence[Veiled] = field(repr=False)
    suppressed: frozenset[str]


class JsonFileStore:
    """Keep one pool of an `auth.json`.

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
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = WholeFile(path, lock_timeout=lock_timeout)
        self._fingerprint_key = fingerprint_key
        self._now = now
        known = provider if isinstance(provider, Provider) else None
        usual = "generic" if key.startswith("custom:") else key
        self._empty = PoolState(
            key=key,
            provider=known.name if known is not None else str(provider or usual),
            described=known,
            strategy=strategy,
            policy=policy or Policy(),
        )
        # What cannot be written from the start is not waited for.
        # spec: store.unwritable+1
        self._held = None if self._file.writable() else Unwritten()
        # Replaced whole, so that readers need no lock.
        self._seen = _Seen(None, codec.decode("{}", key).head, {}, self._empty)

    def load(self) -> PoolState:
        """Return the pool as it is in the file now; there is nothing else that this does.

        Raises:
            StoreUnreadable: the file is there and cannot be read.
            StoreTooNew: a later version of the format wrote it.
        """
        return self.read()[1]

    def read(self) -> tuple[object, PoolState]:
        """Return the pool as `load` does, and the stamp that the file had with it."""
        seen, held = self._read(), self._held
        if held is None:
            return seen.stamp, seen.state
        writes = held.writes  # before: what is learnt meanwhile is then news
        return (seen.stamp, writes), held.over(seen.state)

    def stamp(self) -> object:
        """Return what differs once the file has been written, by any program.

        Take it before a `load`: what is written between the two is then seen as new.

        Raises:
            StoreUnreadable: the file is out of reach.
        """
        stamp = self._file.stamp()
        return stamp if self._held is None else (stamp, self._held.writes)

    def check_writable(self) -> None:
        """Refuse a change that must outlive the process, where the file cannot be written.

        Raises:
            StoreUnwritable: it cannot.
        """
        if self._held is not None:
            raise self._file.denied()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool as it is now, durably, and return it as a `load` would.

        The change is made without the lock first, and a second time with it if somebody else has
        written meanwhile: it must be pure. One that changes nothing takes no lock at all.

        Raises:
            StoreUnreadable: the file is there and cannot be read.
            StoreTooNew: a later version of the format wrote it.
            StoreUnwritable: the change could not be made durable.
        """
        seen = self._read()
        if self._held is not None:
            return self._learn(self._held, seen, change)
        changed = self._changed(seen, change(seen.state))
        if changed is None:
            return seen.state
        with self._file.locked():
            latest = self._read()
            if latest is not seen:  # spec: store.no-lost-update+2
                changed = self._changed(latest, change(latest.state))
            return latest.state if changed is None else self._write(latest, changed).state

    def _learn(
        self, held: Unwritten, seen: _Seen, change: Callable[[PoolState], PoolState]
    ) -> PoolState:
        """Keep in this process what the file cannot keep, and say so once."""
        if held.first_use():
            _LOG.warning(
                "%s cannot be written by this account: cooldowns and request counts end with this "
                "process, and logins are not renewed; let it write %s",
                self._file.path,
                self._file.path.parent,
            )
        try:
            return held.update(seen.state, change, partial(self._stored_alone, before={}))
        except MustBeWritten:
            raise self._file.denied() from None

    def _read(self) -> _Seen:
        seen = self._seen
        if self._file.stamp() == seen.stamp:
            return seen
        found = self._file.read()
        content, stamp = found or (VeiledBytes(b"{}"), None)  # spec: store.absent-is-empty+2
        before = seen.state.entries
        document = self._decode(content, Known(seen.texts, before))
        entries = self._recalled(document.entries, before)
        encoded = dict(zip(map(id, before), seen.lines, strict=True))
        lines = tuple(map(encoded.get, map(id, entries)))
        suppressed = frozenset(document.suppressed.get(self._empty.key, ()))
        state = replace(self._empty, entries=entries, suppressed=suppressed)
        self._seen = _Seen(stamp, document.head, document.suppressed, state, document.texts, lines)
        return self._seen

    def _recalled(self, entries: tuple[Entry, ...], before: Sequence[Entry]) -> tuple[Entry, ...]:
        """Return the entries as they may be kept, each the same object as before if it is equal."""
        there = set(map(id, before))
        if there.issuperset(map(id, entries)):
            return entries
        by_id = {entry.id: entry for entry in before}
        return tuple(e if id(e) in there else self._stored_alone(e, by_id) for e in entries)

    def _stored_alone(self, entry: Entry, before: Mapping[EntryId, Entry]) -> Entry:
        stored = self._as_stored(entry, partial(redact, secrets=known_secrets([entry])))
        old = before.get(entry.id)
        return old if old is not None and old == stored else stored

    def _as_stored(self, entry: Entry, clean: Callable[[str], str]) -> Entry:
        return codec.as_stored(
            entry, key=self._empty.key, clean=clean, fingerprint_key=self._fingerprint_key
        )

    def _decode(self, content: VeiledBytes, known: Known) -> codec.Document:
        return _understood(
            self._file, content, partial(codec.decode, key=self._empty.key, known=known)
        )

    def _changed(self, seen: _Seen, changed: PoolState) -> _Changed | None:
        """Return what is to be written; None when it is what there is."""
        rows = self._rows(seen, changed.entries)
        if isinstance(rows, str):
            fix = "the change that made it is at fault"
            raise StoreUnwritable(str(self._file.path), f"no such pool: {rows}", fix)
        stored, lines = rows
        if stored == seen.state.entries and changed.suppressed == seen.state.suppressed:
            return None
        return _Changed(stored, lines, changed.suppressed)

    def _write(self, seen: _Seen, changed: _Changed) -> _Seen:
        """Return what the file holds afterwards."""
        removed = {**seen.removed, self._empty.key: sorted(changed.suppressed)}
        removed = {pool: sources for pool, sources in removed.items() if sources}
        now = datetime.fromtimestamp(self._now(), UTC).isoformat()
        text = codec.encode(seen.head, changed.lines, now, removed)
        stamp = self._file.replace(VeiledBytes(text.encode("ascii")))
        state = replace(self._empty, entries=changed.entries, suppressed=changed.suppressed)
        self._seen = _Seen(stamp, seen.head, removed, state, changed.lines, changed.lines)
        return self._seen

    def _rows(
        self, seen: _Seen, entries: tuple[Entry, ...]
    ) -> tuple[tuple[Entry, ...], Sequence[Veiled]] | str:
        """Return the entries as they are kept and their rows, or what is wrong.

        Those in the file are taken as they are. It is no error, because an error would show the
        variables of whoever wrote the line.
        """
        known = dict(zip(map(id, seen.state.entries), seen.lines, strict=True))
        lines = list(map(known.get, map(id, entries)))
        stored = list(entries)
        clean = cache(lambda text: redact(text, secrets_of(Entries(entries))))
        try:
            codec.check_ids(entries, self._empty.key)
            for n in [*compress(count(), map(is_, lines, repeat(None)))]:
                if id(stored[n]) in known:
                    lines[n] = codec.encode_row(stored[n])
                else:
                    as_stored = self._as_stored(stored[n], clean)
                    stored[n], lines[n] = codec.settled(as_stored, self._empty.key)
        except (ValueError, OverflowError) as err:
            return str(err)
        return tuple(stored), [*filter(None, lines)]


def pool_keys(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the keys of the pools in an `auth.json`; none when there is no file.

    Raises:
        StoreUnreadable: the file is there and cannot be read.
        StoreTooNew: a later version of the format wrote it.
    """
    file = WholeFile(path, lock_timeout=0.0)
    found = file.read()
    return () if found is None else _understood(file, found[0], codec.pool_keys)


def whole_document(path: str | os.PathLike[str]) -> dict[str, object]:
    """Return the document that an `auth.json` is; an empty one when there is no file.

    Raises:
        StoreUnreadable: the file is there and cannot be read.
        StoreTooNew: a later version of the format wrote it.
    """
    file = WholeFile(path, lock_timeout=0.0)
    found = file.read()
    content = VeiledBytes(b"{}") if found is None else found[0]
    return _understood(file, content, codec.document)


def _understood(file: WholeFile, content: VeiledBytes, read: Callable[[str], T]) -> T:
    """Return what a document says, or refuse it in an error that holds none of it."""
    try:
        return read(content.decode("utf-8-sig"))  # spec: store.byte-order-mark+2
    except codec.Malformed as err:
        refused = err
    except UnicodeDecodeError as err:
        refused = codec.Malformed(f"byte {err.start}", "not UTF-8")
    where, what = str(file.path), f"{refused.where}: {refused.what}"
    if isinstance(refused, codec.TooNew):
        raise StoreTooNew(where, what, "upgrade this library, or name another file")
    # spec: store.unreadable-refused+2
    raise StoreUnreadable(where, what, "correct it, or move it away to begin with an empty pool")
