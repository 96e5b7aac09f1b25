"""How the command asks a person. The wizard is tested with a prompter that answers by itself."""

import sys
from collections.abc import Sequence
from typing import Protocol, TypeVar

import questionary

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
    """Ask at the terminal."""

    def choose(self, question: str, choices: Sequence[Choice[T]]) -> T:
        """Return what belongs to the choice that was made."""
        options = [questionary.Choice(text, value=n) for n, (text, _) in enumerate(choices)]
        chosen: int = questionary.select(question, choices=options).unsafe_ask()
        return choices[chosen][1]

    def ask(self, question: str, default: str = "") -> str:
        """Return a line of text."""
        return str(questionary.text(question, default=default).unsafe_ask())

    def ask_secret(self, question: str) -> str:
        """Return a line that is not shown."""
        return str(questionary.password(question).unsafe_ask())

    def confirm(self, question: str) -> bool:
        """Return whether the answer is yes."""
        return bool(questionary.confirm(question, default=False).unsafe_ask())

    def tell(self, text: str) -> None:
        """Say something."""
        sys.stderr.write(f"{text}\n")


def is_interactive() -> bool:
    """Return whether there is a person at both ends."""
    return sys.stdin.isatty() and sys.stderr.isatty()
