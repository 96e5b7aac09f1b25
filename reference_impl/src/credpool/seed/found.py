"""The entries made of credentials that were found elsewhere (spec: seeding).

An entry is matched by its source. Nothing is removed here, and nothing is read.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType

from credpool.model.borrowed import FINGERPRINT, borrowed, is_same, owners
from credpool.model.entry import Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId
from credpool.rules.targets import distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A credential, and where it is from: `env:NAME`, `claude_code`, `config:NAME`."""

    source: str
    secret: Secret
    auth_type: AuthType = AuthType.API_KEY
    label: str | None = None
    base_url: str | None = None
    expires_at: float | None = None
    login_ends_at: float | None = None
    owner: str | None = None


def seeded(
    state: PoolState, found: Iterable[Found], *, fingerprint_key: bytes | None = None
) -> PoolState:
    """Return the pool with what was found: in the entries of its source, or behind them all.

    Args:
        state: the pool as it is kept; of what is borrowed it may hold no secret.
        found: the credentials, in the order of their precedence.
        fingerprint_key: the key of the fingerprints in the pool, if there is one.
    """
    wanted = [item for item in found if item.source not in state.suppressed]  # spec: seed.sticky+2
    entries = list(state.entries)  # spec: seed.never-deletes+2
    place = {entry.source: n for n, entry in reversed([*enumerate(entries)])}
    for item in wanted:
        if item.source in place:  # spec: seed.match+2
            n = place[item.source]
            entries[n] = _taken_up(entries[n], item, fingerprint_key)
    for item in wanted:
        if item.source not in place and not _is_held(item, entries):
            entries.append(_added(state.key, item, entries))  # spec: seed.order+2
    same = len(entries) == len(state.entries) and all(map(_is, entries, state.entries))
    return state if same else replace(state, entries=tuple(entries))


def _is(new: Entry, old: Entry) -> bool:
    return new is old


def _taken_up(entry: Entry, item: Found, fingerprint_key: bytes | None) -> Entry:
    """Return the entry with what its source holds now; another secret has no history."""
    same = is_same(entry, item.secret, fingerprint_key)
    owner, learnt = owners(entry, item.owner, same=same)
    fresh = replace(  # spec: seed.disabled+1
        entry,
        secret=item.secret,
        auth_type=item.auth_type,
        base_url=item.base_url or entry.base_url,
        expires_at=item.expires_at,
        login_ends_at=item.login_ends_at,
        owner=owner,
        learnt_owner=learnt,
    )
    if same:
        return entry if fresh == entry else fresh
    extra = {name: value for name, value in entry.extra.items() if name != FINGERPRINT}
    return replace(  # spec: seed.changed-secret+2
        fresh,
        cooldown=None,
        models={},
        marked=False,
        probed_at=None,
        claim=None,
        refresh_failed_at=None,
        windows={},
        extra=MappingProxyType(extra),
    )


def _is_held(item: Found, entries: Iterable[Entry]) -> bool:
    """Return whether an entry has the secret already, or names its place."""
    return any(  # spec: seed.duplicate+2
        item.secret == e.secret or item.source == e.reference for e in entries
    )


def _added(key: str, item: Found, entries: Sequence[Entry]) -> Entry:
    return Entry(
        id=_new_id(key, item.source, {e.id for e in entries}),
        secret=item.secret,
        label=distinct(item.label or item.source.removeprefix("env:"), entries),
        auth_type=item.auth_type,
        source=item.source,
        priority=max((e.priority for e in entries), default=-1) + 1,
        base_url=item.base_url,
        expires_at=item.expires_at,
        login_ends_at=item.login_ends_at,
        owner=item.owner,
        learnt_owner=item.owner,
        borrowed=borrowed(key, item.source),
    )


def _new_id(key: str, source: str, taken: Collection[str]) -> EntryId:
    """Return the id that every process gives to what it finds there."""
    told = f"{key}\0{source}"
    while (made := sha256(told.encode(errors="surrogatepass")).hexdigest()[:12]) in taken:
        told += "\0"
    return EntryId(made)
