"""Where the command finds the pools: one `auth.json`, and `config.yaml` beside it.

The place is given, or `$CREDPOOL_HOME`, or the user's own configuration folder.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from credpool.cli.settings import read_strategies, write_strategy
from credpool.core import registry
from credpool.core.model import PoolState, Strategy
from credpool.operations import Operator
from credpool.pool import Pool
from credpool.stores import JsonFileStore
from credpool.stores.json_file import pool_keys

HOME: Final = "CREDPOOL_HOME"
_CUSTOM: Final = "custom:"


@dataclass(frozen=True, slots=True)
class Home:
    """One store, and the configuration beside it."""

    store: Path

    @classmethod
    def find(cls, given: str | None, environ: Mapping[str, str]) -> "Home":
        """Return the place that was given, or else the usual one."""
        if given:
            return cls(Path(given))
        folder = environ.get(HOME) or platformdirs.user_config_dir("credpool")
        return cls(Path(folder) / "auth.json")

    @property
    def config(self) -> Path:
        """The file in which strategies are chosen."""
        return self.store.with_name("config.yaml")

    def keys(self) -> tuple[str, ...]:
        """Return the pools there are.

        Raises:
            StoreError: the store cannot be read.
        """
        return pool_keys(self.store)

    def pool(self, key: str) -> Pool:
        """Open a pool, which may be empty.

        Raises:
            UnknownProvider: the key is no provider's, and no custom endpoint's.
            StoreError: the store cannot be read.
            BadSetting: the configuration cannot be read.
        """
        if not key.startswith(_CUSTOM) and key not in self.keys():
            registry.provider(key)
        return Pool(self._store(key))

    def operator(self, key: str) -> Operator:
        """Return whoever changes a pool; raises what `pool` raises."""
        return Operator(self.pool(key))

    def states(self, keys: tuple[str, ...] | None = None) -> list[PoolState]:
        """Return the pools as they are; raises what `pool` raises."""
        return [self._store(key).load() for key in (self.keys() if keys is None else keys)]

    def choose_by(self, key: str, strategy: Strategy) -> None:
        """Choose a pool's strategy for every program that opens it.

        Raises:
            BadSetting: the configuration cannot be read or written.
        """
        write_strategy(self.config, key, strategy)

    def is_shared(self) -> bool:
        """Return whether others than the owner may read the store."""
        if os.name != "posix" or not self.store.exists():
            return False
        return bool(stat.S_IMODE(self.store.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))

    def _store(self, key: str) -> JsonFileStore:
        chosen = read_strategies(self.config).get(key, Strategy.FILL_FIRST)
        return JsonFileStore(self.store, key, provider=_provider(key), strategy=chosen)


def _provider(key: str) -> str:
    """Return the provider by whose rules a pool goes; a key that no release knows is generic."""
    return key if key in registry.names() else registry.GENERIC
