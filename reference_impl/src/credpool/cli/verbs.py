"""The verbs that change a pool (spec: operator). What a verb has done it says on stderr."""

import time
from functools import partial
from types import MappingProxyType
from typing import Final

import click

from credpool.cli.exits import Exit
from credpool.cli.logins import Client, check_takes_logins, log_in
from credpool.cli.session import (
    Session,
    any_provider,
    any_target,
    provider,
    session,
    target,
    targets,
)
from credpool.cli.talk import exposed, render
from credpool.cli.talk.options import common
from credpool.cli.talk.prompter import Terminal, is_interactive
from credpool.cli.typed.asking import Asked, line, step
from credpool.cli.typed.keys import type_told
from credpool.cli.typed.replacing import from_place, secret_given, tell_unlike
from credpool.cli.typed.words import Word
from credpool.cli.wizard import ADDRESS, IN_A_PROGRAM, ask_type
from credpool.config.files import Complaint
from credpool.entries.operator import Operator
from credpool.entries.order import Move
from credpool.model.borrowed import is_command
from credpool.model.entry import Entry
from credpool.model.errors import BadInput
from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import AuthType
from credpool.model.text import meant
from credpool.rules.targets import resolve, shown

TYPES: Final = MappingProxyType({"api-key": AuthType.API_KEY, "oauth": AuthType.OAUTH})
_STRATEGIES: Final = tuple(strategy.value for strategy in Strategy)


def _completed(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in _STRATEGIES if name.startswith(begun)]


@click.command()
@common
@provider
@click.option("--type", "kind", type=Word([*TYPES]), help="What is added.")
@click.option("--label", default="", callback=exposed.no_key, help="What you call it.")
@click.option("--priority", type=int, help="Its place in the order, 0 first; last if not given.")
@click.option("--owner", help="Whose quota it draws on.")
@click.option("--base-url", help="Where it is valid, if not at the provider's own address.")
@from_place
@click.option(
    "--models",
    multiple=True,
    metavar="MODEL",
    help="For which models alone: 'gpt-*'; may be repeated.",
)
@click.argument("extra", nargs=-1, metavar="", callback=exposed.refuse, expose_value=False)
@session
def add(
    session: Session, /, provider: str, kind: str | None, label: str, priority: int | None,
    place: str | None, models: tuple[str, ...], **own: str | None,
) -> None:  # fmt: skip
    """Add a credential.

    The key is asked for without an echo, or read from the standard input.
    """
    base_url = own["base_url"]
    operator = Operator(session.home.pool(provider, new=base_url is not None))
    if _type(session, provider, kind) is AuthType.OAUTH:
        entry = _logged_in(session, provider)
        if models:
            operator.serve(entry.id, models)
    else:
        known = session.home.provider(provider)
        asked = partial(Terminal().ask, ADDRESS) if is_interactive() else None
        url = base_url or session.home.address(provider, asked)
        secret = secret_given(known, place, elsewhere=base_url is not None)
        entry = operator.add(
            secret, label=label, auth_type=type_told(secret, known), priority=priority,
            models=models, owner=own["owner"], base_url=url, commands=is_command(place),
        )  # fmt: skip
        tell_unlike(secret, known, elsewhere=base_url is not None)
    session.done(f"Added {shown(entry)} to {provider}.", provider, entry.id)
    _tell_unread(session, place, entry)
    if is_interactive() and len(operator.pool.state.entries) == 1:
        render.say(IN_A_PROGRAM.format(provider))


def _tell_unread(session: Session, place: str | None, entry: Entry) -> None:
    """Say what keeps a secret from being read where the entry has it."""
    if is_command(place):
        told = session.home.found_at(place or "")
        if isinstance(told, Secret) and told.flaw is not None:
            told = Complaint(where=f"{place}", what=f"prints what {told.flaw}", fix="correct it")
        if isinstance(told, Complaint):
            render.say(f"{told}; until then the entry is passed over.")
    elif place is not None and entry.secret is None:
        render.say(f"There is no key at {place} yet; until there is, the entry is passed over.")


@click.command()
@common
@provider
@target
@click.option("-y", "--yes", is_flag=True, help="Do not ask, even at a terminal.")
@session
def remove(session: Session, provider: str, target: str, *, yes: bool) -> None:
    """Take an entry out.

    At a terminal it shows the entry and asks first; a script is not asked.
    """
    operator = session.home.operator(provider)
    meant = resolve(operator.pool.state, target)
    if not yes and is_interactive():
        _confirmed(operator.pool.state, meant)
    gone = operator.remove(meant.id)  # the entry that was shown, whatever the places are by now
    session.done(
        f"Removed {shown(gone)} from {provider}.{render.stays_away(provider, gone)}", provider
    )


@click.command()
@common
@any_provider
@any_target
@session
def reset(session: Session, provider: str | None, target: str | None) -> None:
    """End the cooldowns of all pools, of one, or of one entry."""
    for key in [provider] if provider else session.home.known():
        session.home.operator(key).reset(target)
        session.done(f"Reset {target or 'all entries'} of {key}.", key)


