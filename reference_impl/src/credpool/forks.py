"""What a forked process must not share with its parent: locks, counts, and its name in claims."""

import os
from typing import Final, Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that has to begin anew in a forked process."""

    def forked(self) -> None:
        """Leave to the parent what is the parent's."""


_HERE: Final[WeakSet[Forkable]] = WeakSet()


def watch(one: Forkable) -> None:
    """Tell it of each fork, in the child, for as long as it exists."""
    _HERE.add(one)


def _forked() -> None:
    for one in list(_HERE):
        one.forked()


if hasattr(os, "register_at_fork"):  # where processes fork at all
    os.register_at_fork(after_in_child=_forked)
