"""The server's answer about what has changed: rows with their counts, and counts alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from credpool.model.entry import Entry
from credpool.model.terms import EntryId
from credpool.stores.kept import Keeper


def changed_entries(
    news: Sequence[object], known: Mapping[EntryId, Entry], keeper: Keeper
) -> dict[EntryId, Entry]:
    """Return the entries that have changed; one that is equal to a known one is that one.

    Raises:
        Malformed: a row says something that the format does not.
    """
    ids, rows, counts, counted, sums = (part if isinstance(part, list) else [] for part in news)
    found: dict[EntryId, Entry] = {}
    for n, (one, row, count) in enumerate(zip(ids, rows, counts, strict=True)):
        before = known.get(EntryId(text(one)))
        read = replace(keeper.entry(text(row), n, None), request_count=int(count or 0))
        found[read.id] = before if before is not None and before == read else read
    for one, count in zip(counted, sums, strict=True):
        entry_id = EntryId(text(one))
        entry = found.get(entry_id) or known.get(entry_id)
        if entry is not None and entry.request_count != int(count or 0):
            found[entry_id] = replace(entry, request_count=int(count or 0))
    return found


def text(value: object) -> str:
    """Return what the server holds as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
