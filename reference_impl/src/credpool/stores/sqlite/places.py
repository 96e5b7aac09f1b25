"""The places of entries in the order of their pool: which rows a change writes."""

from collections.abc import Mapping, Sequence

from credpool.model.entry import Entry
from credpool.model.state import differing


def placed(
    places: Sequence[int], before: Sequence[Entry], entries: Sequence[Entry]
) -> tuple[Sequence[int] | None, Sequence[int]]:
    """Return the places of the entries if any has come, gone or moved, and the positions of the new.

    Args:
        places: those of the entries there were, ascending.
        before: the entries there were.
        entries: the entries there are.
    """
    if len(before) == len(entries):
        news = differing(before, entries)
        if all(before[n].id == entries[n].id for n in news):
            return None, news
    known = {entry.id: place for entry, place in zip(before, places, strict=True)}
    last, found = max(places, default=-1), list[int]()
    for entry in entries:
        place = known.get(entry.id, last + 1)
        if found and place <= found[-1]:
            place = max(last, found[-1]) + 1  # it has moved behind the others
        found.append(place)
    there = dict(zip(places, before, strict=True))
    return found, [n for n, e in enumerate(entries) if there.get(found[n]) is not e]


def exchanged(entries: tuple[Entry, ...], kept: Mapping[int, Entry]) -> tuple[Entry, ...]:
    """Return the entries with others at some positions."""
    if not kept:
        return entries
    whole = [*entries]
    for n, entry in kept.items():
        whole[n] = entry
    return tuple(whole)
