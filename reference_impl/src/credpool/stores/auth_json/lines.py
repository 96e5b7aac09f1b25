"""The rows of a pool where they stand in a document's text, found without parsing them (spec: store).

`encode` writes a row a line. When somebody has changed one of 10,000, one is parsed.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from credpool.model.entry import Entry
from credpool.model.secret import Veiled

MARK: Final = "the rows of the pool"
"""The placeholder for them in `Cut.rest`; a document that has it already is not cut."""

_BETWEEN: Final = ",\n"
_END: Final = "\n]"


class Known:
    """Entries by the text of their rows. It shows nothing of either."""

    __slots__ = ("_entries",)

    def __init__(self, texts: Iterable[str | None] = (), entries: Iterable[Entry] = ()) -> None:
        """Know each entry by its text; what has none is not known."""
        self._entries: dict[str | None, Entry] = dict(zip(texts, entries, strict=True))
        self._entries.pop(None, None)

    def find(self, texts: Iterable[str | None]) -> list[Entry | None]:
        """Return the entry of each row, None for a row that is new."""
        return list(map(self._entries.get, texts))


@dataclass(frozen=True, slots=True)
class Cut:
    """A document without the rows of one pool, and these."""

    rest: Veiled
    rows: Sequence[str] = field(repr=False)


def cut(text: str, key: str) -> Cut | None:
    """Return the text in two; None when it is not laid out as `encode` does it.

    No JSON string has a line end in it. So if the rest parses with the mark as the only row of the
    pool, and each row parses by itself, then these are the rows of the pool.
    """
    head = f"\n{json.dumps(key)}: [\n"
    begin = text.find(head) + len(head)
    end = text.find(_END, begin)
    if begin < len(head) or end < 0 or MARK in text:
        return None
    rest = f"{text[:begin]}{json.dumps(MARK)}{text[end:]}"
    return Cut(Veiled(rest), text[begin:end].split(_BETWEEN))
