"""Take pools from one machine to another, without their secrets unless asked for."""

import json
import os
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from credpool.cli.home import Home
from credpool.cli.talk.render import say
from credpool.events.report import Json
from credpool.model.borrowed import is_command
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.pool import engine_of
from credpool.rules.targets import distinct, shown
from credpool.seed.open import complaints
from credpool.stores import place
from credpool.stores.auth_json import codec

ADDED, THERE, LEFT_OUT = "added", "there already", "left out"
_NOTHING: Final = "because the export has no secret for it; add its key"
_OTHER: Final = "because an entry of that id has another key; replace that one's, or add this one"


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


@dataclass(frozen=True, slots=True)
class Taken:
    """The fate of an entry of an export."""

    key: str
    entry: Entry
    what: str
    why: str = ""

    @property
    def is_left_out(self) -> bool:
        """Whether the pool lacks what the export has."""
        return self.what == LEFT_OUT

    def report(self) -> Json:
        """Return it as plain values."""
        told: dict[str, Json] = {"pool": self.key, "id": self.entry.id, "label": self.entry.label}
        return told | {"result": self.what.replace(" ", "_"), "why": self.why or None}

    def __str__(self) -> str:
        why = f", {self.why}" if self.why else ""
        return f"{self.key}, {shown(self.entry)}: {self.what}{why}"


def whole(home: Home) -> dict[str, Json]:
    """Return all that the store holds, with every secret, in the form of an `auth.json`.

    Raises:
        StoreError: it cannot be read.
    """
    document: dict[str, Json] = json.loads(json.dumps(place.document_at(home.store, time.time())))
    return document


def take_whole(home: Home, text: str) -> int:
    """Keep a document in the store, where nothing is yet, and return how many pools it has.

    Raises:
        BadInput: it is no such document, or there is something.
        StoreError: it cannot be written.
    """
    found = _document(text)
    if isinstance(found, str):
        raise BadInput(f"this is no export: {found}")
    place.take_at(home.store, found)
    return len(place.keys_at(home.store))


def _document(text: str) -> dict[str, object] | str:
    """Return the document, or what is wrong: an error's variables would show the text."""
    try:
        return codec.document(text)
    except codec.Malformed as err:
        return f"{err.where}: {err.what}"


def imported(home: Home, text: str, complain: Callable[[str], None] = say) -> list[Taken]:
    """Add the entries that the pools lack, and return what became of each.

    Args:
        home: the pools.
        text: the export.
        complain: is told of the entries that cannot be used.

    Raises:
        BadInput: the text is no export.
        StoreError: the change could not be made durable.
    """
    found = _understood(text)
    if isinstance(found, str):
        raise BadInput(f"this is no export: {found}")
    taken: list[Taken] = []
    for key, entries in found.items():
        pool = home.pool(key)
        before = pool.state
        engine_of(pool).change(partial(_with, entries=entries))
        taken += [Taken(key, entry, *_taken(entry, before)) for entry in entries]
        for complaint in complaints(pool.state):
            complain(str(complaint))
    return taken


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
    new = [e for e in entries if _taken(e, state)[0] == ADDED]
    for entry in new:
        named = replace(entry, label=distinct(entry.label, state.entries) if entry.label else "")
        state = replace(state, entries=(*state.entries, named))
    return state


def _taken(entry: Entry, state: PoolState) -> tuple[str, str]:
    """Return what becomes of an entry, and why."""
    if any(_is_same(e, entry) for e in state.entries if _holds(entry)):
        return THERE, ""
    if is_command(entry.reference):
        return LEFT_OUT, _program(state.key, entry.reference or "")
    if not _holds(entry):
        known = state.find(entry.id)
        return (THERE, "") if known is not None and _holds(known) else (LEFT_OUT, _NOTHING)
    if state.find(entry.id) is not None:
        return LEFT_OUT, _OTHER
    return ADDED, ""


def _program(key: str, reference: str) -> str:
    source = shlex.quote(reference)
    return (
        "because it runs a program of this machine; "
        f"if you know what it does: credpool add {key} --from {source}"
    )


def _holds(entry: Entry) -> bool:
    return entry.secret is not None or entry.reference is not None


def _is_same(there: Entry, entry: Entry) -> bool:
    return (there.secret, there.reference) == (entry.secret, entry.reference)
