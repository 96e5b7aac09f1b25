"""A store with what it must not keep: borrowed secrets are put in when it is read (spec: seeding).

What is written underneath never holds them, and a reference stays a reference.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import is_
from threading import Lock
from types import MappingProxyType
from typing import Final, Protocol

from credpool._process.forks import PerProcess
from credpool.config.files import Complaint
from credpool.model.borrowed import is_command, is_same, owners
from credpool.model.entry import Entry
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.seed.found import Found
from credpool.stores.latest import check_writable

AT_ONCE: Final = 8
"""How many commands are run at once."""


class _Store(Protocol):
    def load(self) -> PoolState: ...
    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState: ...
    def stamp(self) -> object: ...


@dataclass(frozen=True, slots=True)
class _Lent:
    """An entry as it is kept, the secret that was found for it, and both together."""

    stored: Entry
    found: Grant | None
    whole: Entry


@dataclass(frozen=True, slots=True)
class _View:
    """A pool as it is kept, what had been found then, and both together."""

    stored: PoolState
    found: Mapping[str, Found]
    resolved: Mapping[str, Secret | None]
    lent: Mapping[EntryId, _Lent]
    whole: PoolState


class BorrowingStore:
    """Keep a pool in `store`, and lend its entries what `look` finds."""

    def __init__(
        self,
        store: _Store,
        *,
        look: Callable[[], Mapping[str, Found]],
        resolve: Callable[[str], Secret | Complaint | None],
        tell: Callable[[Complaint], None] = lambda _: None,
        is_foreign: Callable[[], bool] = lambda: False,
        base_url: str | None = None,
        fingerprint_key: bytes | None = None,
    ) -> None:
        self._store = store
        self._look = look
        self._resolve = resolve
        self._tell = tell
        self._is_foreign = is_foreign
        self.base_url = base_url
        self._fingerprint_key = fingerprint_key
        self._lock = PerProcess(Lock)
        self._found: Mapping[str, Found] = look()
        self._resolved: Mapping[str, Secret | None] = MappingProxyType({})
        self._readings: Mapping[str, int] = MappingProxyType({})
        self._view: _View | None = None
        self._rounds = 0

    def load(self) -> PoolState:
        """Return the pool as it is kept, with the secrets it has on loan."""
        return self._asked(self._store.load())

    def read(self) -> tuple[object, PoolState]:
        """Return the pool as `load` does, and a stamp that is not newer."""
        return self.stamp(), self.load()

    def update(self, change: Callable[[PoolState], PoolState]) -> PoolState:
        """Change the pool durably; what is on loan is not kept."""

        def stored(state: PoolState) -> PoolState:
            whole = self._whole(state)  # the lock is held: no command is run
            changed = change(whole)
            before = {id(w): k for w, k in zip(whole.entries, state.entries, strict=True)}
            entries = tuple(before.get(id(e), e) for e in changed.entries)
            if len(entries) == len(state.entries) and all(map(is_, entries, state.entries)):
                return replace(changed, entries=state.entries)
            return replace(changed, entries=self._trusted(entries, {e.id for e in state.entries}))

        return self._asked(self._store.update(stored))

    def _trusted(self, entries: Iterable[Entry], old: Container[EntryId]) -> tuple[Entry, ...]:
        """Return the rows; what others may have written there is not run once the file is ours."""
        commands = {e.id for e in entries if e.id in old and is_command(e.reference)}
        if not commands or not self._is_foreign():
            return tuple(entries)
        # spec: borrow.command.foreign+1
        return tuple(replace(e, disabled=True) if e.id in commands else e for e in entries)

    def check_writable(self) -> None:
        """Refuse a change that must outlive the process, where the store could not keep it."""
        check_writable(self._store)

    def stamp(self) -> object:
        """Return what differs once the store has been written, or a newer secret been found."""
        return (self._store.stamp(), self._rounds)

    def reread(self, entry: Entry) -> Grant | None:
        """Look again where the entry's secret is from, and return what is there."""
        reference = entry.reference
        seen = self._readings.get(reference or "")
        with self._lock.value:
            if reference is not None:
                # Those who waited for a command take what it has printed.
                if not is_command(reference) or self._readings.get(reference) == seen:
                    self._read([reference])
            else:
                self._found = self._look()
            grant = self._grant(entry)
            if grant is not None and grant.secret != entry.secret:
                self._rounds += 1
            return grant

    def _asked(self, state: PoolState) -> PoolState:
        """Return the state with secrets, also with those that no file can give."""
        wanted = {e.reference for e in state.entries if is_command(e.reference) and not e.disabled}
        if wanted - self._resolved.keys():
            with self._lock.value:
                self._read([r for r in sorted(filter(None, wanted)) if r not in self._resolved])
        return self._whole(state)

    def _read(self, references: Sequence[str]) -> None:
        """Resolve references, several at once; whoever calls holds the lock."""
        found = dict(zip(references, self._looked_at(references), strict=True))
        self._resolved = {**self._resolved, **{r: self._usable(found[r]) for r in references}}
        times = {r: self._readings.get(r, 0) + 1 for r in references}
        self._readings = {**self._readings, **times}

    def _looked_at(self, references: Sequence[str]) -> Sequence[Secret | Complaint | None]:
        if len(references) < 2:
            return [*map(self._resolve, references)]
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  not always needed

        with ThreadPoolExecutor(AT_ONCE) as readers:
            return [*readers.map(self._resolve, references)]

    def _usable(self, found: Secret | Complaint | None) -> Secret | None:
        """Return a secret, and tell why there is none."""
        if isinstance(found, Complaint):
            self._tell(found)
            return None
        return found

    def _whole(self, state: PoolState) -> PoolState:
        """Return the state with secrets; an entry that is as before is the same object."""
        view = self._view
        news = view is None or view.found is not self._found or view.resolved is not self._resolved
        if view is not None and view.stored is state and not news:
            return view.whole
        found, before = self._found, {} if view is None else view.lent
        lent = {
            e.id: known
            if (known := before.get(e.id)) is not None and known.stored is e and not news
            else self._lend(e, known)
            for e in state.entries
        }
        whole = replace(state, entries=tuple(lent[e.id].whole for e in state.entries))
        self._view = _View(state, found, self._resolved, lent, whole)
        return whole

    def _lend(self, stored: Entry, known: _Lent | None) -> _Lent:
        grant = self._grant(stored)
        if known is not None and known.stored is stored and known.found == grant:
            return known
        whole = stored
        if grant is not None:
            same = is_same(stored, grant.secret, self._fingerprint_key)
            owner, learnt = owners(stored, grant.owner, same=same)
            whole = replace(
                stored,
                owner=owner,
                learnt_owner=learnt,
                secret=grant.secret,
                expires_at=grant.expires_at or stored.expires_at,
                login_ends_at=grant.login_ends_at or stored.login_ends_at,
            )
        if whole.base_url is None and self.base_url is not None:
            whole = replace(whole, base_url=self.base_url)
        return _Lent(stored, grant, whole)

    def _grant(self, entry: Entry) -> Grant | None:
        """Return what was found for an entry; None for one that holds its own secret."""
        if entry.reference is not None:
            secret = self._secret_at(entry.reference)  # spec: borrow.reference+2
            return None if secret is None else Grant(secret=secret)
        found = self._found.get(entry.source) if entry.borrowed else None
        if found is None:
            return None
        return Grant(
            secret=found.secret,
            expires_at=found.expires_at,
            owner=found.owner,
            login_ends_at=found.login_ends_at,
        )

    def _secret_at(self, reference: str) -> Secret | None:
        if reference not in self._resolved:
            if is_command(reference):
                return None  # `_asked` runs it
            found = self._usable(self._resolve(reference))
            self._resolved = {**self._resolved, reference: found}
        return self._resolved[reference]
