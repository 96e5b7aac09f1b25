"""The command line: which verbs there are, and how it ends (spec: operator).

stdout is data, stderr is talk.
"""

import logging
import sys
import time
from collections.abc import Sequence

import click
from click.shell_completion import get_completion_class

import credpool
from credpool.cli import inquiries, logins, verbs
from credpool.cli.exits import Exit, code_of
from credpool.cli.session import Session, common
from credpool.cli.talk import exposed, render, streams
from credpool.cli.talk.prompter import Terminal, is_interactive
from credpool.cli.wizard import Wizard
from credpool.model.errors import CredpoolError
from credpool.rules.targets import shown


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
    *(verbs.reset, verbs.rename, verbs.move, verbs.priority, verbs.strategy),
    *(inquiries.doctor, inquiries.explain),
    *(inquiries.export, inquiries.import_),
):
    cli.add_command(_verb)


def run(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    logging.getLogger("credpool").addHandler(logging.NullHandler())  # what matters is said here
    streams.prepare()
    try:
        code = _ended(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = Exit.LOOK  # whoever read it has seen enough
    except OSError as err:
        render.say(f"credpool: {err.filename or 'the output'}: {err.strerror or err}.")
        code = Exit.LOOK
    finally:
        streams.discard()
    return code


def _ended(arguments: list[str] | None) -> int:
    """Run a verb, and return the exit code of how it ended."""
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(arguments, "credpool", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt, EOFError):
        render.say("\nInterrupted; nothing was changed by halves.")
        return Exit.INTERRUPTED
    except click.ClickException as err:
        return _misused(err, typed)
    except CredpoolError as err:
        render.say(f"credpool: {exposed.hidden(str(err), typed)}.")
        return code_of(err)
    return code if isinstance(code, int) else Exit.DONE


def _misused(error: click.ClickException, typed: Sequence[str]) -> int:
    """Say what is wrong with the command line, and repeat no key of it."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        render.say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    render.say(f"Error: {exposed.hidden(error.format_message(), typed)}")
    return Exit.USAGE
