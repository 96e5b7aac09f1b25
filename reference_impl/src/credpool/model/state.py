"""A pool as a value: frozen, compared by content, changed by `replace` (spec: terms, pools)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from credpool.model.entries import Entries
from credpool.model.entry import Entry, Windows
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.terms import EntryId

_PRIORITY: Final = attrgetter("priority")
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", Entries(self.entries))  # it knows where each is

    @property
    def listed(self) -> Entries:
        """The entries, as what knows where each of them is."""
        return Entries(self.entries)

    def find(self, entry_id: EntryId) -> Entry | None:
        """Return the entry with that id, or None."""
        place = self.listed.places.get(entry_id)
        return None if place is None else self.entries[place]

    def twins(self, entry: Entry) -> Iterator[Entry]:
        """Yield the entry and every other that holds the same secret."""
        yield from (entry,) if entry.secret is None else self.holding(entry.secret)

    def holding(self, secret: Secret) -> Iterator[Entry]:
        """Yield the entries that hold the secret."""
        listed = self.listed
        return iter(listed.at(listed.holders.get(secret, ())))

    def change(self, changed: Mapping[EntryId, Entry]) -> "PoolState":
        """Return the pool with those entries in place of the ones with their ids."""
        entries = self.listed.exchanged(changed) if changed else self.entries
        return self if entries is self.entries else replace(self, entries=entries)


def twins(entries: Iterable[Entry]) -> Mapping[EntryId, Sequence[EntryId]]:
    """Return the entries that hold one secret together, by each of their ids."""
    return Entries(entries).once("twins", None, _twins)


def _twins(entries: Entries) -> Mapping[EntryId, Sequence[EntryId]]:
    shared = (places for places in entries.holders.values() if len(places) > 1)
    holders = ([entry.id for entry in entries.at(places)] for places in shared)
    return {one: ids for ids in holders for one in ids}


def in_order(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries by ascending priority, equal ones as they were given."""
    return tuple(sorted(entries, key=_PRIORITY))  # spec: select.order+2
