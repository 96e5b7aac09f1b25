"""The key of a store's fingerprints, in a file beside it (spec: seeding).

A copy of `auth.json` alone then tells nobody which secrets its owner has on loan.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAME: Final = "fingerprint.key"
_LENGTH: Final = 32


def key_beside(store: Path, *, create: bool) -> bytes | None:
    """Return the key; None when there is none and none can be made, or shall be."""
    path = store.with_name(_NAME)
    with suppress(OSError):
        if create and not path.exists():
            _make(path)
        found = path.read_bytes()
        return found if len(found) >= _LENGTH else None
    return None


def _make(path: Path) -> None:
    """Put a new key there, whole, unless another process is quicker."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
