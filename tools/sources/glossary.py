"""Find what a word means: the definitions of the terms and of the glossary, as abbreviations."""

import re
from collections.abc import Iterator
from typing import Final

from tools.sources.specification import Specification

PATH: Final = "spec/_includes/abbreviations.md"

_PAGES: Final = ("spec/terms.md", "docs/glossary.md")
_TERM: Final = re.compile(r"^(\*\*.+\*\*)\n:   (.+)$", re.MULTILINE)
_NAME: Final = re.compile(r"\*\*(.+?)\*\*")
_MARKS: Final = re.compile(r"\[([^\]]+)\](?:\([^)]*\))?|[*`]")
_EVERYWHERE: Final = frozenset(
    {"provider", "pool", "entry", "secret", "event", "state", "action", "rule", "reply", "call"}
    | {"available", "out", "cooldown", "login", "owner", "scenario", "check", "outcome", "request"}
    | {"code", "message", "model", "operator", "return", "status", "rotate", "session", "scope"}
    | {"hint", "refresh", "decide", "disabled", "window", "tried", "untried", "serves", "origin"}
    | {"twins", "driver", "verdict", "connector"}
    | {"attempt", "success", "failure", "now", "draw", "store", "registry", "source", "dead"}
)
"""The words that stand in every second sentence; marked, they would only be noise."""


def abbreviations(spec: Specification) -> str:
    """Write each term with its first sentence, as Markdown's abbreviations."""
    return "".join(f"*[{name}]: {says}\n" for name, says in sorted(_terms(spec)))


def _terms(spec: Specification) -> Iterator[tuple[str, str]]:
    for page in _PAGES:
        path = spec.root / page
        for names, says in _TERM.findall(path.read_text("utf-8") if path.exists() else ""):
            plain = _MARKS.sub(r"\1", says).partition(". ")[0].rstrip(".") + "."
            for name in _NAME.findall(names):
                if name not in _EVERYWHERE:
                    yield name, plain
