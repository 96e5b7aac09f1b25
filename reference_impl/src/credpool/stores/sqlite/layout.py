"""The tables of the database, and how a new one looks.

`changed` of a row is the number of the pool's change that wrote it, so whoever knows the pool as of
one number finds what is new by an index. `shaped` is the number of the latest change of the order.
"""

import sqlite3
from typing import Final

VERSION: Final = 1
APPLICATION: Final = 0x43725031
"""The mark of our databases, which other programs' have not: `CrP1`."""

_WAL: Final = b"\x02\x02"
_FORMAT_AT: Final = slice(18, 20)
"""Where the file says that it is written ahead (SQLite's file format, "read version")."""

_TABLES: Final = """
CREATE TABLE document (head TEXT NOT NULL);
CREATE TABLE pool (
    key TEXT PRIMARY KEY, other TEXT,
    changed INTEGER NOT NULL, shaped INTEGER NOT NULL
);
CREATE TABLE removed (pool TEXT PRIMARY KEY, sources TEXT NOT NULL);
CREATE TABLE entry (
    pool TEXT NOT NULL, place INTEGER NOT NULL, row TEXT NOT NULL, changed INTEGER NOT NULL,
    PRIMARY KEY (pool, place)
) WITHOUT ROWID;
CREATE INDEX entry_changed ON entry (pool, changed);
"""


def new_database() -> bytes:
    """Return the file of a database without pools, which is written ahead from the start."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        image = bytearray(connection.serialize())
    finally:
        connection.close()
    image[_FORMAT_AT] = _WAL
    return bytes(image)
