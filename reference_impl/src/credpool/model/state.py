"""A pool as a value: frozen, compared by content, changed by `replace` (spec: terms, pools)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from credpool.model.entry import Entry, Windows
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.terms import EntryId

_ID: Final = attrgetter("id")
_NO_EXTRA: Final[Mapping[str, object]] = MappingProxyType({})
_NO_LEASES: Final[Mapping[EntryId, int]] = MappingProxyType({})
_NO_QUOTAS: Final[Mapping[EntryId, Windows]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """A pool: the entries of one provider in order, and how to choose among them.

    `last` and `leases` (the calls under way with each entry) are this process's alone.
    """

    key: str
    provider: str
    described: object = field(default=None, repr=False)
    """The provider as the operator's configuration describes it; the rules ask `provider_of`."""
    entries: tuple[Entry, ...] = ()
    strategy: Strategy = Strategy.FILL_FIRST  # spec: select.default+1
    policy: Policy = field(default_factory=Policy)
    last: EntryId | None = None
    leases: Mapping[EntryId, int] = field(default_factory=lambda: _NO_LEASES)
    quotas: Mapping[EntryId, Windows] = field(default_factory=lambda: _NO_QUOTAS, repr=False)
    suppressed: frozenset[str] = frozenset()
    """The sources that were removed, and are not seeded until they are added again."""
    extra: Mapping[str, object] = field(default_factory=lambda: _NO_EXTRA, repr=False)

    def find(self, entry_id: EntryId) -> Entry | None:
        """Return the entry with that id, or None."""
        return next((e for e in self.entries if e.id == entry_id), None)

    def twins(self, entry: Entry) -> Iterator[Entry]:
        """Yield the entry and every other that holds the same secret."""
        yield from (entry,) if entry.secret is None else self.holding(entry.secret)

    def holding(self, secret: Secret) -> Iterator[Entry]:
        """Yield the entries that hold the secret."""
        return (e for e in self.entries if e.secret == secret)

    def change(self, changed: Mapping[EntryId, Entry]) -> "PoolState":
        """Return the pool with those entries in place of the ones with their ids."""
        if not changed:
            return self
        entries = tuple(map(changed.get, map(_ID, self.entries), self.entries))
        return self if entries == self.entries else replace(self, entries=entries)


def twins(entries: Iterable[Entry]) -> Mapping[EntryId, Sequence[EntryId]]:
    """Return the entries that hold one secret together, by each of their ids."""
    holders: dict[Secret | None, list[EntryId]] = {}
    for entry in entries:
        holders.setdefault(entry.secret, []).append(entry.id)
    holders.pop(None, None)
    return {one: ids for ids in holders.values() if len(ids) > 1 for one in ids}


def in_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries by ascending priority, equal ones as they were given."""
    return tuple(sorted(entries, key=lambda e: e.priority))  # spec: select.order+2
