"""What comes of credentials that were found elsewhere (spec: seeding).

An entry is matched by its source. Nothing is removed here, and nothing is read.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from credpool.model.borrowed import FINGERPRINT, borrowed, is_same
from credpool.model.credential import bare
from credpool.model.entry import AuthType, Entry, EntryId, PoolState
from credpool.model.secret import Secret

_PLACEHOLDER: Final = re.compile(
    r"""
    .* (?: \.\.\. | … | \*\*\* | x{4} ) .*             # cut short, or masked
  | <.*> | \$?\{.*\} | \[.*\]                          # to be filled in
  | (?: your | my | insert | enter | replace | paste ) [-_\ ] .*
  | (?: change | replace | fill ) [-_\ ]? (?: me | this | in )
  | (?: the [-_\ ])? (?: api [-_\ ]? )? (?: key | token | secret ) (?: [-_\ ]? here )?
  | placeholder | todo | tbd | dummy | example
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A credential, and where it is from: `env:NAME`, `claude_code`, `config:NAME`."""

    source: str
    secret: Secret
    auth_type: AuthType = AuthType.API_KEY
    label: str | None = None
    base_url: str | None = None
    expires_at: float | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Something that was found and cannot be used: where, what is wrong, the next step."""

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.mend}"


def is_placeholder(value: str) -> bool:
    """Return whether a value stands where a secret is to be put."""
    return _PLACEHOLDER.fullmatch(bare(value)) is not None  # spec: seed.placeholder+2


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
    entries = list(state.entries)
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
    fresh = replace(
        entry,
        secret=item.secret,
        auth_type=item.auth_type,
        base_url=item.base_url or entry.base_url,
        expires_at=item.expires_at,
        owner=entry.owner or item.owner,
    )
    if is_same(entry, item.secret, fingerprint_key):
        return entry if fresh == entry else fresh
    extra = {name: value for name, value in entry.extra.items() if name != FINGERPRINT}
    return replace(  # spec: seed.changed-secret+2
        fresh,
        learnt_owner=None,
        cooldown=None,
        models={},
        throttled=False,
        probed_at=None,
        claim=None,
        refresh_failed_at=None,
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
        label=item.label or item.source.removeprefix("env:"),
        auth_type=item.auth_type,
        source=item.source,
        priority=max((e.priority for e in entries), default=-1) + 1,
        base_url=item.base_url,
        expires_at=item.expires_at,
        owner=item.owner,
        borrowed=borrowed(key, item.source),
    )


def _new_id(key: str, source: str, taken: Collection[str]) -> EntryId:
    """Return the id that every process gives to what it finds there."""
    told = f"{key}\0{source}"
    while (made := sha256(told.encode(errors="surrogatepass")).hexdigest()[:12]) in taken:
        told += "\0"
    return EntryId(made)
