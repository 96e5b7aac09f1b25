"""Words for people: a time, a text that does nothing to a terminal, and the name that was meant.

A label or a message comes from a file or from a stranger: an escape sequence in it could rewrite the
screen, and a sign that turns the direction of writing could make one name look like another.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from difflib import SequenceMatcher

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


_JOINS: Final = re.compile(r"[\s\-_.]+")
_LONGEST: Final = 100
_CLOSE: Final = 0.65
_TIE: Final = 0.08
_BEGUN: Final = 2
_AS_BEGUN: Final = 0.8
_MOST: Final = 3


def folded(name: str) -> str:
    """Return a name as it is compared: in any case, its words joined in any way."""
    return _JOINS.sub("", name.casefold())


def meant(typed: str, known: Iterable[str]) -> str | None:
    """Return the known name that was typed, exactly or folded; None if there is not exactly one."""
    names = tuple(known)
    if typed in names:
        return typed
    found = [name for name in names if folded(name) == folded(typed)]
    return found[0] if len(found) == 1 and folded(typed) else None


def nearest(typed: str, known: Iterable[str] | Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the known names that are much like the typed one, the most alike first.

    Args:
        typed: what was typed.
        known: the names, or for each name other words by which people know it.
    """
    text = folded(typed)
    if not text or len(text) > _LONGEST:
        return ()
    from difflib import SequenceMatcher  # noqa: PLC0415  needed after a mistake alone

    words = _words(known)
    ratios = {w: _ratio(SequenceMatcher(None, w, text), w, text) for w in words}
    best = max(ratios.values(), default=0.0)
    alike = [w for w in words if ratios[w] >= max(_CLOSE, best - _TIE)]
    alike.sort(key=lambda word: -ratios[word])
    return tuple(dict.fromkeys(name for word in alike for name in words[word]))[:_MOST]


def did_you_mean(typed: str, known: Iterable[str] | Mapping[str, Iterable[str]]) -> str:
    """Return a question that names what is much like the typed name, or nothing."""
    found = nearest(typed, known)
    return f" (did you mean {' or '.join(map(repr, found))}?)" if found else ""


def _words(known: Iterable[str] | Mapping[str, Iterable[str]]) -> Mapping[str, Sequence[str]]:
    """Return for each word whose it is; a name is nobody else's word."""
    names = {folded(name): [name] for name in known}
    words: dict[str, list[str]] = {}
    for name, others in known.items() if isinstance(known, Mapping) else ():
        for word in map(folded, others):
            words.setdefault(word, []).append(name)
    return words | names


def _ratio(matcher: "SequenceMatcher[str]", word: str, text: str) -> float:
    """Return how alike they are; a beginning of some letters is as good as a slip."""
    begun = len(text) >= _BEGUN and word.startswith(text)
    return max(matcher.ratio(), _AS_BEGUN if begun else 0.0)
