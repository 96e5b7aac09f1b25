"""Call entries whose id the testee chose what the scenario calls them.

Nobody can tell a testee which id to give to what is added or found: an entry is known by the answer
to its adding, or by its source, and from then on by the first id under which it was seen, which it
has to keep.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.scenarios.scenario import Entry
from credpool_conformance.testee.observed import CallResult, Event, PoolState

_OF_ENTRIES: Final = ("entry", "entries", "from", "to")
"""The fields of an event that name entries."""


class Aliases:
    """The scenario's names, by the testee's ids."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Begin with the ids that the scenario gives, and with what it expects to be found."""
        whole = [*entries]
        self._given = {entry.id for entry in whole if not entry.source}
        self._unseen = {entry.source: entry.id for entry in whole if entry.source}
        self._names: dict[str, str] = {}

    def call(self, entry_id: str, name: str) -> bool:
        """Call an entry so from now on; tell whether its id is new."""
        new = bool(entry_id) and entry_id not in self._given | self._names.keys()
        self._names[entry_id] = name
        return new

    def learn(self, pool: PoolState) -> None:
        """Take the ids from what the testee says of its pool."""
        for entry in pool.entries:
            name = self._unseen.pop(entry.source, None)
            if name:
                self._names[entry.id] = name

    def name(self, entry_id: str) -> str:
        """Return what the scenario calls an entry."""
        return self._names.get(entry_id, entry_id)

    def pool(self, told: PoolState) -> PoolState:
        """Rename the entries of a pool."""
        entries = (replace(entry, id=self.name(entry.id)) for entry in told.entries)
        return replace(told, entries=tuple(entries))

    def result(self, told: CallResult) -> CallResult:
        """Rename the entries of a call's result."""
        over = told.exhausted
        return replace(
            told,
            attempts=tuple(replace(made, entry=self.name(made.entry)) for made in told.attempts),
            events=tuple(map(self._event, told.events)),
            exhausted=over
            and replace(over, entries={self.name(k): why for k, why in over.entries.items()}),
        )

    def _event(self, told: Event) -> Event:
        """Rename the entries that an event is about."""
        renamed = {k: self._called(v) for k, v in told.fields.items() if k in _OF_ENTRIES}
        return replace(told, fields={**told.fields, **renamed})

    def _called(self, told: Json) -> Json:
        if isinstance(told, list):
            return [self._called(one) for one in told]
        return self.name(told) if isinstance(told, str) else told