@click.command()
@common
@provider
@target
@session
def disable(session: Session, provider: str, target: str) -> None:
    """Let an entry pause, with all that it has, until it is enabled.

    Nothing is sent with its key, also where another entry holds the same one.
    """
    entry = session.home.operator(provider).disable(target)
    ends = " Its login is not refreshed meanwhile, and may end." if entry.renewable else ""
    text = (
        f"Disabled {shown(entry)} of {provider}; credpool enable {provider} {entry.id} ends that."
    )
    session.done(f"{text}{ends}", provider)


@click.command()
@common
@provider
@target
@session
def enable(session: Session, provider: str, target: str) -> None:
    """Let an entry that was disabled be used again.

    It has the place, the counts and the cooldowns that it had.
    """
    was = session.home.operator(provider).enable(target)
    state = session.home.state(provider, notify=lambda _: None)
    entry = state.find(was.id) or was
    out = render.condition(state, entry, time.time())
    session.done(f"Enabled {shown(entry)} of {provider}{f' ({out})' if out else ''}.", provider)


@click.command()
@common
@provider
@target
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--all", "every", is_flag=True, help="It is for every model again.")
@session
def models(
    session: Session, provider: str, target: str, names: tuple[str, ...], *, every: bool
) -> None:
    """Say which models an entry is for.

    A MODEL is a name as requests write it, or its beginning and a *: 'gpt-5*'.
    Without MODEL and --all it shows the present ones.
    """
    if every and names:
        raise BadInput("--all is for every model: name none beside it")
    if not (every or names):
        entry = resolve(session.home.state(provider), target)
        click.echo("\n".join(entry.serves or ("*",)))
        return
    entry = session.home.operator(provider).serve(target, names)
    told = f"{', '.join(names)} alone" if names else "every model"
    session.done(f"{shown(entry)} of {provider} is now for {told}.", provider)


@click.command()
@common
@provider
@target
@click.argument("label", cls=Asked, ask=line("Its new label:"), callback=exposed.no_key)
@session
def rename(session: Session, provider: str, target: str, label: str) -> None:
    """Give an entry another label."""
    entry = session.home.operator(provider).rename(target, label)
    session.done(f"{shown(entry)} is now called {label.strip()}.", provider)


@click.command()
@common
@provider
@target
@click.argument("to", required=False, type=Word([m.value for m in Move]))
@click.option(
    "--before", metavar="TARGET", shell_complete=targets, help="Put it right before that entry."
)
@session
def move(session: Session, provider: str, target: str, to: str | None, before: str | None) -> None:
    """Put an entry first, last, one up, one down, or before another one."""
    if to is None and before is None and is_interactive():
        to = step()
    operator = session.home.operator(provider)
    was = operator.pool.state
    entry = operator.move(target, to, before=before)
    session.done(render.new_order(was, operator.pool.state, entry), provider)


@click.command(context_settings={"ignore_unknown_options": True})  # -1 is no option
@common
@provider
@target
@click.argument("priority", type=int, cls=Asked, ask=line("Its priority, 0 first:"))
@session
def priority(session: Session, provider: str, target: str, priority: int) -> None:
    """Give an entry another priority; the lowest comes first.

    Where several have the same one, they keep their order: to put an entry first, use move.
    """
    operator = session.home.operator(provider)
    was = operator.pool.state
    entry = operator.prioritise(target, priority)
    text = render.new_priority(was, operator.pool.state, entry, priority)
    session.done(text, provider)


@click.command()
@common
@provider
@click.argument("name", required=False, shell_complete=_completed)
@session
def strategy(session: Session, provider: str, name: str | None) -> None:
    """Choose how the pool chooses.

    Without NAME it shows the strategies, the present one marked.
    """
    present = session.home.state(provider).strategy
    if name is not None:
        chosen = Strategy(meant(name, _STRATEGIES) or name)
        session.home.choose_by(provider, chosen)
        session.done(f"{provider} chooses by {chosen.value}.", provider)
        return
    if session.as_json:
        session.show(provider)
        return
    for known in Strategy:
        click.echo(f"{'*' if known is present else ' '} {known.value}")


def _confirmed(state: PoolState, entry: Entry) -> None:
    """Show what would go, and ask.

    Raises:
        Exit: the answer is no.
    """
    render.show_entry(state, entry, now=time.time())
    if not Terminal().confirm(f"Remove {shown(entry)} from {state.key}?"):
        render.say("Nothing was removed.")
        raise click.exceptions.Exit(Exit.INTERRUPTED)


def _type(session: Session, key: str, kind: str | None) -> AuthType:
    """Return what is to be added; only a person is asked."""
    if kind is not None:
        return TYPES[kind]
    return ask_type(session.home, Terminal(), key) if is_interactive() else AuthType.API_KEY


def _logged_in(session: Session, key: str) -> Entry:
    if not is_interactive():
        check_takes_logins(session.home, key)
        raise BadInput(
            f"a login needs a person and an OAuth client: see credpool login {key} --help"
        )
    return log_in(session.home, key, Client().asked(Terminal()))
