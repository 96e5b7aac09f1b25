"""Spare a run in process what costs time and proves nothing: a real disk, and certificates each time."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from credpool_conformance.testee.connectors.frozen import FrozenTime

_context = cache(ssl.create_default_context)
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (each run makes a folder of its own there)


def prepare() -> None:
    """Do once what each run would do: before processes divide that make a run each."""
    _context()
    time = FrozenTime()
    time.start()
    time.stop()


@contextmanager
def lean() -> Iterator[None]:
    """Keep files in memory, where there is such a place, and read the certificates once."""
    memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with ExitStack() as undo:
        folder = undo.enter_context(tempfile.TemporaryDirectory(dir=memory))
        for owner, name, value in (
            (tempfile, "tempdir", folder),
            (ssl, "create_default_context", _context),
        ):
            undo.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        yield
