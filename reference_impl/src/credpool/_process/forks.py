"""Objects of one process: made again when it forks, saved when it ends.

A lock, a thread, a client or a count that is inherited through a fork is broken or counted twice.
So each of them is held by a `PerProcess`, and nowhere else: a test reads the source for others.
"""

import atexit
import os
import sys
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar
from weakref import WeakSet

T = TypeVar("T")


class Inhabitant(Protocol):
    """Something that lives in a process and has something to keep when it ends."""

    def ended(self) -> None:
        """Keep what is not kept yet: the process ends."""


class Closable(Protocol):
    """Something that a fork must not inherit while it is open."""

    def close(self) -> None:
        """Wait for what is under way, close, and let nobody begin: the process forks."""

    def go_on(self) -> None:
        """Go on: the process has forked, and this is the parent."""


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
        self.value = self._make()  # spec: share.fork+1


_VALUES: Final[WeakSet[_Forks]] = WeakSet()
_ENDING: Final[WeakSet[Inhabitant]] = WeakSet()


_CLOSING: Final[WeakSet[Closable]] = WeakSet()


def close_before_forks(one: Closable) -> None:
    """Close it before the process forks; what the child has of it must be a `PerProcess`."""
    _CLOSING.add(one)


def watch(one: Inhabitant) -> None:
    """Tell it of the end of the process, for as long as it exists."""
    _ENDING.add(one)
    _CHILD.value.watched()


class _Child:
    """A child of `multiprocessing`: it ends without `atexit`, but tells those who ask for it.

    It begins by forgetting who asked before, so they ask when it has begun, and when they come.
    """

    def __init__(self) -> None:
        self._asked = False
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.register_after_fork(self, _Child._ask)

    def watched(self) -> None:
        """Ask, if nobody has; where there is no `multiprocessing` there is no such child."""
        if not self._asked and "multiprocessing.util" in sys.modules:
            self._ask()

    def _ask(self) -> None:
        from multiprocessing.util import Finalize  # noqa: PLC0415  it is there, or nobody asks

        self._asked = True
        Finalize(None, _ended, exitpriority=0)


def _closed() -> None:
    for one in list(_CLOSING):
        one.close()


def _gone_on() -> None:
    for one in list(_CLOSING):
        one.go_on()


def _forked() -> None:
    for one in list(_VALUES):
        one.forked()


@atexit.register
def _ended() -> None:
    for one in list(_ENDING):
        one.ended()


_CHILD: Final = PerProcess(_Child)

if hasattr(os, "register_at_fork"):  # where processes fork at all
    os.register_at_fork(before=_closed, after_in_parent=_gone_on, after_in_child=_forked)
