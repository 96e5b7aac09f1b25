"""The entry of a pool that a person means (spec: operator). A refusal names the candidates, never a secret."""

from collections.abc import Iterable, Mapping
from itertools import count

from credpool.model.entry import Entry
from credpool.model.errors import AmbiguousTarget, UnknownEntry
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.model.text import visible
from credpool.providers.redact import known_secrets, redact


def resolve(state: PoolState, target: str) -> Entry:
    """Return the entry that a target names: by its id, else its label, else its place from 1.

    Raises:
        UnknownEntry: nothing in the pool has that name.
        AmbiguousTarget: several labels are that name.
    """
    exact = state.find(EntryId(target))  # spec: operator.target.order+2
    if exact is not None:
        return exact
    name = plain(target)
    labelled = [e for e in state.entries if name and plain(e.label) == name]
    if len(labelled) > 1:  # spec: operator.target.refused+1
        raise AmbiguousTarget(_told(state, target), map(shown, labelled))
    found = labelled[0] if labelled else _places(state).get(name)
    if found is None:  # spec: operator.target.refused+1
        raise _unknown(state, target)
    return found


def shown(entry: Entry) -> str:
    """Return how an entry is named to a person."""
    name = entry.id if entry.label in ("", entry.id) else f"{entry.id} ({entry.label})"
    return visible(name)


def plain(name: str) -> str:
    """Return a name as names are compared: without blanks around it, whatever its case."""
    return name.strip().casefold()


def distinct(label: str, entries: Iterable[Entry]) -> str:
    """Return the label, or if an entry is called so already, the label with a number behind it."""
    taken = {plain(name) for e in entries for name in (e.label, e.id)}
    numbered = (f"{label}-{n}" for n in count(2))
    return (
        label if plain(label) not in taken else next(n for n in numbered if plain(n) not in taken)
    )


def _places(state: PoolState) -> Mapping[str, Entry]:
    return {str(n): entry for n, entry in enumerate(state.entries, start=1)}


def _unknown(state: PoolState, target: str) -> UnknownEntry:
    return UnknownEntry(_told(state, target), {shown(e): (e.id, e.label) for e in state.entries})


def _told(state: PoolState, target: str) -> str:
    """Return the target as it may be repeated: somebody may have pasted a key."""
    return redact(target, secrets=known_secrets(state.entries))
