"""`open_pool`: find a pool's credentials and open it, in one line (spec: seeding)."""

import logging
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Final

from credpool.clock import Clock, SystemClock
from credpool.config.files import Complaint, is_foreign
from credpool.config.notify import notices_of
from credpool.config.pools import policy_of, strategy_of
from credpool.entries import edit
from credpool.entries.operator import fresh_id
from credpool.model.borrowed import is_command
from credpool.model.credential import url_flaw
from credpool.model.entry import Entry
from credpool.model.errors import BadInput, DuplicateSecret
from credpool.model.policy import Policy, Strategy
from credpool.model.state import PoolState, in_order
from credpool.pool import Pool, Store, engine_of
from credpool.providers.registry import provider_of
from credpool.rules import moments
from credpool.rules.given import check_policy, texts_of
from credpool.rules.targets import shown
from credpool.rules.usable import flawed
from credpool.seed.borrowing import BorrowingStore
from credpool.seed.found import Found, seeded
from credpool.seed.surroundings import Surroundings
from credpool.stores.auth_json.codec import as_stored
from credpool.stores.place import is_database

_LOG: Final = logging.getLogger("credpool")


def open_pool(
    key: str,
    surroundings: Surroundings | None = None,
    *,
    store: str | PathLike[str] | Store | None = None,
    strategy: Strategy | None = None,
    policy: Policy | None = None,
    clock: Clock | None = None,
    dice: Callable[[], float] = random.random,
    notify: Callable[[Complaint], None] | None = None,
) -> Pool:
    """Open a pool with the credentials that are found for it, besides those it has.

    The commands of its rows (`cmd:`) are run here, several at once: in an asynchronous program,
    open it in a thread.

    Args:
        key: a provider of the registry, or `custom:` and the name of a configured endpoint.
        surroundings: where credentials are looked for; where the `credpool` command looks too, if
            not given.
        store: the file to keep the pool in, if not `auth.json` in the surroundings' folder; with
            neither, the pool lives in memory. A name that ends in `.db` is a SQLite database. A
            store that was made already, such as one that hosts share, has a strategy, a policy and
            a key of fingerprints of its own; what its rows name is looked up, but no command is run.
        strategy: in place of the configured one.
        policy: in place of the configured one.
        clock: where the time comes from; the machine's clock if not given.
        dice: draws from [0, 1), for the `random` strategy.
        notify: is told what was found and cannot be used, and which entries cannot; a warning is
            logged if not given.

    Raises:
        BadConfig: the configuration cannot be used.
        StoreError: the store cannot be read, or what was found cannot be made durable.
        UnknownProvider: the registry has no such provider.
        UnknownStrategy: there is no such strategy.
    """
    check_policy(policy)
    place = store if isinstance(store, str | PathLike) else None
    made = None if store is None or isinstance(store, str | PathLike) else store
    tell, around = notify or _log, surroundings or _usual(place)
    if made is not None:
        around = replace(around, commands=False)
    empty, notices = _empty(key, around, strategy, policy), notices_of(around.settings())
    found, told = around.find(key)
    path = None if made is not None else _path(around, place)
    fingerprint_key = _fingerprint_key(path, create=bool(found))
    fingerprint_key = getattr(made, "fingerprint_key", fingerprint_key)
    stored = made or _stored(empty, path, fingerprint_key)
    state = stored.update(partial(seeded, found=found, fingerprint_key=fingerprint_key))
    for complaint in news(told, state):
        tell(complaint)  # spec: seed.told+3
    lending = _lending(stored, key, around, tell, fingerprint_key, path)
    home = lending.base_url if lending.base_url and url_flaw(lending.base_url) is None else None
    pool = Pool(lending, clock=clock, dice=dice, lender=lending.reread, base_url=home)
    if notify is not None:  # else the pool itself has logged them
        for complaint in complaints(pool.state):
            notify(complaint)
    if notices:
        from credpool.sinks import attach  # noqa: PLC0415  not always needed

        attach(pool, notices, clock)
    return pool


def view_pool(
    key: str,
    surroundings: Surroundings | None = None,
    *,
    store: str | PathLike[str] | None = None,
    clock: Clock | None = None,
    notify: Callable[[Complaint], None] | None = None,
) -> PoolState:
    """Return the pool as `open_pool` would open it, and change nothing.

    The arguments, and what is raised, are those of `open_pool`.
    """
    tell, around = notify or _log, surroundings or _usual(store)
    found, told = around.find(key)
    empty = _empty(key, around, None, None)
    path = _path(around, store)
    fingerprint_key = _fingerprint_key(path, create=False)
    if fingerprint_key is None and found:
        fingerprint_key = os.urandom(32)  # `open_pool` would make one, and would keep it
    stored = _stored(empty, path, fingerprint_key)
    state = seeded(stored.load(), found, fingerprint_key=fingerprint_key)
    for complaint in news(told, state):
        tell(complaint)
    state = replace(state, entries=tuple(as_stored(e, key=key, clean=str) for e in state.entries))
    from credpool.stores.memory import MemoryStore  # noqa: PLC0415  as in `credpool.stores`

    idle = replace(around, commands=False)  # spec: pool.read.effect-free+2
    whole = _lending(MemoryStore(state), key, idle, tell, fingerprint_key, path).load()
    viewed = moments.read(whole, now=(clock or SystemClock()).now()).state
    entries = tuple(_unread(entry, idle, path) for entry in viewed.entries)
    seen = replace(viewed, entries=in_order(entries))  # spec: select.order+2
    for complaint in complaints(seen):
        tell(complaint)
    return seen


