"""The kind of store that a path means: the end of its name tells."""

import os
from pathlib import Path
from typing import Final

DATABASES: Final = (".db", ".sqlite", ".sqlite3")
"""How the name of a SQLite database ends; every other path is an `auth.json`."""


def is_database(path: str | os.PathLike[str]) -> bool:
    """Return whether the path is that of a database."""
    return Path(path).suffix.lower() in DATABASES
