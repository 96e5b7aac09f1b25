"""`open_pool`: find a pool's credentials and open it, in one line (spec: seeding)."""

import logging
import random
from collections.abc import Callable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Final

from credpool.clock import Clock, SystemClock
from credpool.core import moments
from credpool.core.config import policy_of, strategy_of
from credpool.core.model import Policy, PoolState, Strategy
from credpool.core.secret import Secret
from credpool.core.seeding import Complaint, Found, seeded
from credpool.pool import Pool, Store
from credpool.seed.borrowing import BorrowingStore
from credpool.seed.surroundings import Surroundings

_LOG: Final = logging.getLogger("credpool")


def open_pool(
    key: str,
    surroundings: Surroundings,
    *,
    store: str | PathLike[str] | None = None,
    strategy: Strategy | None = None,
    policy: Policy | None = None,
    clock: Clock | None = None,
    dice: Callable[[], float] = random.random,
    notify: Callable[[Complaint], None] | None = None,
) -> Pool:
    """Open a pool with the credentials that are found for it, besides those it has.

    Args:
        key: a provider of the registry, or `custom:` and the name of a configured endpoint.
        surroundings: where credentials are looked for.
        store: the file to keep the pool in, if not `auth.json` in the surroundings' folder; with
            neither, the pool lives in memory.
        strategy: in place of the configured one.
        policy: in place of the configured one.
        clock: where the time comes from; the machine's clock if not given.
        dice: draws from [0, 1), for the `random` strategy.
        notify: is told what was found and cannot be used; a warning is logged if not given.

    Raises:
        BadConfig: the configuration cannot be used.
        StoreError: the store cannot be read, or what was found cannot be made durable.
        UnknownProvider: the registry has no such provider.
        UnknownStrategy: there is no such strategy.
    """
    tell = notify or _log
    empty = _empty(key, surroundings, strategy, policy)
    found, notices = surroundings.find(key)
    for notice in notices:
        tell(notice)
    kept, fingerprint_key = _kept(empty, _path(surroundings, store), create=bool(found))
    kept.update(partial(seeded, found=found, fingerprint_key=fingerprint_key))
    lending = _lending(kept, key, surroundings, tell)
    return Pool(lending, clock=clock, dice=dice, lender=lending.reread)


def view_pool(
    key: str,
    surroundings: Surroundings,
    *,
    store: str | PathLike[str] | None = None,
    clock: Clock | None = None,
    notify: Callable[[Complaint], None] | None = None,
) -> PoolState:
    """Return the pool as `open_pool` would open it, and change nothing.

    The arguments, and what is raised, are those of `open_pool`.
    """
    tell = notify or _log
    found, notices = surroundings.find(key)
    for notice in notices:
        tell(notice)
    empty = _empty(key, surroundings, None, None)
    kept, fingerprint_key = _kept(empty, _path(surroundings, store), create=False)
    state = seeded(kept.load(), found, fingerprint_key=fingerprint_key)
    from credpool.stores.memory import MemoryStore  # noqa: PLC0415  as in `credpool.stores`

    whole = _lending(MemoryStore(state), key, surroundings, tell).load()
    return moments.read(whole, now=(clock or SystemClock()).now()).state


def _empty(
    key: str, surroundings: Surroundings, strategy: Strategy | None, policy: Policy | None
) -> PoolState:
    config = surroundings.settings()
    return PoolState(
        key=key,
        provider=surroundings.provider_of(key),
        strategy=strategy or strategy_of(config, key),
        policy=policy or policy_of(config, key),
    )


def _lending(
    kept: Store, key: str, surroundings: Surroundings, tell: Callable[[Complaint], None]
) -> BorrowingStore:
    endpoint = surroundings.endpoint(key)
    return BorrowingStore(
        kept,
        look=lambda: _by_source(surroundings, key),
        resolve=partial(_resolved, surroundings, tell),
        base_url=surroundings.base_url if endpoint is None else endpoint.base_url,
    )


def _log(notice: Complaint) -> None:
    _LOG.warning("%s", notice)


def _path(surroundings: Surroundings, store: str | PathLike[str] | None) -> Path | None:
    if store is not None:
        return Path(store)
    return None if surroundings.folder is None else surroundings.folder / "auth.json"


def _kept(empty: PoolState, path: Path | None, *, create: bool) -> tuple[Store, bytes | None]:
    """Return where the pool is kept, and the key of the fingerprints there."""
    if path is None:
        from credpool.stores.memory import MemoryStore  # noqa: PLC0415  as in `credpool.stores`

        return MemoryStore(empty), None
    from credpool.stores.json_file import JsonFileStore  # noqa: PLC0415
    from credpool.stores.key_file import key_beside  # noqa: PLC0415

    fingerprint_key = key_beside(path, create=create)
    store = JsonFileStore(
        path,
        empty.key,
        provider=empty.provider,
        strategy=empty.strategy,
        policy=empty.policy,
        fingerprint_key=fingerprint_key,
    )
    return store, fingerprint_key


def _by_source(surroundings: Surroundings, key: str) -> Mapping[str, Found]:
    """Return what there is now; of two with one source, the first."""
    found, _ = surroundings.find(key)
    return {item.source: item for item in reversed(found)}


def _resolved(
    surroundings: Surroundings, tell: Callable[[Complaint], None], reference: str
) -> Secret | None:
    secret = surroundings.references().resolve(reference)
    if isinstance(secret, Complaint):
        tell(secret)
        return None
    return secret
