"""The command line: which verbs there are, and how it ends (spec: operator).

stdout is data, stderr is talk.
"""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click
from click.shell_completion import CompletionItem, get_completion_class

import credpool
from credpool.cli.exits import Exit, code_of
from credpool.cli.talk import exposed, streams
from credpool.cli.talk.options import common
from credpool.cli.typed.words import ALIASES, SYNONYMS, Word
from credpool.model.errors import CredpoolError
from credpool.model.text import did_you_mean, meant

VERBS: Final = MappingProxyType(
    {
        "add": ("verbs.add", "Add a credential."),
        "disable": (
            "verbs.disable",
            "Let an entry pause, with all that it has, until it is enabled.",
        ),
        "doctor": ("inquiries.doctor", "Say what is wrong, who is billed, and what to do."),
        "enable": ("verbs.enable", "Let an entry that was disabled be used again."),
        "explain": ("inquiries.explain", "Say what a provider's failing reply means."),
        "export": ("inquiries.export", "Write the pools for another machine."),
        "import": ("inquiries.import_", "Add what an export holds; what is there stays."),
        "list": ("inquiries.list_", "Show every entry, why it is out, and for how long."),
        "login": ("logins.login", "Log in to PROVIDER with your own OAuth client."),
        "models": ("verbs.models", "Say which models an entry is for."),
        "move": (
            "verbs.move",
            "Put an entry first, last, one up, one down, or before another one.",
        ),
        "priority": ("verbs.priority", "Give an entry another priority; the lowest comes first."),
        "providers": (
            "providers.verbs.providers",
            "Show which providers are known, and what is found for them here.",
        ),
        "refresh": ("logins.refresh", "Get new tokens now, for one login or for all of the pool."),
        "remove": ("verbs.remove", "Take an entry out."),
        "rename": ("verbs.rename", "Give an entry another label."),
        "replace": ("typed.replacing.replace", "Put another key in an entry's place."),
        "reset": ("verbs.reset", "End the cooldowns of all pools, of one, or of one entry."),
        "simulate": (
            "simulated.verb.simulate_",
            "Say how well a pool would spend what its accounts have.",
        ),
        "status": ("inquiries.status", "Show one line for each pool."),
        "strategy": ("verbs.strategy", "Choose how the pool chooses."),
        "test": ("providers.verbs.test", "Ask the providers whether the keys work."),
    }
)
"""Where each verb is, and what the list of them says of it: the first sentence of its help."""


_WHOLE_WORDS: Final = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n"
"""Without this, bash completes what is behind the colon of `env:NAME` or `custom:NAME` alone."""


class Verbs(click.Group):
    """The verbs, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        return sorted([*super().list_commands(ctx), *VERBS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb, if there is one of that name."""
        if cmd_name not in VERBS:
            return super().get_command(ctx, cmd_name)
        module, _, name = VERBS[cmd_name][0].rpartition(".")
        verb = getattr(import_module(f"credpool.cli.{module}"), name)
        assert isinstance(verb, click.Command), "a test imports each of them"
        return verb

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that was typed, by its name, another name, or in other letters.

        Raises:
            UsageError: there is none.
        """
        typed, *others = args
        known = self.list_commands(ctx)
        name = ALIASES.get(typed.casefold()) or meant(typed, known)
        if name is None and not (ctx.resilient_parsing or typed.startswith("-")):
            guess = did_you_mean(typed, {verb: SYNONYMS.get(verb, ()) for verb in known})
            raise click.UsageError(f"No such command {typed!r}{guess}", ctx)
        return super().resolve_command(ctx, [name or typed, *others])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write what each verb does, and import none."""
        with formatter.section("Commands"):
            formatter.write_dl(self._summaries())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete an option or the name of a verb, and import none."""
        verbs = [(name, says) for name, says in self._summaries() if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=says) for name, says in verbs), *options]

    def _summaries(self) -> list[tuple[str, str]]:
        own = {name: verb.get_short_help_str(200) for name, verb in self.commands.items()}
        return sorted({**own, **{name: says for name, (_, says) in VERBS.items()}}.items())


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@common
@click.version_option(credpool.__version__, message="%(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keep the credentials of LLM providers, several for each.

    Without a command, at a terminal, a conversation begins.
    PROVIDER is a provider's name, or custom:NAME; TARGET is an entry's id, label or place.
    """
    if ctx.invoked_subcommand is None:
        from credpool.cli.wizard import begin  # noqa: PLC0415  what a verb or `--help` does without

        begin()


def _verbs(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in (*VERBS, "completion", "help") if name.startswith(begun)]


@cli.command("help")
@click.argument("verb", required=False, shell_complete=_verbs)
@click.pass_context
def help_(ctx: click.Context, verb: str | None) -> None:
    """Show what the command can do, or one of its verbs."""
    above = ctx.parent
    assert above is not None, "it is a verb of the command"
    if verb is None:
        click.echo(above.get_help())
        return
    name, command, _ = cli.resolve_command(above, [verb])
    assert command is not None, "another verb is refused"
    click.echo(command.get_help(click.Context(command, info_name=name, parent=above)))


@cli.command()
@click.argument("shell", type=Word(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Write the completion script of a shell.

    For instance, in ~/.bashrc: eval "$(credpool completion bash)"
    """
    made = get_completion_class(shell)
    assert made is not None, "click completes in all of these"
    script = made(cli, {}, "credpool", "_CREDPOOL_COMPLETE").source()
    click.echo(f"{_WHOLE_WORDS if shell == 'bash' else ''}{script}")


def run(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    streams.prepare()
    try:
        code = _ended(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = Exit.LOOK  # whoever read it has seen enough
    except OSError as err:
        _say(f"credpool: {err.filename or 'the output'}: {err.strerror or err}.")
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
        _say("\nInterrupted; every change is complete or was not made.")
        return Exit.INTERRUPTED
    except click.ClickException as err:
        return _misused(err, typed)
    except CredpoolError as err:
        message = exposed.hidden(str(err), typed)
        _say(f"credpool: {message}.")
        return _told(type(err).__name__, message, code_of(err), typed)
    return code if isinstance(code, int) else Exit.DONE


def _misused(error: click.ClickException, typed: Sequence[str]) -> int:
    """Say what is wrong with the command line, and repeat no key of it."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        _say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    message = exposed.hidden(error.format_message(), typed)
    _say(f"Error: {message}")
    return _told(type(error).__name__, message, Exit.USAGE, typed)


def _told(kind: str, message: str, code: Exit, typed: Sequence[str]) -> int:
    """Tell a program of an error, in place of the document that it asked for, and return the code."""
    if "--json" in typed:
        error = {"kind": kind, "message": message, "exit_code": int(code)}
        click.echo(json.dumps({"version": 1, "error": error}, indent=2))
    return code


def _say(text: str) -> None:
    from credpool.cli.talk.render import say  # noqa: PLC0415  slow to import, rarely needed

    say(text)
