"""What holds for one run of the command, and the options that every verb has."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from credpool.cli.exits import code_of
from credpool.cli.home import Home, pool_key
from credpool.cli.talk import render
from credpool.model.errors import CredpoolError
from credpool.providers import registry

F = TypeVar("F", bound=Callable[..., Any])


def leave_with(errors: Sequence[CredpoolError]) -> None:
    """Say what is wrong with the pools that could not be shown, and end with its code."""
    for error in errors:
        render.say(f"credpool: {error}.")
    if errors:
        raise click.exceptions.Exit(code_of(errors[0]))


@dataclass
class Session:
    """What holds for one run of the command."""

    store: str | None = None
    as_json: bool = False

    @property
    def home(self) -> Home:
        """The pools that are meant."""
        return Home.find(self.store, os.environ, Path.home())

    def show(self, *keys: str) -> None:
        """Show some pools as they are now, or all."""
        states, errors = (self.home.states(keys), []) if keys else self.home.readable()
        for state in states:
            if keys and not state.entries:
                render.say(f"{state.key} has no credentials: credpool add {state.key}.")
        if not (keys or any(state.entries for state in states)):
            render.say(f"There are no credentials yet; they will be kept in {self.home.store}.")
        render.show_pools(states, now=time.time(), as_data=self.as_json)
        leave_with(errors)

    def done(self, text: str, key: str) -> None:
        """Say what was done, and for a program show the pool."""
        render.say(text)
        if self.as_json:
            self.show(key)


def _note(ctx: click.Context, param: click.Parameter, value: object) -> None:
    session = ctx.ensure_object(Session)
    if param.name == "store" and isinstance(value, str):
        session.store = value
    elif param.name == "as_json" and value is True:
        session.as_json = True


def common(function: F) -> F:
    """Give a verb the options that all have."""
    store = click.option(
        *("--store", "store"),
        metavar="PATH",
        help="The auth.json to work on.",
        expose_value=False,
        callback=_note,
    )
    as_json = click.option(
        *("--json", "as_json"),
        is_flag=True,
        help="Write data for programs.",
        expose_value=False,
        callback=_note,
    )
    return store(as_json(function))


session = click.make_pass_decorator(Session, ensure=True)
"""Hand the session to a verb."""


def _key(_context: click.Context, _parameter: click.Parameter, typed: str | None) -> str | None:
    return None if typed is None else pool_key(typed)


def _completed(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in registry.names() if name.startswith(begun)]


provider = click.argument("provider", callback=_key, shell_complete=_completed)
any_provider = click.argument("provider", required=False, callback=_key, shell_complete=_completed)
target = click.argument("target")
