"""Where the command finds the pools: `auth.json`, `config.yaml` and `.env` of one folder.

The place is given, or `$CREDPOOL_HOME`, or the user's own configuration folder.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from credpool.cli.talk.render import say
from credpool.config.file import set_strategy
from credpool.config.files import Complaint
from credpool.config.pools import custom_key, endpoints, is_custom
from credpool.entries.operator import Operator
from credpool.model.errors import BadInput, CredpoolError, StoreError
from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType
from credpool.model.text import did_you_mean, meant
from credpool.pool import Pool
from credpool.providers import registry
from credpool.seed.open import open_pool, view_pool
from credpool.seed.surroundings import Surroundings
from credpool.stores.disk import WholeFile
from credpool.stores.place import keys_at


@dataclass(frozen=True, slots=True)
class Home:
    """One store, the configuration beside it, and where else credentials are found."""

    store: Path
    surroundings: Surroundings

    @classmethod
    def find(cls, given: str | None, environ: Mapping[str, str], user: Path) -> "Home":
        """Return the place that was given, or else the usual one; nothing that a row names is run.

        Args:
            given: the store's path, if there is one.
            environ: the environment variables.
            user: the user's home folder, with the files of other tools.
        """
        usual = replace(Surroundings.usual(environ, user), commands=False)
        if given:
            return cls(Path(given), replace(usual, folder=Path(given).parent))
        assert usual.folder is not None, "the usual surroundings have one"
        return cls(usual.folder / "auth.json", usual)

    def running(self) -> "Home":
        """Return the same for a verb that needs the secrets: commands (`cmd:`) are run."""
        return replace(self, surroundings=replace(self.surroundings, commands=True))

    def found_at(self, place: str) -> Secret | Complaint | None:
        """Return the secret at a place that a row of the store names, or why there is none."""
        return self.running().surroundings.references(self.store).resolve(place)

    @property
    def config(self) -> Path:
        """The file in which strategies are chosen."""
        return self.store.with_name("config.yaml")

    def meant(self, typed: str) -> str:
        """Return the key of the pool that was typed, in any case, with `_` or a blank for `-`.

        An endpoint's name is put in its plain form, and is no other endpoint's.
        """
        if is_custom(typed.casefold()):
            return custom_key(typed.partition(":")[2])
        if typed in registry.names():
            return typed
        return (
            meant(typed, dict.fromkeys((*keys_at(self.store), *self.surroundings.names()))) or typed
        )

    def known(self) -> tuple[str, ...]:
        """Return the pools there are: kept, configured, or found.

        Raises:
            StoreError: the store cannot be read.
            BadConfig: the configuration cannot be used.
        """
        stored, around = keys_at(self.store), self.surroundings.read()
        configured = [endpoint.key for endpoint in endpoints(around.settings())]
        found = [key for key in around.names() if around.look(key)[0]]
        return tuple(dict.fromkeys((*stored, *configured, *found)))

    def pool(self, key: str, *, new: bool = False) -> Pool:
        """Open a pool, which may be empty; what is found is taken up.

        Args:
            key: a provider, or `custom:` and the name of an endpoint.
            new: whether the endpoint may be one that nobody has named yet.

        Raises:
            BadInput: the key is no provider's, and no custom endpoint's.
            StoreError: the store cannot be read, or written.
            BadConfig: the configuration cannot be used.
        """
        known = key if new and is_custom(key) else self._known(key)
        return open_pool(known, self._rules(key), store=self.store, notify=_warn)

    def operator(self, key: str) -> Operator:
        """Return whoever changes a pool; raises what `pool` raises.

        What this command changes in its own memory alone would be gone when it ends.
        """
        file = WholeFile(self.store, lock_timeout=0.0)
        if not file.writable():
            raise file.denied()
        return Operator(self.pool(key))

    def state(self, key: str, notify: Callable[[Complaint], None] | None = None) -> PoolState:
        """Return a pool as it would be opened, and change nothing; raises what `pool` raises."""
        tell = notify or _warn
        return view_pool(self._known(key), self._rules(key), store=self.store, notify=tell)

    def states(self, keys: tuple[str, ...] | None = None) -> list[PoolState]:
        """Return the pools as they are; raises what `pool` raises."""
        return [self.state(key) for key in (self.known() if keys is None else keys)]

    def readable(self) -> tuple[list[PoolState], list[CredpoolError]]:
        """Return the pools that can be read, and what is wrong with the others.

        Raises:
            StoreError: the store cannot be read at all.
            BadConfig: the configuration cannot be used.
        """
        states: list[PoolState] = []
        errors: list[CredpoolError] = []
        for key in self.known():
            try:
                states.append(self.state(key))
            except (StoreError, BadInput) as err:
                errors.append(err)
        return states, errors

    def choose_by(self, key: str, strategy: Strategy) -> None:
        """Choose a pool's strategy for every program that opens it.

        Raises:
            BadConfig: the configuration cannot be read or written.
        """
        set_strategy(self.config, key, strategy)

    def _known(self, key: str) -> str:
        """Return the key, if there is such a pool or may be one."""
        if key in keys_at(self.store) or self.surroundings.endpoint(key) is not None:
            return key
        if is_custom(key):
            keys = [e.key for e in endpoints(self.surroundings.settings())]
            there = ", ".join(keys) or "none"
            raise BadInput(
                f"there is no endpoint {key!r}{did_you_mean(key, keys)}; configured are: {there}; list it under "
                f"custom_providers in {self.config}, or add its first key with --base-url"
            )
        if key not in self.surroundings.names():
            registry.provider(key)
        return key

    def _rules(self, key: str) -> Surroundings:
        """Return the surroundings; a pool that no release knows goes by the generic rules."""
        if key in self.surroundings.names() or is_custom(key):
            return self.surroundings
        return replace(self.surroundings, provider=registry.GENERIC)


def is_shared(path: Path) -> bool:
    """Return whether others than its owner may read a file."""
    if os.name != "posix" or not path.exists():
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def types_of(key: str) -> Sequence[AuthType]:
    """Return the types of credentials that a provider takes."""
    if key not in registry.names():
        return [AuthType.API_KEY]
    return list(dict.fromkeys(c.auth_type for c in registry.provider(key).credentials))


def _warn(complaint: Complaint) -> None:
    say(f"{complaint}.")
