"""How an operator puts a pool in order (spec: operator).

A move says where an entry goes; the priorities of all follow from that, without ties.
"""

from dataclasses import replace
from enum import Enum
from typing import NoReturn

from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.state import PoolState, in_order
from credpool.rules.targets import resolve


class Move(Enum):
    """Where an entry goes."""

    FIRST = "first"
    LAST = "last"
    UP = "up"
    DOWN = "down"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        """Refuse a name that is none of these.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"unknown move {value!r}; choose one of {', '.join(m.value for m in cls)}")


def moved(state: PoolState, target: str, to: Move) -> PoolState:
    """Return the pool with the entry at another place, and the others in their order.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
    """
    entry = resolve(state, target)
    place, last = state.entries.index(entry), len(state.entries) - 1
    goal = {Move.FIRST: 0, Move.LAST: last, Move.UP: place - 1, Move.DOWN: place + 1}[to]
    return _placed(state, entry, min(max(goal, 0), last))


def moved_before(state: PoolState, target: str, before: str) -> PoolState:
    """Return the pool with the entry right before another one, and the others in their order.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`, of either target.
    """
    entry, other = resolve(state, target), resolve(state, before)
    if entry is other:
        return state
    left = [e for e in state.entries if e is not entry]
    return _placed(state, entry, left.index(other))


def is_plain(state: PoolState) -> bool:
    """Return whether the priorities say no more than the places do: 0, 1, 2, …, or all from 1."""
    found = [e.priority for e in state.entries]
    return found in (list(range(len(found))), list(range(1, len(found) + 1)))


def _placed(state: PoolState, entry: Entry, place: int) -> PoolState:
    """Return the pool with the entry there; a priority that is right already stays."""
    left = [e for e in state.entries if e is not entry]
    order = [*left[:place], entry, *left[place:]]
    if order == list(state.entries):
        return state
    # spec: operator.move+1
    numbered = {e.id: replace(e, priority=n) for n, e in enumerate(order) if e.priority != n}
    changed = state.change(numbered)
    return replace(changed, entries=in_order(changed.entries))
