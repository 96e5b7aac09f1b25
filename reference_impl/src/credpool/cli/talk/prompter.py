"""How the command asks a person. The wizard is tested with a prompter that answers by itself."""

import sys
from collections.abc import Sequence
from typing import Protocol, TypeVar

from credpool.cli.talk.render import say
from credpool.model.text import visible

T = TypeVar("T")
Choice = tuple[str, T]


class Prompter(Protocol):
    """Somebody who can be asked; an interruption raises `KeyboardInterrupt`."""

    def choose(self, question: str, choices: Sequence[Choice[T]]) -> T:
        """Return what belongs to the choice that was made."""

    def ask(self, question: str, default: str = "") -> str:
        """Return a line of text."""

    def ask_secret(self, question: str) -> str:
        """Return a line that is not shown."""

    def confirm(self, question: str) -> bool:
        """Return whether the answer is yes."""

    def tell(self, text: str) -> None:
        """Say something."""


class Terminal:
    """Ask at the terminal: on the standard error, for the standard output is data."""

    def choose(self, question: str, choices: Sequence[Choice[T]]) -> T:
        """Return what belongs to the choice that was made."""
        from prompt_toolkit.output import create_output  # noqa: PLC0415  a fifth of a second

        from credpool.cli.talk import menu  # noqa: PLC0415

        texts = [text for text, _ in choices]
        chosen = menu.ask(question, texts, source=None, screen=create_output(sys.stderr))
        say(f"? {question} {texts[chosen]}")
        return choices[chosen][1]

    def ask(self, question: str, default: str = "") -> str:
        """Return a line of text."""
        return _line(question, default=default)

    def ask_secret(self, question: str) -> str:
        """Return a line that is not shown."""
        return _line(question, hidden=True)

    def confirm(self, question: str) -> bool:
        """Return whether the answer is yes."""
        return _line(f"{question} (y/N)").strip().casefold() in ("y", "yes")

    def tell(self, text: str) -> None:
        """Say something."""
        say(text)


def is_interactive() -> bool:
    """Return whether there is a person at both ends."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _line(question: str, *, default: str = "", hidden: bool = False) -> str:
    from prompt_toolkit import PromptSession  # noqa: PLC0415  a fifth of a second
    from prompt_toolkit.output import create_output  # noqa: PLC0415

    session: PromptSession[str] = PromptSession(output=create_output(sys.stderr))
    return session.prompt(f"? {visible(question)} ", default=default, is_password=hidden)
