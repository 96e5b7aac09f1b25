"""A pool on a Redis or Valkey server, for several hosts (spec: sharing, "Several machines").

A change is compared with what was read, and made again if somebody was quicker. Request counts are
added up by the server. No secret goes there unless the operator says so: then each host finds the
secrets that the rows name, and the server has fingerprints of them.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Final, Literal

from credpool._process.forks import PerProcess
from credpool.model.entry import Entry
from credpool.model.errors import StoreTooNew, StoreUnreadable, StoreUnwritable
from credpool.model.policy import Policy, Strategy
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.providers.registry import Provider
from credpool.stores.auth_json import codec
from credpool.stores.kept import Keeper, empty_pool
from credpool.stores.redis.answer import changed_entries, text
from credpool.stores.redis.news import News
from credpool.stores.redis.server import Away, Refused, Server
from credpool.stores.unwritten import MustBeWritten, Unwritten, merged

VERSION: Final = 1
_TRIES: Final = 1000
_LOG: Final = logging.getLogger("credpool")


@dataclass(frozen=True, slots=True)
class _Seen:
    """The pool as it was when last read or written."""

    number: int
    epoch: str
    state: PoolState
    stamp: object = field(default=None, repr=False)


@dataclass(slots=True)
class _Written:
    """The rows and counts of some entries that are to be written."""

    rows: list[str] = field(default_factory=list)
    """Ids, each with its row."""
    counts: list[object] = field(default_factory=list)
    """Ids, each with its new requests."""
    is_told: bool = False
    """Whether more is new than what is left of quotas: that is for people, and may lag."""


class RedisStore:
    """Keep one pool on a server.

    Args:
        url: `redis://` or `rediss://` (TLS), with the account and its password if it has one.
        key: the pool's.
        secrets: whether secrets are kept on the server; else an entry must name where its secret is.
        stale_for: how many seconds a pool is used as it was last read while the server is away.
        when_away: whether a change then fails, or what is learnt waits in memory for the server.
        follow: whether news are heard from the server, or asked for at each selection.
        timeout: how many seconds the server has for an answer.
    """

    def __init__(  # noqa: PLR0913  each is a choice of the operator's
        self,
        url: str,
        key: str,
        *,
        provider: str | Provider | None = None,
        strategy: Strategy = Strategy.FILL_FIRST,
        policy: Policy | None = None,
        fingerprint_key: bytes | None = None,
        namespace: str = "credpool",
        secrets: bool = False,
        stale_for: float = 300.0,
        when_away: Literal["fail", "wait"] = "fail",
        follow: Literal["heard", "asked"] = "heard",
        poll: float = 1.0,
        timeout: float = 2.0,
    ) -> None:
        self._server = Server(url, namespace, key, timeout)
        self.fingerprint_key = fingerprint_key
        self._keeper = Keeper(key, fingerprint_key)
        self._empty = empty_pool(key, provider, strategy, policy)
        self._secrets, self._stale_for, self._asked = secrets, stale_for, follow == "asked"
        self._waiting = Unwritten() if when_away == "wait" else None
        self._changing = PerProcess(Lock)
        self._news = PerProcess(partial(News, self._server, poll))
        # Replaced whole, so that readers need no lock.
        self._seen = _Seen(0, "", self._empty)

    def load(self) -> PoolState:
        """Return the pool as it is on the server now, or as it was, while that is away.

        Raises:
            StoreUnreadable: it is away for too long, or something else is there.
            StoreTooNew: a later version of this library wrote it.
        """
        return self.read()[1]

    def read(self) -> tuple[object, PoolState]:
        """Return the pool as `load` does, and the stamp that it had."""
        seen, waiting = self._read(), self._waiting
        if waiting is None:
            return seen.stamp, seen.state
        if waiting.held and seen is self._seen:
            with suppress(Away, Refused, StoreUnwritable), self._changing.value:
                self._update(lambda state: state)
                seen = replace(self._seen, stamp=seen.stamp)
        return (seen.stamp, waiting.writes), waiting.over(seen.state)

    def stamp(self) -> object:
        """Return what differs once anybody has written, as far as that is known by now."""
        news = self._news.value
        if not self._asked:
            news.listen()
        self._look()
        return news.heard if self._waiting is None else (news.heard, self._waiting.writes)

    def _look(self) -> None:
        """Ask for news, where they are asked for; of a server that is away there are none."""
        if self._asked:
            with suppress(Away):
                self._news.value.look()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool as it is now, on the server, and return it; the change must be pure.

        Raises:
            StoreUnreadable: the server is away for too long, or something else is there.
            StoreTooNew: a later version of this library wrote it.
            StoreUnwritable: the change could not be made.
        """
        try:
            with self._changing.value:
                return self._update(change)
        except Refused as err:
            fix = "look at the server, or at what its account may do"
            raise StoreUnwritable(self._server.where, f"does not write: {err}", fix) from None
        except Away:
            if self._waiting is None:
                fix = "it is tried again at the next change"
                raise StoreUnwritable(self._server.where, "does not answer", fix) from None
        return self._learn(self._waiting, change)

    def _update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        for _ in range(_TRIES):
            seen = self._followed(self._seen)
            found = self._message(seen, change(self._with_waiting(seen)))
            if found is None:
                return seen.state
            if self._server.write(found):
                if self._waiting is not None:
                    self._waiting.written()
                self._seen = self._followed(seen)
                return self._seen.state
        raise StoreUnwritable(self._server.where, "others were always quicker", "try again")

    # Reading.

    def _read(self) -> _Seen:
        self._look()
        news = self._news.value
        stamp = news.heard
        try:
            found = self._followed(self._seen)
        except Away:
            age = time.monotonic() - news.reached_at
            if self._seen.number == 0 or age > self._stale_for:
                what = f"has not answered for {age:.0f} s"
                raise StoreUnreadable(self._server.where, what, "start it, or wait") from None
            return self._seen
        self._seen = replace(found, stamp=stamp)
        return self._seen

    def _followed(self, seen: _Seen) -> _Seen:
        """Return the pool as it is now; what was seen itself, if nobody has written since."""
        number, epoch, version, since, order, removed, *news = self._server.read(
            seen.number, seen.epoch
        )
        self._news.value.reached()
        if int(str(version)) > VERSION:
            what = f"the pool has version {version}, this library knows {VERSION}"
            raise StoreTooNew(self._server.where, what, "upgrade this library")
        if number == seen.number and text(epoch) == seen.epoch:
            return seen
        if number == 0:
            return _Seen(0, "", self._lost(seen))
        known = {e.id: e for e in seen.state.entries} if since else {}
        ids = json.loads(text(order)) if order else [*known]
        try:
            new = changed_entries(news, known, self._keeper)
        except codec.Malformed as err:
            refused = f"{err.where}: {err.what}"
        else:
            there = known | new
            entries = tuple(there[i] for i in ids)
            sources = frozenset(json.loads(text(removed)))
            state = replace(self._empty, entries=entries, suppressed=sources)
            return _Seen(int(str(number)), text(epoch), state)
        raise StoreUnreadable(self._server.where, refused, "correct the row it names")

    def _lost(self, seen: _Seen) -> PoolState:
        """Return the pool as it was last known here, where the server has lost it."""
        if seen.number:
            _LOG.warning("%s has lost its data; the pool is put back there", self._server.where)
        return seen.state

    # Writing.

    def _message(self, seen: _Seen, changed: PoolState) -> str | None:
        """Return a change as the server makes it; None when there is none."""
        before = {entry.id: entry for entry in seen.state.entries} if seen.number else {}
        found = self._rows(before, changed.entries)
        if isinstance(found, str):
            fix = "the change that made it is at fault"
            raise StoreUnwritable(self._server.where, f"no such pool: {found}", fix)
        rows, counts = found.rows, found.counts
        ids = [entry.id for entry in changed.entries]
        moved, news = ids != [*before], changed.suppressed != seen.state.suppressed
        if not (rows or counts or moved or news):
            return None
        removed = news or not seen.number
        parts: dict[str, object] = {
            "number": seen.number,
            "epoch": seen.epoch,
            "token": os.urandom(8).hex(),
            "rows": rows,
            "counts": counts,
            "gone": [*before.keys() - {*ids}],
            "commutes": not (rows or moved or removed),
            "told": found.is_told or moved or removed,
            "order": json.dumps(ids) if moved else "",
            "removed": json.dumps(sorted(changed.suppressed)) if removed else "",
        }
        return json.dumps(parts)

    def _rows(self, before: Mapping[EntryId, Entry], entries: Sequence[Entry]) -> _Written | str:
        """Return the rows to write and the requests to add, or what is wrong: an error would show it."""
        written = _Written()
        try:
            codec.check_ids(entries, self._empty.key)
            self._keeper.knows(e for e in entries if before.get(e.id) is not e)
            for entry in entries:
                old = before.get(entry.id)
                if old is not entry:
                    self._take(entry, old, written)
        except (ValueError, OverflowError) as err:
            return str(err)
        return written

    def _take(self, entry: Entry, old: Entry | None, written: _Written) -> None:
        """Add what is to be written of an entry: its row, and how many requests are new."""
        stored, line = self._keeper.row(replace(entry, request_count=0))
        if not self._secrets and (stored.secret or stored.refresh_token):
            what = (
                f"entry {entry.id} holds a secret, and none is kept on a server unless secrets=True"
            )
            raise ValueError(what)
        if old is None or stored != replace(old, request_count=0):
            written.rows += (entry.id, line)
            seen = old and replace(old, request_count=0, windows=stored.windows)
            written.is_told = written.is_told or stored != seen
        more = entry.request_count - (0 if old is None else old.request_count)
        if more:
            written.counts += (entry.id, more)

    # While the server is away.

    def _learn(self, held: Unwritten, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Keep in memory what may be forgotten, until the server is back."""
        if self._seen.number == 0:
            raise StoreUnwritable(self._server.where, "does not answer", "start it")
        if held.first_use():
            _LOG.warning("%s does not answer: what is learnt waits for it", self._server.where)
        try:
            return held.update(self._seen.state, change, lambda e: self._keeper.row(e)[0])
        except MustBeWritten:
            what = "does not answer, and the change must not be lost"
            raise StoreUnwritable(self._server.where, what, "try again when it is back") from None

    def _with_waiting(self, seen: _Seen) -> PoolState:
        """Return the pool with what was learnt while the server was away."""
        if self._waiting is None or not self._waiting.held:
            return seen.state
        there = {entry.id: entry for entry in seen.state.entries}
        held = {i: pair for i, pair in self._waiting.held.items() if i in there}
        return seen.state.change({i: merged(there[i], *pair) for i, pair in held.items()})
