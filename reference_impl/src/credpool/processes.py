"""What pools do when their process forks, and when it ends."""

import atexit
import os
from typing import Final, Protocol
from weakref import WeakSet


class Inhabitant(Protocol):
    """Something that lives in a process."""

    def forked(self) -> None:
        """Begin anew in a forked process: locks, counts and names are the parent's."""

    def ended(self) -> None:
        """Keep what is not kept yet: the process ends."""


_HERE: Final[WeakSet[Inhabitant]] = WeakSet()


def watch(one: Inhabitant) -> None:
    """Tell it of each fork, in the child, and of the end, for as long as it exists."""
    _HERE.add(one)


def _forked() -> None:
    for one in list(_HERE):
        one.forked()


@atexit.register
def _ended() -> None:
    for one in list(_HERE):
        one.ended()


if hasattr(os, "register_at_fork"):  # where processes fork at all
    os.register_at_fork(after_in_child=_forked)
