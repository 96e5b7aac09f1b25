"""Where pools are kept. A store has three methods: `load`, `update` and `stamp`.

A store is imported when it is first named: the file's needs a locking library, which half of the
programs that import `credpool` never use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credpool.stores.json_file import JsonFileStore as JsonFileStore
    from credpool.stores.memory import MemoryStore as MemoryStore
    from credpool.stores.redis.store import RedisStore as RedisStore
    from credpool.stores.sqlite.store import SqliteStore as SqliteStore

_HOMES = {
    "JsonFileStore": "json_file",
    "MemoryStore": "memory",
    "RedisStore": "redis.store",
    "SqliteStore": "sqlite.store",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
