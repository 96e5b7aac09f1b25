"""Check how the chapters speak: plain words, and ids that somebody requires."""

import re
from collections.abc import Iterator
from typing import Final

from credpool_conformance.book.problems import Problem
from credpool_conformance.book.requirements import Chapter
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import fields, items, text

EVENTS: Final = "events"

PLAIN: Final = {
    "anew": "again",
    "behind all that there are": "last",
    "by halves": "partly",
    "hitherto": "until now",
    "mend": "correct",
    "mended": "corrected",
    "mends": "corrects",
    "reckon": "count",
    "reckoned": "counted",
    "thereof": "of it",
}
"""Words that a reader has to translate first, and the plain ones."""

_WORD: Final = re.compile(rf"\b({'|'.join(sorted(PLAIN, key=len, reverse=True))})\b", re.IGNORECASE)
_CODE: Final = re.compile(r"`([^`]+)`")
_ID: Final = re.compile(r"([a-z][a-z-]*)(\.[a-z][a-z-]*)+")


def prose_problems(book: Book) -> Iterator[Problem]:
    """Find words that are not plain, and ids that nobody requires."""
    families = {requirement.split(".")[0] for requirement in book.requirements}
    told = _events(book) | {"config.yaml"}
    for chapter in book.chapters:
        for number, line in prose_lines(chapter):
            for found in _WORD.finditer(_CODE.sub("", line)):
                what = f"{found[1]!r} is not a plain word"
                yield Problem(chapter.path, number, what, f"write {PLAIN[found[1].lower()]!r}")
            for name in _CODE.findall(line):
                known = name in book.requirements or name in told
                if _ID.fullmatch(name) and name.split(".")[0] in families and not known:
                    what = f"speaks of {name}, which nobody requires"
                    yield Problem(chapter.path, number, what, "write the id of a requirement")


def _events(book: Book) -> set[str]:
    document = book.tables.get(EVENTS)
    rows = items(fields(document.data).get("rows")) if document else []
    return {text(fields(row).get("event")) for row in rows}


def prose_lines(chapter: Chapter) -> Iterator[tuple[int, str]]:
    """Yield the lines that people have written: no code, and nothing that is generated."""
    is_code = is_generated = False
    for number, line in enumerate(chapter.source.splitlines(), start=1):
        if line.startswith("```"):
            is_code = not is_code
        elif line.startswith("<!-- generated:"):
            is_generated = True
        elif line.startswith("<!-- /generated"):
            is_generated = False
        elif not is_code and not is_generated:
            yield number, line
