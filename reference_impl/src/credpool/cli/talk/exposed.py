"""A key among the arguments: it is refused, and is not shown again.

Arguments stay in the shell's history, and every account of the machine can list them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import click

from credpool.model.secret import MASK
from credpool.providers.redact import redact

HOW: Final = (
    "a key is never an argument: whoever can read your shell's history, or list your processes, has it. "
    "Nothing was done with this one; consider it exposed, and replace it at the provider. "
    "Give the next one at the prompt of `credpool add PROVIDER`, by a pipe into it, "
    "or name where it is: --from env:NAME"
)


def refuse(
    _context: click.Context, _parameter: click.Parameter, extra: Sequence[str]
) -> Sequence[str]:
    """Refuse whatever stands where a key would, in whatever form it is.

    Raises:
        UsageError: there is something.
    """
    if extra:
        raise click.UsageError(HOW)
    return extra


def no_key(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """Refuse a key where a name belongs.

    Raises:
        UsageError: it looks like one.
    """
    if may_be_key(given):
        raise click.UsageError(HOW)
    return given


def may_be_key(argument: str) -> bool:
    """Return whether an argument has the shape of a key; a path or a place has not."""
    return redact(argument) != argument and "/" not in argument


def hidden(message: str, arguments: Iterable[str]) -> str:
    """Return a message that repeats no argument that may be a key, and says what to do about one."""
    keys = [part for a in arguments for part in (a, a.partition("=")[2]) if may_be_key(part)]
    for key in sorted(keys, key=len, reverse=True):
        message = message.replace(key, MASK)
    if not keys or HOW in message:
        return message
    return f"{message.rstrip('.')}. One of the arguments looks like a key: {HOW}"
