"""Operations on a pool in use (spec: operator). The rules are in `entries.edit`."""

import os
from collections.abc import Callable, Sequence
from functools import partial

from credpool.entries import edit
from credpool.entries.listing import listing
from credpool.entries.order import Move, moved, moved_before
from credpool.events.report import Json
from credpool.model.borrowed import is_command
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.policy import Strategy
from credpool.model.secret import Secret, Veiled
from credpool.model.state import PoolState
from credpool.model.terms import AuthType, EntryId
from credpool.pool import Pool, engine_of
from credpool.rules.targets import resolve


class Operator:
    """Change the entries of a pool.

    A `target` is an entry's id, or else its label, or else its place in the list, from 1.
    What a method refuses it leaves as it was; what it returns from is durable.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @property
    def pool(self) -> Pool:
        """The pool whose entries it changes."""
        return self._pool

    def list(self) -> dict[str, Json]:
        """Return everything that may be told of the pool, as a listing of version 1."""
        return listing([self._pool.state], now=engine_of(self._pool).clock.now())

    def add(
        self,
        secret: Secret,
        *,
        label: str = "",
        auth_type: AuthType = AuthType.API_KEY,
        priority: int | None = None,
        owner: str | None = None,
        base_url: str | None = None,
        models: Sequence[str] = (),
        commands: bool = False,
    ) -> Entry:
        """Add a credential and return its entry: the last in order, if it is given no priority.

        In place of the secret there may be the name of where it is: `env:NAME`, `file:PATH`,
        `keyring:SERVICE/NAME`; and with `commands` also `cmd:PROGRAM ARGUMENT…`. A pool runs that
        program, so whoever passes on what somebody has typed must not allow it unasked.

        Raises:
            UnusableSecret: the secret is empty, a placeholder, or cannot be sent.
            DuplicateSecret: an entry holds it already.
            UnusableLabel: the label is a number, or another entry's label or id.
            BadInput: one of the models is no name (with `*` at its end it is the beginning of one),
                or a command is not allowed.
            StoreError: the change could not be made durable.
        """
        value = _allowed(secret, commands=commands)
        bare = Entry(
            id=new_id(self._pool.state),
            label=label,
            auth_type=auth_type,
            owner=owner,
            base_url=base_url,
            serves=edit.served(models),
        )
        entry = edit.holding(bare, value)
        after = engine_of(self._pool).change(partial(edit.added, entry=entry, priority=priority))
        return after.find(entry.id) or entry

    def remove(self, target: str) -> Entry:
        """Remove an entry, and return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.removed(state, target))

    def replace(self, target: str, secret: Secret, *, commands: bool = False) -> Entry:
        """Give an entry another secret, and return it as it was.

        What the pool learnt of the old secret goes, its cooldowns too; all else stays. In place of
        the secret there may be the name of where it is, as for `add`.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            BadInput: it is a login, its secret is kept elsewhere, or a command is not allowed.
            UnusableSecret: the secret is empty, a placeholder, or cannot be sent.
            DuplicateSecret: an entry holds it already.
            StoreError: the change could not be made durable.
        """
        value = _allowed(secret, commands=commands)
        was = self._changed(target, lambda state: edit.replaced(state, target, value))
        engine_of(self._pool).forget(was.id)
        return was

    def rename(self, target: str, label: str) -> Entry:
        """Give an entry another label, and return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            UnusableLabel: the label is empty, a number, or another entry's label or id.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.renamed(state, target, label))

    def disable(self, target: str) -> Entry:
        """Let nothing be sent with an entry's secret until it is enabled; return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.disabled(state, target, off=True))

    def enable(self, target: str) -> Entry:
        """Let an entry be used again, with all that it had; return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.disabled(state, target, off=False))

    def serve(self, target: str, models: Sequence[str]) -> Entry:
        """Let an entry be for some models alone, or for all if none is named; return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            BadInput: one of them is no name; with `*` at its end it is the beginning of one.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.serving(state, target, models))

    def prioritise(self, target: str, priority: int) -> Entry:
        """Give an entry another priority, 0 being the first, and return it as it was.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        return self._changed(target, lambda state: edit.prioritised(state, target, priority))

    def move(
        self, target: str, to: Move | str | None = None, *, before: str | None = None
    ) -> Entry:
        """Move an entry, and return it as it was; all entries get the priorities 0, 1, 2 and so on.

        Args:
            target: the entry that is moved.
            to: "first", "last", "up" or "down".
            before: in place of that, the entry that comes right behind it.

        Raises:
            BadInput: there is no such move, or not exactly one is given.
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        if (to is None) is (before is None):
            raise BadInput("a move needs one place: first, last, up, down, or before another entry")
        if before is not None:
            return self._changed(target, lambda state: moved_before(state, target, before))
        step = Move(to)
        return self._changed(target, lambda state: moved(state, target, step))

    def reset(self, target: str | None = None) -> None:
        """Let one entry, or all, be as if never refused.

        Raises:
            UnknownEntry: the pool has no such entry.
            AmbiguousTarget: it has several.
            StoreError: the change could not be made durable.
        """
        engine_of(self._pool).check_writable()  # spec: operator.durable+2
        self._pool.reset(target)

    def choose_by(self, strategy: Strategy | str) -> None:
        """Let this pool choose by another strategy, for as long as it is open.

        Raises:
            UnknownStrategy: there is no such strategy.
        """
        self._pool.choose_by(Strategy(strategy))

    def _changed(self, target: str, change: Callable[[PoolState], PoolState]) -> Entry:
        """Change the pool, and return the entry that the target named when it was changed."""
        named: list[Entry] = []

        def on_named(state: PoolState) -> PoolState:
            named.append(resolve(state, target))
            return change(state)

        # spec: operator.durable+2, operator.refused-unchanged+2
        engine_of(self._pool).change(on_named)
        return named[-1]


def _allowed(secret: Secret, *, commands: bool) -> Veiled:
    """Return a secret, or the name of its place, if that is no command that nobody has allowed.

    Raises:
        BadInput: it is one.
    """
    value = Veiled(secret.reveal())
    if is_command(value.strip()) and not commands:
        raise BadInput(
            "a secret that begins with cmd: names a program, which every program with this pool "
            "would run; if that is meant, pass commands=True"
        )
    return value


def new_id(state: PoolState) -> EntryId:
    """Return an id that no entry has, and none had as far as chance can tell."""
    made = fresh_id()  # spec: operator.add.id+2
    return made if state.find(made) is None else new_id(state)


def fresh_id() -> EntryId:
    """Return an id that chance gives to nobody twice."""
    return EntryId(os.urandom(6).hex())
