"""Edits of a pool: add, remove, rename and reorder entries (spec: operator).

A refusal names the candidates, never a secret.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from credpool.model.borrowed import FINGERPRINT, borrowed, is_reference
from credpool.model.credential import bare, label_flaw
from credpool.model.entry import Entry
from credpool.model.errors import BadInput, DuplicateSecret, UnusableLabel
from credpool.model.secret import Veiled
from credpool.model.state import PoolState
from credpool.rules.given import checked_label, checked_url, usable_secret
from credpool.rules.targets import plain, resolve, shown
from credpool.rules.usable import is_disabled

_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def holding(entry: Entry, value: str, which: str = "the secret") -> Entry:
    """Return the entry with a secret, or with the name of the place where its secret is.

    Raises:
        UnusableSecret: the value is empty, a placeholder, or cannot be sent in a header.
    """
    value = Veiled(bare(value))
    if is_reference(value):  # spec: operator.add.source+2
        return replace(entry, reference=str(value), borrowed=True)
    return replace(entry, secret=usable_secret(value, which))


def added(state: PoolState, entry: Entry, *, priority: int | None = None) -> PoolState:
    """Return the pool with one more entry, behind the others unless it is given a priority.

    Raises:
        DuplicateSecret: an entry holds that secret, or names its place, already.
        UnusableLabel: its label is a number or names another entry.
        BadInput: its label cannot be shown, or its base URL is none.
    """
    holder = _holder(state, entry)
    if holder is not None:  # spec: operator.add.duplicate+2
        verb = f"enable it: credpool enable {state.key} {holder.id}"
        raise DuplicateSecret(shown(holder), enable=verb if is_disabled(state, holder) else None)
    behind = max((e.priority for e in state.entries), default=-1) + 1
    placed = replace(  # spec: operator.add.behind+2
        entry,
        priority=behind if priority is None else priority,
        label=_own_label(state, entry, entry.label) if bare(entry.label) else _label(state, entry),
        base_url=checked_url("base_url", entry.base_url),
    )
    suppressed = state.suppressed - {entry.reference}
    return replace(state, entries=(*state.entries, placed), suppressed=suppressed)


def removed(state: PoolState, target: str) -> PoolState:
    """Return the pool without that entry, and the others as they are; what was found stays away.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
    """
    gone = resolve(state, target)  # spec: operator.only+1
    left = tuple(e for e in state.entries if e is not gone)
    found = borrowed(state.key, gone.source)  # spec: operator.remove.sticky+2
    suppressed = state.suppressed | {gone.source} if found else state.suppressed
    return replace(state, entries=left, suppressed=suppressed)


def replaced(state: PoolState, target: str, value: str) -> PoolState:
    """Return the pool with another secret for that entry, without what was learnt of the old one.

    Its place, label, counts, models, and what a person has set of it stay.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
        BadInput: it is a login, or its secret is kept elsewhere.
        UnusableSecret, DuplicateSecret: as `holding` and `added`.
    """
    entry = resolve(state, target)
    if entry.refresh_token is not None:
        again = f"credpool login {state.key} --entry {entry.id}"
        raise BadInput(f"{shown(entry)} is a login, which has no key; log in again: {again}")
    if entry.borrowed and entry.reference is None:
        raise BadInput(f"{shown(entry)} is kept at {entry.source}; change it there, "
                       "and it is read again by itself")  # fmt: skip
    new = holding(replace(entry, secret=None, reference=None, borrowed=False), value)
    holder = _holder(state, new)
    if holder is not None:
        raise DuplicateSecret(shown(holder))  # spec: operator.replace.refused+1
    return state.change({entry.id: _unrefused(new)})  # spec: operator.replace.sent+1


def renamed(state: PoolState, target: str, label: str) -> PoolState:
    """Return the pool with another label for that entry.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
        UnusableLabel: the label is no name of this entry alone.
        BadInput: the label cannot be shown.
    """
    entry = resolve(state, target)
    return state.change({entry.id: replace(entry, label=_own_label(state, entry, label))})


def prioritised(state: PoolState, target: str, priority: int) -> PoolState:
    """Return the pool with another priority for that entry, and the others' as they are.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
    """
    entry = resolve(state, target)
    return state.change({entry.id: replace(entry, priority=priority)})


def disabled(state: PoolState, target: str, *, off: bool) -> PoolState:
    """Return the pool with that entry, and every other of its secret, disabled or enabled.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
    """
    rows = state.twins(resolve(state, target))
    return state.change({e.id: replace(e, disabled=off) for e in rows})  # spec: operator.enable+1


def serving(state: PoolState, target: str, models: Sequence[str]) -> PoolState:
    """Return the pool with that entry for those models alone, or for every model if there are none.

    Raises:
        UnknownEntry, AmbiguousTarget: as `resolve`.
        BadInput: one of them is no name of a model.
    """
    entry = resolve(state, target)
    return state.change({entry.id: replace(entry, serves=served(models))})


def served(models: Sequence[str]) -> tuple[str, ...]:
    """Return the names of models as an entry keeps them.

    Raises:
        BadInput: one of them is no name of a model.
    """
    if isinstance(models, str):
        raise BadInput("models is a list of names, not one text; put the name in brackets")
    return tuple(dict.fromkeys(map(_model, models)))


def _unrefused(entry: Entry) -> Entry:
    """Return the entry without what belongs to the secret that it had."""
    learnt = entry.owner is not None and entry.owner == entry.learnt_owner
    return replace(  # spec: operator.replace+1
        entry,
        owner=None if learnt else entry.owner,
        learnt_owner=None,
        expires_at=None,
        login_ends_at=None,
        cooldown=None,
        models={},
        marked=False,
        probed_at=None,
        refresh_failed_at=None,
        windows={},
        extra={name: value for name, value in entry.extra.items() if name != FINGERPRINT},
    )


def _model(typed: str) -> str:
    """Return the name of a model as it is kept.

    Raises:
        BadInput: it is none.
    """
    name = bare(typed)
    flaw = "is empty" if not name else label_flaw(name)
    if flaw is None and "*" in name[:-1]:
        flaw = "has a * that is not its end"
    if flaw is not None:
        raise BadInput(
            f"the name of a model {flaw}; write it as requests do, or its beginning and *"
        )
    return name


def _holder(state: PoolState, new: Entry) -> Entry | None:
    def is_same(entry: Entry) -> bool:
        if new.reference is not None:
            return new.reference in (entry.reference, entry.source)
        return entry.secret == new.secret

    return next(filter(is_same, state.entries), None)


def _own_label(state: PoolState, entry: Entry, typed: str) -> str:
    """Return the label that a person gives to an entry.

    Raises:
        UnusableLabel: it does not name this entry and no other.
        BadInput: it cannot be shown.
    """
    label = checked_label(typed)
    name, others = plain(label), [e for e in state.entries if e.id != entry.id]
    holder = next((e for e in others if name in (plain(e.label), plain(e.id))), None)
    flaw = None
    if not label:
        flaw = "is empty"
    elif _NUMBER.fullmatch(label):
        flaw = "is a number, as the place of an entry is"
    elif holder is not None:
        flaw = f"is the name of {shown(holder)}"
    if flaw is not None:
        raise UnusableLabel(flaw)  # spec: operator.label+1
    return label


def _label(state: PoolState, entry: Entry) -> str:
    """Return a label that no other entry has."""
    kind, taken = entry.auth_type.value.replace("_", "-"), {plain(e.label) for e in state.entries}
    numbers = range(1, len(state.entries) + 2)
    return next(label for n in numbers if (label := f"{kind}-{n}") not in taken)
