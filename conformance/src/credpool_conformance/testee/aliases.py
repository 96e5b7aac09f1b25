"""Call entries whose id the testee chose what the scenario calls them.

Nobody can tell a testee which id to give to what is added or found: an entry is known by the answer
to its adding, or by its source, and from then on by the first id under which it was seen, which it
has to keep.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.scenario import Entry

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

    def learn(self, pool: Mapping[str, Json]) -> None:
        """Take the ids from what the testee says of its pool."""
        for entry in map(fields, items(pool.get("entries"))):
            name = self._unseen.pop(text(entry.get("source")), None)
            if name:
                self._names[text(entry.get("id"))] = name

    def pool(self, told: Mapping[str, Json]) -> dict[str, Json]:
        """Rename the entries of a pool."""
        entries: Json = [self._named(entry, "id") for entry in items(told.get("entries"))]
        return {**told, "entries": entries}

    def result(self, told: Mapping[str, Json]) -> Mapping[str, Json]:
        """Rename the entries of a call's result."""
        if not told:
            return told
        attempts: Json = [self._named(made, "entry") for made in items(told.get("attempts"))]
        events: Json = [self._event(fields(event)) for event in items(told.get("events"))]
        own = {"events": events} if "events" in told else {}
        return {**told, **own, "attempts": attempts, "exhausted": self._exhausted(told)}

    def _event(self, told: Mapping[str, Json]) -> Json:
        """Rename the entries that an event is about."""
        return {
            key: self._called(value) if key in _OF_ENTRIES else value for key, value in told.items()
        }

    def _called(self, told: Json) -> Json:
        if isinstance(told, list):
            return [self._called(one) for one in told]
        return self._names.get(told, told) if isinstance(told, str) else told

    def _exhausted(self, told: Mapping[str, Json]) -> Json:
        exhausted = told.get("exhausted")
        if not isinstance(exhausted, dict):
            return exhausted
        entries = fields(exhausted.get("entries"))
        return {**exhausted, "entries": {self._names.get(k, k): v for k, v in entries.items()}}

    def _named(self, told: Json, key: str) -> Json:
        known = fields(told)
        return {**known, key: self._names.get(text(known.get(key)), text(known.get(key)))}
