"""The words of the command: one of a few, however it is written."""

from types import MappingProxyType
from typing import Final

import click

from credpool.model.text import did_you_mean, meant

ALIASES: Final = MappingProxyType({"ls": "list", "rm": "remove"})
"""Other names of verbs, which do the same."""

SYNONYMS: Final = MappingProxyType(
    {
        "add": ("new", "create", "set"),
        "disable": ("pause", "off"),
        "doctor": ("diagnose", "check"),
        "enable": ("resume", "unpause", "on"),
        "explain": ("why",),
        "list": ("show", "get", "keys", "entries"),
        "login": ("auth", "signin"),
        "priority": ("order",),
        "providers": ("services", "vendors"),
        "remove": ("delete", "del", "logout"),
        "rename": ("label",),
        "replace": ("edit", "update", "rotate"),
        "reset": ("clear", "unblock"),
        "test": ("check", "ping", "verify", "try"),
    }
)
"""Words that people try for a verb: it is named, and not run."""


class Word(click.Choice[str]):
    """One of some words, in any case, with `_` or `-` between its parts."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word that was meant."""
        return super().convert(meant(value, self.choices) or value, param, ctx)

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Name the words, and the one that may be meant."""
        del ctx
        guess = did_you_mean(str(value), self.choices)
        return f"{value!r} is not one of {', '.join(self.choices)}{guess}"
