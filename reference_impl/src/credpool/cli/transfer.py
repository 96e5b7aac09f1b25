"""Take pools from one machine to another, without their secrets unless asked for."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from credpool.cli.home import Home
from credpool.events.report import Json
from credpool.model.borrowed import is_command
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.pool import engine_of
from credpool.rules.targets import shown
from credpool.seed.open import complaints
from credpool.stores.auth_json import codec


def exported(states: Sequence[PoolState], *, with_secrets: bool) -> dict[str, Json]:
    """Return the pools as a document of the store's form, without what was learnt of them."""
    pools: dict[str, Json] = {
        state.key: [_row(entry, with_secrets=with_secrets) for entry in state.entries]
        for state in states
    }
    return {"version": codec.VERSION, "credential_pool": pools}


def write(path: Path, document: dict[str, Json]) -> None:
    """Write an export into a file that its owner alone may read, in place of what is there.

    Raises:
        BadInput: it cannot be written.
    """
    owners = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    text = Veiled(f"{json.dumps(document, indent=2)}\n")
    try:
        with os.fdopen(os.open(path, owners, 0o600), "w", encoding="utf-8") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o600)  # it may have been there, for everyone to read
            file.write(text)
    except OSError as err:
        raise BadInput(f"{path} cannot be written: {err.strerror}; name another file") from None


def imported(home: Home, text: str) -> Iterator[str]:
    """Add the entries that the pools lack, and say of each what became of it.

    Raises:
        BadInput: the text is no export.
        StoreError: the change could not be made durable.
    """
    found = _understood(text)
    if isinstance(found, str):
        raise BadInput(f"this is no export: {found}")
    for key, entries in found.items():
        pool = home.pool(key)
        for entry in entries:
            yield f"{key}, {shown(entry)}: {_taken(entry, pool.state)}"
        engine_of(pool).change(partial(_with, entries=entries))
        yield from map(str, complaints(pool.state))


def _understood(text: str) -> dict[str, tuple[Entry, ...]] | str:
    """Return the entries of each pool, or what is wrong: an error's variables would show the text."""
    try:
        return {key: codec.decode(text, key).entries for key in codec.pool_keys(text)}
    except codec.Malformed as err:
        return f"{err.where}: {err.what}"


def _row(entry: Entry, *, with_secrets: bool) -> Json:
    bare = replace(entry, cooldown=None, models={}, marked=False, probed_at=None)
    bare = replace(bare, claim=None, refresh_failed_at=None)
    if entry.borrowed or not with_secrets:  # what is on loan is somebody else's to carry
        bare = replace(bare, secret=None, refresh_token=None, extra={})
    row: Json = json.loads(codec.encode_row(bare))
    return row


def _with(state: PoolState, entries: Sequence[Entry]) -> PoolState:
    new = tuple(e for e in entries if _taken(e, state) == "added")
    return replace(state, entries=(*state.entries, *new)) if new else state


def _taken(entry: Entry, state: PoolState) -> str:
    """Return what becomes of an entry."""
    if entry.secret is None and entry.reference is None:
        return "left out, because the export has no secret for it; add its key"
    if is_command(entry.reference):
        place = shlex.quote(entry.reference or "")
        return (
            "left out, because it runs a program of this machine; "
            f"if you know what it does: credpool add {state.key} --from {place}"
        )
    if any(e.id == entry.id or _is_same(e, entry) for e in state.entries):
        return "there already"
    return "added"


def _is_same(there: Entry, entry: Entry) -> bool:
    return (there.secret, there.reference) == (entry.secret, entry.reference)
