"""The context of one run of a verb, and the arguments that verbs share."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import click
from click.shell_completion import CompletionItem

from credpool.cli.exits import code_of
from credpool.cli.home import Home
from credpool.cli.talk import render
from credpool.cli.talk.options import Options
from credpool.cli.typed import asking
from credpool.model.entry import Entry
from credpool.model.errors import CredpoolError
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.providers import registry
from credpool.rules.targets import plain

KINDS: Final = ("env:", "file:", "keyring:", "cmd:")
"""The kinds of places that a key can be at."""

_SPECIAL: Final = frozenset(" \t:'\"\\$`&|;<>()*?[]{}~#!")
"""The characters that a shell reads in another way than they are meant."""

P = ParamSpec("P")
T = TypeVar("T")


def leave_with(errors: Sequence[CredpoolError]) -> None:
    """Say what is wrong with the pools that could not be shown, and end with its code."""
    for error in errors:
        render.say(f"credpool: {error}.")
    if errors:
        raise click.exceptions.Exit(code_of(errors[0]))


@dataclass(frozen=True, slots=True)
class Session:
    """The context of one run of a verb."""

    store: str | None
    as_json: bool

    @property
    def home(self) -> Home:
        """The pools that are meant."""
        return Home.find(self.store, os.environ, Path.home())

    def show(self, *keys: str, with_ends: bool = False) -> None:
        """Show some pools as they are now, or all; with the ends of their secrets, if asked to."""
        states, errors = (self.home.states(keys), []) if keys else self.home.readable()
        for state in states:
            if keys and not state.entries:
                render.say(f"{state.key} has no credentials: credpool add {state.key}.")
        if not (keys or any(state.entries for state in states)):
            render.say(f"There are no credentials yet; they will be kept in {self.home.store}.")
        seen = [self.home.fingerprinted(state) for state in states]
        render.show_pools(seen, now=time.time(), as_data=self.as_json, with_ends=with_ends)
        leave_with(errors)

    def done(self, text: str, key: str, entry: EntryId | None = None) -> None:
        """Say what was done, and for a program show the pool, or the entry that was meant."""
        render.say(text)
        if self.as_json:
            now = time.time()
            seen = self.home.fingerprinted(self.home.state(key))
            render.show_pools([seen], now=now, as_data=True, only=entry)


def session(verb: Callable[Concatenate[Session, P], T]) -> Callable[P, T]:
    """Hand the session to a verb."""

    def handed(*args: P.args, **kwargs: P.kwargs) -> T:
        options = click.get_current_context().ensure_object(Options)
        return verb(Session(options.store, options.as_json), *args, **kwargs)

    return update_wrapper(handed, verb)


def key(context: click.Context, _parameter: click.Parameter, typed: str | None) -> str | None:
    """Return the key of the pool that somebody typed."""
    return None if typed is None else asking.home(context).meant(typed)


def providers(
    context: click.Context, _parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete a provider, of the registry or the operator's own, or an endpoint of theirs."""
    home = asking.home(context)
    try:
        names = dict.fromkeys((*home.stored(), *home.surroundings.names(), *home.listed()))
    except CredpoolError:
        names = dict.fromkeys(registry.names())
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def places(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the place of a key: which kinds there are, and then the variables or the files."""
    kind, colon, rest = begun.partition(":")
    if not colon:
        return [CompletionItem(name) for name in KINDS if name.startswith(begun)]
    if kind == "file":
        folder, _, name = rest.rpartition("/")
        there = f"{folder}/" if "/" in rest else ""
        found = sorted(p for p in Path(there or ".").glob("*") if p.name.startswith(name))
        return [CompletionItem(f"file:{there}{p.name}{'/' * p.is_dir()}") for p in found]
    names = sorted(asking.home(context).variables()) if kind == "env" else []
    return [CompletionItem(f"env:{name}") for name in names if name.startswith(rest)]


def targets(
    context: click.Context, _parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Complete an entry of the pool that was typed before; nothing is told where it cannot be read."""
    key = context.params.get("provider")
    if key is None and context.args:  # behind an option that has no value yet
        key = asking.home(context).meant(context.args[0])
    try:
        home = asking.home(context)
        state = home.state(key, notify=lambda _: None) if isinstance(key, str) else None
    except CredpoolError:
        state = None
    found = [] if state is None else [_item(state, entry) for entry in state.entries]
    return [item for item in found if item.value.startswith(begun)]


def _item(state: PoolState, entry: Entry) -> CompletionItem:
    """Return what names an entry: its label, if that is its alone and one word, or else its id."""
    label = entry.label
    alone = [plain(e.label) for e in state.entries].count(plain(label)) == 1
    named = (
        alone and label.isprintable() and label[:1] not in ("", "-") and not set(label) & _SPECIAL
    )
    return CompletionItem(label, help=entry.id) if named else CompletionItem(entry.id, help=label)


provider = click.argument(
    *("provider",),
    cls=asking.Asked,
    ask=asking.provider,
    callback=key,
    shell_complete=providers,
)
any_provider = click.argument("provider", required=False, callback=key, shell_complete=providers)
target = click.argument("target", cls=asking.Asked, ask=asking.target, shell_complete=targets)
any_target = click.argument("target", required=False, shell_complete=targets)
