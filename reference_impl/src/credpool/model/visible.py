"""Make visible what would act on a terminal instead of being read.

A label or a message comes from a file or from a stranger: an escape sequence in it could rewrite the
screen, and a sign that turns the direction of writing could make one name look like another.
"""

import unicodedata
from typing import Final

_ACTING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format and separator characters, and what no font has (Unicode general categories)."""

_JOINERS: Final = "\u200c\u200d"
"""Format characters that words and emoji of many languages need."""


def visible(text: str, *, keep: str = "") -> str:
    """Return the text with every character that acts written as its escape, but those to keep.

    What has been made visible already stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or not _acts(c) else _escape(c) for c in text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _ACTING and character not in _JOINERS


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
