"""The store that a path means, and all that is there: the end of its name tells the kind."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from credpool.model.errors import BadInput
from credpool.model.secret import VeiledBytes

DATABASES: Final = (".db", ".sqlite", ".sqlite3")
"""How the name of a SQLite database ends; every other path is an `auth.json`."""


def is_database(path: str | os.PathLike[str]) -> bool:
    """Return whether the path is that of a database."""
    return Path(path).suffix.lower() in DATABASES


def keys_at(path: Path) -> tuple[str, ...]:
    """Return the keys of the pools there; none when there is nothing.

    Raises:
        StoreUnreadable: it is there and cannot be read.
        StoreTooNew: a later version wrote it.
    """
    if is_database(path):
        from credpool.stores.sqlite import document  # noqa: PLC0415  as in `credpool.stores`

        return document.pool_keys(path)
    from credpool.stores.json_file import pool_keys  # noqa: PLC0415  as in `credpool.stores`

    return pool_keys(path)


def document_at(path: Path, now: float) -> dict[str, object]:
    """Return all that is kept there, in the form of an `auth.json`, with every secret.

    Raises:
        StoreUnreadable: it is there and cannot be read.
        StoreTooNew: a later version wrote it.
    """
    moment = datetime.fromtimestamp(now, UTC).isoformat()
    if is_database(path):
        from credpool.stores.sqlite import document  # noqa: PLC0415  as in `credpool.stores`

        return document.document(path, moment)
    from credpool.stores.json_file import whole_document  # noqa: PLC0415  as in `credpool.stores`

    return whole_document(path)


def take_at(path: Path, whole: dict[str, object]) -> None:
    """Keep a document there, where nothing is yet.

    Raises:
        BadInput: there is something.
        StoreError: it cannot be written.
    """
    if is_database(path):
        from credpool.stores.sqlite import document  # noqa: PLC0415  as in `credpool.stores`

        document.take(path, whole)
        return
    from credpool.stores.disk import WholeFile  # noqa: PLC0415  as in `credpool.stores`

    file = WholeFile(path, lock_timeout=15.0)
    with file.locked():
        if file.stamp() is not None:
            raise BadInput(f"{path} is there already; name a file that is new")
        file.replace(VeiledBytes(f"{json.dumps(whole, indent=2)}\n".encode("ascii")))
