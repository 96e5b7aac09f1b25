"""Where the command finds the pools: `auth.json`, `config.yaml` and `.env` of one folder.

The place is given, or `$CREDPOOL_HOME`, or the user's own configuration folder.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import platformdirs

from credpool.cli.render import say
from credpool.core import registry
from credpool.core.config import endpoints, is_custom
from credpool.core.model import PoolState, Strategy
from credpool.core.seeding import Complaint
from credpool.opening import open_pool, view_pool
from credpool.operations import Operator
from credpool.pool import Pool
from credpool.seed.config_file import set_strategy
from credpool.seed.surroundings import Surroundings
from credpool.stores.json_file import pool_keys

HOME: Final = "CREDPOOL_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """One store, the configuration beside it, and where else credentials are found."""

    store: Path
    surroundings: Surroundings

    @classmethod
    def find(cls, given: str | None, environ: Mapping[str, str], user: Path) -> "Home":
        """Return the place that was given, or else the usual one.

        Args:
            given: the store's path, if there is one.
            environ: the environment variables.
            user: the user's home folder, with the files of other tools.
        """
        folder = Path(environ.get(HOME) or platformdirs.user_config_dir("credpool"))
        store = Path(given) if given else folder / "auth.json"
        return cls(store, Surroundings(environ=environ, home=user, folder=store.parent))

    @property
    def config(self) -> Path:
        """The file in which strategies are chosen."""
        return self.store.with_name("config.yaml")

    def keys(self) -> tuple[str, ...]:
        """Return the pools there are: kept, configured, or found.

        Raises:
            StoreError: the store cannot be read.
            BadConfig: the configuration cannot be used.
        """
        kept = pool_keys(self.store)
        configured = [endpoint.key for endpoint in endpoints(self.surroundings.settings())]
        found = [key for key in registry.names() if self.surroundings.find(key)[0]]
        return tuple(dict.fromkeys((*kept, *configured, *found)))

    def pool(self, key: str) -> Pool:
        """Open a pool, which may be empty; what is found is taken up.

        Raises:
            UnknownProvider: the key is no provider's, and no custom endpoint's.
            StoreError: the store cannot be read, or written.
            BadConfig: the configuration cannot be used.
        """
        return open_pool(self._known(key), self._rules(key), store=self.store, notify=_warn)

    def operator(self, key: str) -> Operator:
        """Return whoever changes a pool; raises what `pool` raises."""
        return Operator(self.pool(key))

    def state(self, key: str) -> PoolState:
        """Return a pool as it would be opened, and change nothing; raises what `pool` raises."""
        return view_pool(self._known(key), self._rules(key), store=self.store, notify=_warn)

    def states(self, keys: tuple[str, ...] | None = None) -> list[PoolState]:
        """Return the pools as they are; raises what `pool` raises."""
        return [self.state(key) for key in (self.keys() if keys is None else keys)]

    def choose_by(self, key: str, strategy: Strategy) -> None:
        """Choose a pool's strategy for every program that opens it.

        Raises:
            BadConfig: the configuration cannot be read or written.
        """
        set_strategy(self.config, key, strategy)

    def is_shared(self) -> bool:
        """Return whether others than the owner may read the store."""
        if os.name != "posix" or not self.store.exists():
            return False
        return bool(stat.S_IMODE(self.store.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))

    def _known(self, key: str) -> str:
        if not is_custom(key) and key not in pool_keys(self.store):
            registry.provider(key)
        return key

    def _rules(self, key: str) -> Surroundings:
        """Return the surroundings; a pool that no release knows goes by the generic rules."""
        if key in registry.names() or is_custom(key):
            return self.surroundings
        return replace(self.surroundings, provider=registry.GENERIC)


def _warn(notice: Complaint) -> None:
    say(f"{notice}.")
