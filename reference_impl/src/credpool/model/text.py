"""Words for people: a time, and a text that does nothing to a terminal.

A label or a message comes from a file or from a stranger: an escape sequence in it could rewrite the
screen, and a sign that turns the direction of writing could make one name look like another.
"""

import unicodedata
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `1 h 5 min`."""
    left = max(round(seconds), 0)
    words: list[str] = []
    for size, unit in _UNITS:
        if left >= size and len(words) < 2:
            words.append(f"{left // size} {unit}")
            left %= size
    return " ".join(words) or "0 s"


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
