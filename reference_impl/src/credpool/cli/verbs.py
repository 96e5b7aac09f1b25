"""The verbs that change a pool (spec: operator). What a verb has done it says on stderr."""

import sys
from types import MappingProxyType
from typing import Final

import click

from credpool.cli.prompter import Terminal, is_interactive
from credpool.cli.session import Session, common, provider, session, target
from credpool.cli.wizard import types_of
from credpool.core.errors import BadInput
from credpool.core.model import AuthType, Strategy
from credpool.core.operate import shown
from credpool.core.secret import Secret

TYPES: Final = MappingProxyType({"api-key": AuthType.API_KEY, "oauth": AuthType.OAUTH})


@click.command()
@common
@provider
@click.option("--type", "kind", type=click.Choice([*TYPES]), help="What is added.")
@click.option("--label", default="", help="What you call it.")
@click.option("--priority", type=int, help="Its place in the order, 0 first; last if not given.")
@click.option("--owner", help="Whose quota it draws on.")
@click.option("--base-url", help="Where it is valid, if not at the provider's own address.")
@session
def add(
    session: Session, provider: str, kind: str | None, label: str, priority: int | None,
    owner: str | None, base_url: str | None,
) -> None:  # fmt: skip
    """Add a credential: the key is asked for, or read from the standard input."""
    operator = session.home.operator(provider)
    if _type(provider, kind) is AuthType.OAUTH:
        login_elsewhere(provider)
    secret = Secret(_secret())
    added = operator.add(secret, label=label, priority=priority, owner=owner, base_url=base_url)
    session.done(f"Added {shown(added)} to {provider}.", provider)


@click.command()
@common
@provider
@target
@session
def remove(session: Session, provider: str, target: str) -> None:
    """Take an entry out."""
    gone = session.home.operator(provider).remove(target)
    session.done(f"Removed {shown(gone)} from {provider}.", provider)


@click.command()
@common
@click.argument("provider", required=False)
@click.argument("target", required=False)
@session
def reset(session: Session, provider: str | None, target: str | None) -> None:
    """End the cooldowns of all pools, of one, or of one entry."""
    for key in [provider] if provider else session.home.keys():
        session.home.operator(key).reset(target)
        session.done(f"Reset {target or 'all entries'} of {key}.", key)


@click.command()
@common
@provider
@target
@click.argument("label")
@session
def rename(session: Session, provider: str, target: str, label: str) -> None:
    """Give an entry another label."""
    entry = session.home.operator(provider).rename(target, label)
    session.done(f"{shown(entry)} is now called {label}.", provider)


@click.command(context_settings={"ignore_unknown_options": True})  # -1 is no option
@common
@provider
@target
@click.argument("priority", type=int)
@session
def priority(session: Session, provider: str, target: str, priority: int) -> None:
    """Give an entry another place in the order, 0 being the first."""
    entry = session.home.operator(provider).prioritise(target, priority)
    session.done(f"{shown(entry)} has priority {priority}.", provider)


@click.command()
@common
@provider
@click.argument("name", required=False)
@session
def strategy(session: Session, provider: str, name: str | None) -> None:
    """Choose how the pool chooses; without NAME, show which there are."""
    if name is not None:
        session.home.pool(provider)
        session.home.choose_by(provider, Strategy(name))
        session.done(f"{provider} chooses by {name}.", provider)
        return
    present = session.home.pool(provider).state.strategy
    if session.as_json:
        session.show(provider)
        return
    for known in Strategy:
        click.echo(f"{'*' if known is present else ' '} {known.value}")


def _type(provider: str, kind: str | None) -> AuthType:
    """Return what is to be added; only a person is asked."""
    if kind is not None:
        return TYPES[kind]
    types = types_of(provider)
    if len(types) == 1 or not is_interactive():
        return AuthType.API_KEY
    choices = [("API key", AuthType.API_KEY), ("OAuth login", AuthType.OAUTH)]
    return Terminal().choose("API key or OAuth login?", choices)


def _secret() -> str:
    if is_interactive():
        return Terminal().ask_secret("The key (it is not shown):")
    return sys.stdin.read()  # spec: operator.add.prompt+1


def login_elsewhere(provider: str) -> None:
    """Say where a login is made.

    Raises:
        BadInput: always.
    """
    raise BadInput(
        f"a login of {provider} is not added by hand; use credpool.login from Python, "
        "or add an API key with --type api-key"
    )
