"""Where the command finds the pools: `auth.json`, `config.yaml` and `.env` of one folder.

The place is given, or `$CREDPOOL_HOME`, or the user's own configuration folder.
"""

import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from credpool.cli.talk.render import say
from credpool.config.file import set_strategy
from credpool.config.files import Complaint
from credpool.config.pools import custom_key, endpoints, is_custom
from credpool.entries.listing import fingerprinted
from credpool.entries.operator import Operator
from credpool.model.errors import BadInput, CredpoolError, StoreError
from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType
from credpool.model.text import did_you_mean, meant
from credpool.pool import Pool
from credpool.providers import registry
from credpool.providers.registry import Provider
from credpool.rules.given import checked_url
from credpool.rules.usable import is_disabled
from credpool.seed.borrowing import AT_ONCE
from credpool.seed.open import open_pool, view_pool
from credpool.seed.surroundings import Surroundings
from credpool.stores.disk import WholeFile
from credpool.stores.key_file import key_beside
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

    def address(self, key: str, ask: Callable[[], str] | None = None) -> str | None:
        """Return the base URL that a new key needs: the other entries', if nothing else names one.

        Args:
            key: the pool.
            ask: asks a person for it, if there is one.

        Raises:
            BadInput: nobody knows where the key is valid.
        """
        known = self.provider(key)
        ways = () if known is None else (known.base_url, *(c.base_url for c in known.credentials))
        if any(ways) or self.surroundings.endpoint(key) is not None:
            return None
        urls = {e.base_url for e in self.state(key, notify=lambda _: None).entries}
        if len(urls) == 1 and None not in urls:
            return urls.pop()
        if ask is not None:
            return checked_url("base URL", ask())
        raise BadInput(f"nothing says where a key of {key} is valid; say it with --base-url")

    def stored(self) -> Sequence[str]:
        """Return the pools that are kept; raises what `known` raises."""
        return keys_at(self.store)

    def listed(self) -> Sequence[str]:
        """Return the endpoints of the configuration; raises what `known` raises."""
        return [endpoint.key for endpoint in endpoints(self.surroundings.settings())]

    def variables(self) -> Collection[str]:
        """Return the names of the variables there are, those of `.env` too."""
        return self.surroundings.references().variables.keys()

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
        pool = open_pool(known, self._rules(key), store=self.store, notify=_warn)
        key_beside(self.store, create=True)  # what shows the pool makes none
        return pool

    def operator(self, key: str) -> Operator:
        """Return whoever changes a pool; raises what `pool` raises.

        What this command changes in its own memory alone would be gone when it ends.
        """
        file = WholeFile(self.store, lock_timeout=0.0)
        if not file.writable():
            raise file.denied()
        return Operator(self.pool(key))

    def with_printed(self, state: PoolState) -> PoolState:
        """Return a pool with the secrets that its commands (`cmd:`) print, which are run for it."""
        asked = [e for e in state.entries if e.unread and not is_disabled(state, e)]
        places = sorted({e.reference or "" for e in asked})
        if not places:
            return state
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  rarely needed

        with ThreadPoolExecutor(AT_ONCE) as readers:
            found = dict(zip(places, readers.map(self.found_at, places), strict=True))
        for told in found.values():
            if isinstance(told, Complaint):
                _warn(told)
        secrets = {place: told for place, told in found.items() if isinstance(told, Secret)}
        lent = (
            replace(e, unread=False, secret=secrets.get(e.reference or "")) if e in asked else e
            for e in state.entries
        )
        return replace(state, entries=tuple(lent))

    def state(self, key: str, notify: Callable[[Complaint], None] | None = None) -> PoolState:
        """Return a pool as it would be opened, and change nothing; raises what `pool` raises."""
        tell = notify or _warn
        return view_pool(self._known(key), self._rules(key), store=self.store, notify=tell)

    def fingerprinted(self, state: PoolState) -> PoolState:
        """Return a pool with the fingerprints of its secrets, if a key for them is beside the store."""
        return fingerprinted(state, key_beside(self.store, create=False))

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

    def provider(self, key: str) -> Provider | None:
        """Return the provider of a pool, as the operator describes it or the registry has it, if either does.

        Raises:
            BadConfig: the configuration cannot be used.
        """
        if key not in self.surroundings.names():
            return None
        return self.surroundings.described(key) or registry.provider(key)

    def types_of(self, key: str) -> Sequence[AuthType]:
        """Return the types of credentials that a provider takes; raises what `provider` raises."""
        known = self.provider(key)
        ways = () if known is None else known.credentials
        return list(dict.fromkeys(way.auth_type for way in ways)) or [AuthType.API_KEY]

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


def _warn(complaint: Complaint) -> None:
    say(f"{complaint}.")
