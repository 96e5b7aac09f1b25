"""The options that every verb has, before it or behind it, and what was given for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Options:
    """The given value."""

    store: str | None = None
    as_json: bool = False


def common(function: F) -> F:
    """Give a verb the options that all have."""
    store = click.option(
        *("--store", "store"),
        metavar="PATH",
        help="The auth.json or the database (pool.db) to work on.",
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


def _note(ctx: click.Context, param: click.Parameter, value: object) -> None:
    options = ctx.ensure_object(Options)
    if param.name == "store" and isinstance(value, str):
        options.store = value
    elif param.name == "as_json" and value is True:
        options.as_json = True
