"""What belongs to one process: made again when it forks, kept when it ends.

A lock, a thread, a client or a count that is inherited through a fork is broken or counted twice.
So each of them is held by a `PerProcess`, and nowhere else: a test reads the source for others.
"""

import atexit
import os
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Inhabitant(Protocol):
    """Something that lives in a process and has something to keep when it ends."""

    def ended(self) -> None:
        """Keep what is not kept yet: the process ends."""


class _Forks(Protocol):
    """A value that is made again."""

    def forked(self) -> None: ...


class PerProcess(Generic[T]):
    """A value that every process makes for itself, by calling `make`."""

    __slots__ = ("__weakref__", "_make", "value")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self.value = make()
        _VALUES.add(self)

    def forked(self) -> None:
        """Replace the parent's value; its locks may be held by threads that are not here."""
        self.value = self._make()


_VALUES: Final[WeakSet[_Forks]] = WeakSet()
_ENDING: Final[WeakSet[Inhabitant]] = WeakSet()


def watch(one: Inhabitant) -> None:
    """Tell it of the end of the process, for as long as it exists."""
    _ENDING.add(one)


def _forked() -> None:
    for one in list(_VALUES):
        one.forked()


@atexit.register
def _ended() -> None:
    for one in list(_ENDING):
        one.ended()


if hasattr(os, "register_at_fork"):  # where processes fork at all
    os.register_at_fork(after_in_child=_forked)
