"""Questions for what a command line left out: a person is asked, and a script is refused."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from credpool.cli.home import Home
from credpool.cli.talk.options import Options
from credpool.cli.talk.prompter import Choice, Terminal, is_interactive
from credpool.cli.talk.render import condition
from credpool.entries.order import Move
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.state import PoolState
from credpool.rules.targets import shown

_FOR_ANY_PROVIDER = frozenset({"add", "login"})
"""The verbs that make sense where there is no pool yet."""


Ask = Callable[[click.Context], str]


class _Asked(click.Parameter):
    """A parameter that a person at a terminal is asked for when it is missing."""

    def __init__(
        self,
        declared: Sequence[str],
        *,
        ask: Ask,
        **more: Any,  # noqa: ANN401  as the library that it is for has it
    ) -> None:
        super().__init__(declared, **more)
        self._ask = ask

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401  the same
        """Return the value, which was typed before or now."""
        missing = self.required and not ctx.resilient_parsing and self.value_is_missing(value)
        return super().process_value(ctx, self._ask(ctx) if missing and is_interactive() else value)


class Asked(_Asked, click.Argument):
    """An argument that is asked for."""


class AskedOption(_Asked, click.Option):
    """An option that is asked for."""


def home(context: click.Context) -> Home:
    """Return the pools that are meant."""
    return Home.find(context.ensure_object(Options).store, os.environ, Path.home())


def provider(context: click.Context) -> str:
    """Ask for a provider: what is there comes first.

    Raises:
        BadInput: there is no pool yet, and the verb needs one.
    """
    there = home(context).known()
    others = home(context).surroundings.names() if context.info_name in _FOR_ANY_PROVIDER else ()
    keys = tuple(dict.fromkeys((*there, *others)))
    if not keys:
        raise BadInput("there are no credentials yet: credpool add")
    choices = [(key, key) for key in keys]
    return keys[0] if len(keys) == 1 else Terminal().choose("For which provider?", choices)


def target(context: click.Context) -> str:
    """Ask for an entry of the pool; its id is what a verb gets, whatever the places are by then.

    Raises:
        BadInput: the pool has no entries.
    """
    key = context.params["provider"]
    choices = lines(home(context).state(key), time.time())
    if not choices:
        raise BadInput(f"{key} has no credentials: credpool add {key}")
    return Terminal().choose("Which one?", choices).id


def line(question: str) -> Callable[[click.Context], str]:
    """Return how to ask for a line of text."""
    return lambda _: Terminal().ask(question)


def word(question: str, words: tuple[str, ...]) -> Callable[[click.Context], str]:
    """Return how to ask for one of some words."""
    return lambda _: Terminal().choose(question, [(w, w) for w in words])


def step() -> str:
    """Ask where an entry is to go."""
    return Terminal().choose("Where to?", [(m.value, m.value) for m in Move])


def lines(state: PoolState, now: float) -> list[Choice[Entry]]:
    """Return the entries with their places, as a listing has them."""
    found = []
    for place, entry in enumerate(state.entries, start=1):
        why = condition(state, entry, now)
        found.append((f"{place}. {shown(entry)}{f': {why}' if why else ''}", entry))
    return found
