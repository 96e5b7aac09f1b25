"""A key that is given to the command, and the verb that puts it in an old one's place."""

from typing import Final

import click

from credpool.cli.session import Session, places, provider, session, target
from credpool.cli.talk import exposed, render, streams
from credpool.cli.talk.options import common
from credpool.cli.talk.prompter import Terminal, is_interactive
from credpool.cli.typed.keys import key_typed, type_told, unlike
from credpool.model.borrowed import is_command, is_reference
from credpool.model.errors import BadInput
from credpool.model.secret import Secret
from credpool.providers.registry import Provider
from credpool.rules.targets import resolve, shown

PLACES: Final = "env:NAME, file:PATH, keyring:SERVICE/NAME or 'cmd:PROGRAM ARGUMENT…'"


from_place: Final = click.option(
    *("--from", "place"),
    metavar="PLACE",
    help=f"Where the key is, in its stead: {PLACES}.",
    shell_complete=places,
)


def secret_given(known: Provider | None, place: str | None, *, elsewhere: bool) -> Secret:
    """Return the key, or the name of the place where it is.

    Args:
        known: the provider whose pool it is for, if that is known.
        place: what `--from` names.
        elsewhere: whether it is valid at another address than the provider's own.

    Raises:
        BadInput: the place is not written as one.
        UnusableSecret: what was typed is no key of that provider.
    """
    if place is not None:
        if not is_reference(place):
            raise BadInput(f"--from names a place as {PLACES}, and never a key")
        return Secret(place)
    if is_interactive():
        typed = Terminal().ask_secret("The key (it is not shown):")
        return key_typed(typed, known, elsewhere=elsewhere)
    return key_typed(streams.read(), known, elsewhere=elsewhere)  # spec: operator.add.prompt+1


def tell_unlike(secret: Secret, known: Provider | None, *, elsewhere: bool) -> None:
    """Say how keys of the provider begin, where this one does not."""
    begins = "" if elsewhere else unlike(secret, known)
    if begins and known is not None:
        render.say(
            f"It does not begin with {begins}, as keys of {known.name} do: look whether it is one."
        )


@click.command()
@common
@provider
@target
@from_place
@click.argument("extra", nargs=-1, metavar="", callback=exposed.refuse, expose_value=False)
@session
def replace(session: Session, provider: str, target: str, place: str | None) -> None:
    """Put another key in an entry's place.

    Its label, place, counts and models stay; cooldowns were the old key's, and go. The key is
    asked for without an echo, or read from the standard input.
    """
    operator = session.home.operator(provider)
    entry = resolve(operator.pool.state, target)
    known = session.home.provider(provider)
    secret = secret_given(known, place, elsewhere=entry.base_url is not None)
    if place is None and type_told(secret, known) is not entry.auth_type:
        raise BadInput(
            f"that is another type of credential than {shown(entry)}: credpool add {provider}"
        )
    operator.replace(entry.id, secret, commands=is_command(place))
    tell_unlike(secret, known, elsewhere=entry.base_url is not None)
    session.done(f"Replaced the key of {shown(entry)} of {provider}.", provider, entry.id)
