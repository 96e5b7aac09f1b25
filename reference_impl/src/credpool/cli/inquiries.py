"""The verbs that answer a question, and those that carry pools from one machine to another."""

import os
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO, Final

import click

from credpool.cli import doctor as examination
from credpool.cli import explain as explanation
from credpool.cli import transfer
from credpool.cli.exits import Exit
from credpool.cli.session import Session, any_provider, key, leave_with, providers, session
from credpool.cli.talk import render
from credpool.cli.talk.options import common
from credpool.cli.typed.asking import AskedOption, line
from credpool.cli.verbs import TYPES
from credpool.model.errors import BadInput
from credpool.model.secret import Veiled
from credpool.model.terms import FailureClass
from credpool.providers import registry
from credpool.rules.select import available

CLASSES: Final = tuple(failure.value for failure in FailureClass)
_SECRETS: Final = (
    "This export holds the keys themselves: whoever reads it can use them. "
    "Delete it when it has been imported."
)
_READ_FIRST: Final = (
    "Read it before you give it to anybody: a name that is a common word too is left in it, "
    "and what is replaced and names nobody can be put back."
)
_SHARED: Final = "Others may read the file it went to; --output FILE makes one that only you may."


@click.command("list")
@common
@any_provider
@click.option("--show-last-four", is_flag=True, help="Show how each key ends, to tell them apart.")
@session
def list_(session: Session, provider: str | None, *, show_last_four: bool) -> None:
    """Show every entry, why it is out, and for how long."""
    session.show(*([provider] if provider else []), with_ends=show_last_four)


@click.command()
@common
@session
def status(session: Session) -> None:
    """Show one line for each pool.

    The exit code is 1 if a pool has no available entry.
    """
    (states, errors), now = session.home.readable(), time.time()
    if session.as_json:
        seen = [session.home.fingerprinted(state) for state in states]
        render.show_pools(seen, now=now, as_data=True)
    else:
        render.show_summary(states, now=now)
    leave_with(errors)
    if not all(available(state, now=now, model=None) for state in states):
        raise click.exceptions.Exit(Exit.LOOK)


@click.command()
@common
@session
def doctor(session: Session) -> None:
    """Say what is wrong, who is billed, and what to do.

    The exit code is 1 if there is anything but notes.
    """
    found = list(examination.examine(session.home, now=time.time()))
    if session.as_json:
        render.as_json(examination.report(found))
    else:
        examination.show(found)
    if any(finding.level is not examination.Level.NOTE for finding in found):
        raise click.exceptions.Exit(Exit.LOOK)


@click.command()
@common
@click.option(
    "--provider",
    default=registry.GENERIC,
    show_default=True,
    callback=key,
    shell_complete=providers,
)
@click.option(
    "--status",
    type=click.IntRange(100, 599),
    required=True,
    help="The HTTP status.",
    cls=AskedOption,
    ask=line("The HTTP status of the reply:"),
)
@click.option("--header", "headers", multiple=True, help="As 'name: value'; may be repeated.")
@click.option("--type", "kind", type=click.Choice([*TYPES]), default="api-key", show_default=True)
@click.option("--as-rule", is_flag=True, help="Write a rule for config.yaml that matches it.")
@click.option(
    "--report", "as_report", is_flag=True, help="Write a text for an issue; read it first."
)
@click.option("--class", "wanted", type=click.Choice([*CLASSES]), help="What it should mean.")
@session
def explain(
    session: Session, provider: str, status: int, headers: tuple[str, ...], kind: str,
    wanted: str | None, *, as_rule: bool, as_report: bool,
) -> None:  # fmt: skip
    """Say what a provider's failing reply means.

    Its body is read from the standard input.
    With --report, ids, mails, keys, hosts and names are replaced.
    """
    body = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    around, now = session.home.surroundings, time.time()
    known = around.described(provider) or registry.provider(around.provider_of(provider))
    reply = explanation.refusal_of(known, status, headers, body)
    file = around.config_file
    told = explanation.explain(known, reply, status, TYPES[kind], now=now, file=file)
    told["provider"] = provider
    if as_rule:
        from credpool.cli.replies.as_rule import as_rule as rule_for  # noqa: PLC0415  rarely needed

        click.echo(rule_for(provider, reply, FailureClass(wanted or told["class"])), nl=False)
        render.say(f"Put it into {file}, before your other rules for {provider}.")
    elif as_report:
        from credpool.cli.replies.report import report  # noqa: PLC0415  rarely needed

        click.echo(report(known.name, reply, told, wanted, now=now), nl=False)
        render.say(_READ_FIRST)
    elif session.as_json:
        render.as_json(told)
    else:
        click.echo(explanation.in_words(told), nl=False)


@click.command()
@common
@any_provider
@click.option("--with-secrets", is_flag=True, help="With the keys: whoever reads it can use them.")
@click.option("--whole", is_flag=True, help="All that the store holds, as an auth.json has it.")
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it into a file that only you may read.",
)
@session
def export(
    session: Session,
    provider: str | None,
    *,
    with_secrets: bool,
    whole: bool,
    output: Path | None,
) -> None:
    """Write the pools for another machine.

    Their secrets are left out unless --with-secrets asks for them, or --whole, for another store.
    """
    if whole and provider:
        raise BadInput("--whole is the store with all of its pools; name no provider")
    document = transfer.whole(session.home) if whole else None
    if document is None:
        states = session.home.states((provider,) if provider else None)
        document = transfer.exported(states, with_secrets=with_secrets)
    if output is not None:
        transfer.write(output, document)
        render.say(f"Wrote {output}, which only you may read.")
    else:
        render.as_json(document)
    if with_secrets or whole:
        render.say(_SECRETS if output or not _is_shared() else f"{_SECRETS} {_SHARED}")


@click.command("import")
@common
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--whole", is_flag=True, help="Take all of it into a new store, with every status.")
@session
def import_(session: Session, file: BinaryIO, *, whole: bool) -> None:
    """Add what an export holds; what is there stays.

    It is read from FILE, or from the standard input. The exit code is 1 if something was left out.
    With --whole, FILE is an auth.json or an export of one, and nothing of it is lost.
    """
    if file.isatty():
        render.say("Paste the export, and end it with Ctrl-D on a line of its own.")
    if whole:
        pools = transfer.take_whole(session.home, _text(file))
        render.say(f"Took {pools} pools into {session.home.store}.")
        return
    taken = transfer.imported(session.home, _text(file))
    for one in taken:
        render.say(str(one))
    new, out = (sum(t.what == what for t in taken) for what in (transfer.ADDED, transfer.LEFT_OUT))
    missing = f"; {out} missing" if out else ""
    render.say(f"{new} of {len(taken)} entries are new here{missing}.")
    if session.as_json:
        render.as_json({"version": 1, "entries": [one.report() for one in taken]})
    if out:
        raise click.exceptions.Exit(Exit.LOOK)


def _text(file: BinaryIO) -> Veiled:
    """Return what is to be imported.

    Raises:
        BadInput: it is not text.
    """
    read = Veiled(file.read().decode("utf-8-sig", "replace"))
    if "\ufffd" in read:
        raise BadInput("this is no export: it is not UTF-8")
    return read


def _is_shared() -> bool:
    """Return whether the standard output is a file that others may read."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))
