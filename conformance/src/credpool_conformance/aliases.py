"""Call entries that the testee has found by itself what the scenario calls them.

Nobody can tell a testee which id to give to what it finds: an entry is known by its source, and
from then on by the first id under which it was seen, which it has to keep.
"""

from collections.abc import Iterable, Mapping

from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.scenario import Entry


class Aliases:
    """The scenario's names, by the testee's ids."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Begin with what the scenario expects to be found, and nothing seen."""
        self._unseen = {entry.source: entry.id for entry in entries if entry.source}
        self._names: dict[str, str] = {}

    def learn(self, pool: Mapping[str, Json]) -> None:
        """Take the ids from what the testee says of its pool."""
        for entry in map(fields, items(pool.get("entries"))):
            name = self._unseen.pop(text(entry.get("source")), None)
            if name:
                self._names[text(entry.get("id"))] = name

    def pool(self, told: Mapping[str, Json]) -> Mapping[str, Json]:
        """Rename the entries of a pool."""
        return {**told, "entries": [self._named(entry, "id") for entry in items(told["entries"])]}

    def result(self, told: Mapping[str, Json]) -> Mapping[str, Json]:
        """Rename the entries of a call's result."""
        if not told:
            return told
        attempts = [self._named(attempt, "entry") for attempt in items(told.get("attempts"))]
        return {**told, "attempts": [*attempts], "exhausted": self._exhausted(told)}

    def _exhausted(self, told: Mapping[str, Json]) -> Json:
        exhausted = told.get("exhausted")
        if not isinstance(exhausted, dict):
            return exhausted
        entries = fields(exhausted.get("entries"))
        return {**exhausted, "entries": {self._names.get(k, k): v for k, v in entries.items()}}

    def _named(self, told: Json, key: str) -> Json:
        known = fields(told)
        return {**known, key: self._names.get(text(known.get(key)), text(known.get(key)))}
