"""A pool as a value: frozen, compared by content, changed by `replace` (spec: terms, pools).

Its list of entries is no walk to ask: each answer is worked out once. A change of one entry among ten
thousand keeps every answer that is still true, so that it costs a copy of the list and no step for each.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import compress, count
from operator import attrgetter, is_not
from types import MappingProxyType
from typing import Final, Self, TypeVar

from credpool.model.entry import Entry, Windows
from credpool.model.policy import Policy, Strategy
from credpool.model.secret import Secret
from credpool.model.terms import EntryId

T = TypeVar("T")

_ID: Final = attrgetter("id")
_RUN: Final = 256
"""So many entries are compared in one step."""

_LASTING: Final = attrgetter(
    *("id", "secret", "refresh_token", "auth_type", "priority", "base_url", "owner"),
    *("learnt_owner", "payer", "borrowed", "reference", "disabled", "unread", "serves"),
)
"""The fields that say who an entry is, and not how it has fared."""


_SOFT: Final = frozenset({"request_count", "windows"})
_HARD: Final = attrgetter(*(f.name for f in fields(Entry) if f.name not in _SOFT))


class Entries(tuple[Entry, ...]):  # noqa: SLOT001  it remembers, and a tuple cannot have slots for it
    """A tuple of entries that knows where each of them is."""

    lasting: dict[str, tuple[object, object]]
    """The results of `once`, by their names, each with the other value that it depends on."""

    def __new__(cls, entries: Iterable[Entry] = ()) -> Self:
        """Take the entries in their order; a list of them that is one already stays it."""
        if isinstance(entries, cls):
            return entries
        made = super().__new__(cls, entries)
        made.lasting = {}
        return made

    @cached_property
    def places(self) -> Mapping[EntryId, int]:
        """Where each id is; of two that are the same, where the first is."""
        return dict(zip(map(_ID, reversed(self)), reversed(range(len(self))), strict=True))

    @cached_property
    def touched(self) -> frozenset[int]:
        """The places of the entries to which anything has happened that a call must know."""
        return frozenset(compress(count(), map(_is_touched, self)))

    @property
    def holders(self) -> Mapping[Secret, Sequence[int]]:
        """The places of the entries that hold each secret."""
        return self.once("holders", None, _holders)

    def once(self, name: str, of: object, work: Callable[["Entries"], T]) -> T:
        """Return what is worked out of the entries and of something else, once while both last.

        It may depend on what the entries are, and not on what has happened to them; so it may hold
        places and ids, and no entry.
        """
        found = self.lasting.get(name)
        if found is None or (found[0] is not of and found[0] != of):
            found = self.lasting[name] = (of, work(self))
        made: T = found[1]  # type: ignore[assignment]  # whoever gives a name gives one kind of work
        return made

    def at(self, places: Iterable[int]) -> Iterable[Entry]:
        """Return the entries at these places."""
        return map(self.__getitem__, places)

    def exchanged(self, changed: Mapping[EntryId, Entry]) -> "Entries":
        """Return the entries with others in place of those with their ids; itself, if all are equal."""
        found = ((self.places[name], new) for name, new in changed.items() if name in self.places)
        news = {n: new for n, new in found if new is not self[n] and new != self[n]}
        if not news:
            return self
        whole = [*self]
        for n, new in news.items():
            whole[n] = new
        return Entries(whole).taking_over(self, news)

    def following(self, before: "Entries") -> "Entries":
        """Return the entries, which know what those before them knew as far as it is still true."""
        if before is not self and len(before) == len(self):
            self.taking_over(before, differing(before, self))
        return self

    def taking_over(self, before: "Entries", news: Collection[int]) -> "Entries":
        """Take over what was known of entries of which only those at some places are new."""
        old, new = ([*map(_LASTING, known.at(news))] for known in (before, self))
        if "touched" in before.__dict__ and "touched" not in self.__dict__:
            touched = filter(lambda n: _is_touched(self[n]), news)
            self.__dict__["touched"] = before.touched.difference(news).union(touched)
        if old == new:
            self.lasting = before.lasting
            if "places" in before.__dict__:
                self.__dict__["places"] = before.places
        return self


def only_counted(before: Entry, after: Entry) -> bool:
    """Whether nothing of an entry has changed except its quotas and its count, which is no lower."""
    counted = after.request_count >= before.request_count
    return counted and _HARD(before) == _HARD(after)


def differing(before: Sequence[Entry], after: Sequence[Entry]) -> list[int]:
    """Return the places at which two lists of one length differ; most of ten thousand are the same."""
    found: list[int] = []
    for start in range(0, len(after), _RUN):
        old, new = before[start : start + _RUN], after[start : start + _RUN]
        if old != new:
            found += compress(count(start), map(is_not, old, new))
    return found


def _is_touched(entry: Entry) -> bool:
    """Whether the entry is out, marked or claimed, or was probed, or a refresh of it has failed."""
    happened = (entry.cooldown, entry.claim, entry.probed_at, entry.refresh_failed_at)
    return entry.marked or bool(entry.models) or happened != _NOTHING


_NOTHING: Final = (None, None, None, None)


def _holders(entries: Entries) -> Mapping[Secret, Sequence[int]]:
    holders: dict[Secret, list[int]] = {}
    for n, entry in enumerate(entries):
        if entry.secret is not None:
            holders.setdefault(entry.secret, []).append(n)
    return holders


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
