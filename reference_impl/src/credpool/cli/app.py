"""The command line: which verbs there are, and how it ends (spec: operator).

stdout is data, stderr is talk.
"""

import logging
import time

import click
from click.shell_completion import get_completion_class

import credpool
from credpool.cli import inquiries, logins, render, verbs
from credpool.cli.exits import Exit, code_of
from credpool.cli.prompter import Terminal, is_interactive
from credpool.cli.session import Session, common
from credpool.cli.wizard import Wizard
from credpool.core.errors import CredpoolError
from credpool.core.operate import shown


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@common
@click.version_option(credpool.__version__, message="%(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keep the credentials of LLM providers, several for each.

    Without a command, at a terminal, a conversation begins.
    PROVIDER is a provider's name, or custom:NAME; TARGET is an entry's id, label or place.
    """
    if ctx.invoked_subcommand is not None:
        return
    session = ctx.ensure_object(Session)
    if not is_interactive():
        session.show()
        return
    home, terminal = session.home, Terminal()

    def login(key: str) -> None:
        entry = logins.log_in(home, key, logins.Client().asked(terminal))
        render.say(f"Logged in: {shown(entry)} of {key}.")

    Wizard(home, terminal, show=session.show, login=login, now=time.time).run()


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Write the completion script of a shell.

    For instance, in ~/.bashrc: eval "$(credpool completion bash)"
    """
    made = get_completion_class(shell)
    assert made is not None, "click completes in all of these"
    click.echo(made(cli, {}, "credpool", "_CREDPOOL_COMPLETE").source())


for _verb in (
    *(inquiries.list_, inquiries.status, verbs.add, logins.login, logins.refresh, verbs.remove),
    *(verbs.reset, verbs.rename, verbs.priority, verbs.strategy, inquiries.doctor),
    inquiries.explain,
    *(inquiries.export, inquiries.import_),
):
    cli.add_command(_verb)


def run(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    logging.getLogger("credpool").addHandler(logging.NullHandler())  # what matters is said here
    try:
        code = cli.main(arguments, "credpool", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        render.say("\nInterrupted; nothing was changed by halves.")
        return Exit.INTERRUPTED
    except click.ClickException as err:
        err.show()
        return Exit.USAGE
    except CredpoolError as err:
        render.say(f"credpool: {err}.")
        return code_of(err)
    return code if isinstance(code, int) else Exit.DONE