def take_up(pool: Pool, keys: Sequence[str]) -> None:
    """Add the API keys that a pool does not have, in their order and behind the others.

    Raises:
        BadInput: they are not a list of texts, or a command is among them.
        UnusableSecret: one of them cannot be a key; none is added.
        StoreError: they cannot be made durable.
    """
    texts = [*texts_of(keys)]
    if any(is_command(key.strip()) for _, key in texts):
        raise BadInput(
            "a key cannot be a command (cmd:); add that one with Operator.add(…, commands=True)"
        )
    given = [edit.holding(Entry(id=fresh_id()), key, which) for which, key in texts]
    if given:
        engine_of(pool).change(partial(_with, given=given))


def _with(state: PoolState, given: Iterable[Entry]) -> PoolState:
    """Return the pool with those of the entries whose secrets it does not have."""
    for entry in given:
        with suppress(DuplicateSecret):
            state = edit.added(state, entry)
    return state


def _usual(store: str | PathLike[str] | None) -> Surroundings:
    """Return where the command looks; the folder is that of the store, if there is one."""
    usual = Surroundings.usual()
    return usual if store is None else replace(usual, folder=Path(store).parent)


def news(told: Iterable[Complaint], state: PoolState) -> Iterator[Complaint]:
    """Yield what nobody has decided yet: neither named by a row nor removed."""
    decided = state.suppressed | {e.reference for e in state.entries}
    return (complaint for complaint in told if complaint.where not in decided)


def complaints(state: PoolState) -> Iterator[Complaint]:
    """Yield what is to be said of the entries of which something cannot be sent."""
    for entry, why in flawed(state):
        yield Complaint(
            where=f"{state.key}, {shown(entry)}", what=why, fix=remedy(state.key, entry)
        )


def remedy(key: str, entry: Entry) -> str:
    """Return what a person does about an entry that cannot be used."""
    if entry.reference is not None:
        return f"correct what {entry.reference} leads to"
    if entry.borrowed:
        return f"correct it where it is from: {entry.source}"
    return f"take it out (credpool remove {key} {entry.id}) and add it again as it should be"


def _empty(
    key: str, surroundings: Surroundings, strategy: Strategy | None, policy: Policy | None
) -> PoolState:
    config = surroundings.settings()
    known = surroundings.described(key)
    return PoolState(
        key=key,
        provider=surroundings.provider_of(key) if known is None else known.name,
        described=known,
        strategy=strategy or strategy_of(config, key),  # spec: config.pool+1
        policy=policy or policy_of(config, key),
    )


def _lending(
    stored: Store,
    key: str,
    surroundings: Surroundings,
    tell: Callable[[Complaint], None],
    fingerprint_key: bytes | None,
    path: Path | None,
) -> BorrowingStore:
    endpoint = surroundings.endpoint(key)
    return BorrowingStore(
        stored,
        look=lambda: _by_source(surroundings, key),
        resolve=lambda reference: surroundings.references(path).resolve(reference),
        tell=tell,
        is_foreign=lambda: path is not None and is_foreign(path),
        base_url=surroundings.base_url if endpoint is None else endpoint.base_url,
        fingerprint_key=fingerprint_key,
    )


def _unread(entry: Entry, idle: Surroundings, holder: Path | None) -> Entry:
    """Return the entry as one that a call would ask, if its secret is a command's and that may run."""
    reference = entry.reference if is_command(entry.reference) else None
    if reference is None or idle.references(holder).resolve(reference) is not None:
        return entry
    return replace(entry, unread=True)


def _log(complaint: Complaint) -> None:
    _LOG.warning("%s", complaint)


def _path(surroundings: Surroundings, store: str | PathLike[str] | None) -> Path | None:
    if store is not None:
        return Path(store)
    return None if surroundings.folder is None else surroundings.folder / "auth.json"


def _fingerprint_key(path: Path | None, *, create: bool) -> bytes | None:
    """Return the key of the fingerprints beside the file, if there is one."""
    if path is None:
        return None
    from credpool.stores.key_file import key_beside  # noqa: PLC0415  as in `credpool.stores`

    return key_beside(path, create=create)


def _stored(empty: PoolState, path: Path | None, fingerprint_key: bytes | None) -> Store:
    """Return where the pool is kept."""
    if path is None:
        from credpool.stores.memory import MemoryStore  # noqa: PLC0415  as in `credpool.stores`

        return MemoryStore(empty)
    from credpool import stores  # noqa: PLC0415

    kind = stores.SqliteStore if is_database(path) else stores.JsonFileStore
    return kind(
        path,
        empty.key,
        provider=empty.provider if empty.described is None else provider_of(empty),
        strategy=empty.strategy,
        policy=empty.policy,
        fingerprint_key=fingerprint_key,
    )


def _by_source(surroundings: Surroundings, key: str) -> Mapping[str, Found]:
    """Return what there is now; of two with one source, the first."""
    found, _ = surroundings.look(key)
    return {item.source: item for item in reversed(found)}
