"""A whole database as the document that an `auth.json` is, and back: nothing of either is lost.

A row stays as another program wrote it until its entry changes.
"""

import json
import os
import sqlite3
from collections.abc import Mapping
from typing import Final

from credpool.model.errors import BadInput
from credpool.stores.auth_json import codec
from credpool.stores.sqlite.database import database_at

_POOLS: Final = "credential_pool"
_REMOVED: Final = "suppressed_sources"
_HERE: Final = "*"
"""The mark, in the head of a document, of a part that is in tables of its own."""


def pool_keys(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the keys of the pools in a database; none when there is no file.

    Raises:
        StoreUnreadable: the file is there and cannot be read.
        StoreTooNew: a later version of this library wrote it.
    """
    database = database_at(path)
    file = database.file()
    if file is None:
        return ()
    with database.reading(file) as connection:
        return tuple(_plain(key) for (key,) in connection.execute(_KEYS))


def document(path: str | os.PathLike[str], updated_at: str) -> dict[str, object]:
    """Return all that is in a database as one document.

    Args:
        path: the database.
        updated_at: the moment that the document tells, if anything has changed since it was taken.

    Raises:
        StoreUnreadable: the file is there and cannot be read.
        StoreTooNew: a later version of this library wrote it.
    """
    database = database_at(path)
    file = database.file()
    if file is None:
        return {"version": codec.VERSION, _POOLS: {}}
    with database.reading(file) as connection:
        head = connection.execute("SELECT head FROM document").fetchone()
        whole: dict[str, object] = json.loads(head[0]) if head else {"version": codec.VERSION}
        parts = {_POOLS: _pools(connection), _REMOVED: _removed(connection)}
        ((changes,),) = connection.execute("SELECT max(changed) FROM pool")
    for name, part in parts.items():
        if part or whole.get(name) == _HERE:
            whole[name] = part
    if "updated_at" not in whole or (changes or 0) > 1:
        whole["updated_at"] = updated_at
    return whole


def take(path: str | os.PathLike[str], whole: Mapping[str, object]) -> None:
    """Put a document that was understood into a database that has nothing yet.

    Raises:
        BadInput: there is something.
        StoreError: it cannot be written.
    """
    head, pools, removed = dict(whole), whole.get(_POOLS), whole.get(_REMOVED)
    with database_at(path).writing(15.0) as (connection, _):
        ((there,),) = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM pool UNION SELECT 1 FROM document)"
        )
        if there:
            raise BadInput(f"{os.fspath(path)} has pools already; name a database that is new")
        if isinstance(pools, dict):
            head[_POOLS] = _HERE
            for key, rows in pools.items():
                _take_pool(connection, codec.named(key), rows)
        if isinstance(removed, dict):
            head[_REMOVED] = _HERE
            texts = [(codec.named(key), json.dumps(sources)) for key, sources in removed.items()]
            connection.executemany("INSERT INTO removed VALUES (?, ?)", texts)
        connection.execute("INSERT INTO document VALUES (?)", (json.dumps(head),))


_KEYS: Final = "SELECT key FROM pool ORDER BY rowid"


def _take_pool(connection: sqlite3.Connection, key: str, rows: object) -> None:
    other = None if isinstance(rows, list) else json.dumps(rows)
    connection.execute("INSERT INTO pool VALUES (?, ?, 1, 1)", (key, other))
    lines = [
        (key, n, json.dumps(row), 1) for n, row in enumerate(rows if isinstance(rows, list) else ())
    ]
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", lines)


def _pools(connection: sqlite3.Connection) -> dict[str, object]:
    pools: dict[str, object] = {}
    for key, other in connection.execute("SELECT key, other FROM pool ORDER BY rowid").fetchall():
        query = "SELECT row FROM entry WHERE pool = ? ORDER BY place"
        rows = [json.loads(row) for (row,) in connection.execute(query, (key,))]
        pools[_plain(key)] = rows if other is None else json.loads(other)
    return pools


def _removed(connection: sqlite3.Connection) -> dict[str, object]:
    found = connection.execute("SELECT pool, sources FROM removed ORDER BY rowid")
    return {_plain(key): json.loads(sources) for key, sources in found}


def _plain(named: str) -> str:
    """Return the key that `codec.named` has written in ASCII."""
    key: str = json.loads(f'"{named}"')
    return key
