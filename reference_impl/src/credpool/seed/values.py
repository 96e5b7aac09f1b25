"""The content of one value: a secret, a secret in quotes, or a list of secrets (spec: seeding)."""

import re
from collections.abc import Iterator
from typing import Final

from credpool.config.files import Complaint
from credpool.model.credential import bare, is_placeholder
from credpool.model.secret import Secret, Veiled

_SEPARATOR: Final = re.compile(r"[,\r\n]")
_QUOTES: Final = "\"'`"


def secrets_in(value: str) -> tuple[Veiled, ...]:
    """Return the texts of the secrets that a value holds: one, or those of its list."""
    whole = _unquoted(value)
    if is_placeholder(whole):
        return (whole,)
    parts = tuple(filter(bare, map(_unquoted, _SEPARATOR.split(whole))))  # spec: seed.list+1
    return parts or (whole,)


def tell(source: str, value: str) -> Iterator[tuple[str, Secret] | Complaint]:
    """Tell each secret of a value with its source, what is wrong with it, and an unusual form."""
    texts = secrets_in(value)
    for number, text in enumerate(texts, start=1):
        where = numbered(source, number)
        yield usable(where, text) or (where, Secret(text))
    if len(texts) > 1:
        what = f"holds a list; each of its {len(texts)} keys is an entry"
        yield Complaint(where=source, what=what, fix="give each key a variable of its own")
    if _unquoted(value) != bare(value):
        what, fix = "has quotes around it, which are left out", "set it without the quotes"
        yield Complaint(where=source, what=what, fix=fix)


def numbered(source: str, number: int) -> str:
    """Return the source of a secret in a list, the first of which has the list's own."""
    return source if number == 1 else f"{source}#{number}"


def usable(where: str, value: str) -> Complaint | None:
    """Return why a value is not a secret at all; one that cannot be sent becomes an unusable entry."""
    if not bare(value):
        return Complaint(where=where, what="is empty", fix="set it to a key, or remove it")
    if is_placeholder(value):
        return Complaint(where=where, what="holds a placeholder", fix="put the key in its place")
    return None


def _unquoted(value: str) -> Veiled:
    """Return the value without the blanks around it, and without one pair of quotes."""
    text = Veiled(bare(value))  # spec: seed.quotes+1
    if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        return Veiled(bare(text[1:-1]))
    return text
