"""Where credentials are found: the environment, `.env`, other tools' files, the configuration.

A source is asked with `read`; it returns what it has, and changes nothing (spec: seeding).
A public name is imported when it is first named, as in `credpool`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credpool.config.files import Complaint as Complaint
    from credpool.seed.open import open_pool as open_pool
    from credpool.seed.open import view_pool as view_pool
    from credpool.seed.surroundings import Surroundings as Surroundings

_HOMES = {
    "Complaint": "credpool.config.files",
    "Surroundings": "credpool.seed.surroundings",
    "open_pool": "credpool.seed.open",
    "view_pool": "credpool.seed.open",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
