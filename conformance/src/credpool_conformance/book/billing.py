"""Render the billing notes: the chapter's table, and the short note that pages include.

Spec: billing, which is informative.  Both come from `spec/tables/billing.yaml`; nothing is said twice.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.book.evidence import EVIDENCE
from credpool_conformance.book.markdown import table
from credpool_conformance.book.problems import Problem
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import Document, Json, fields, items, text

NOTE_PATH: Final = "spec/_includes/billing.md"

_CREDENTIALS: Final = {"api_key": "API key", "oauth": "login", "any": "either"}
_GENERIC: Final = "generic"
_ANY: Final = "any"
_EMPTY: Final = Document(path="", data=None, lines={})


def billing_table(book: Book) -> str:
    """Render every statement, in the order of the file."""
    header = ("provider", "with", "as of", "what is billed", "source", "confidence")
    return table(header, [_row(book, row) for row in _rows(book)])


def billing_note(book: Book) -> str:
    """Render the statements that pages include, as one box."""
    lines = ['!!! warning "What is billed"', ""]
    for row in _rows(book):
        if row.get("brief"):
            lead = f"**{_title(book, row)}**, {_credential(row)}, {text(row.get('date'))}"
            lines.append(f"    - {lead}: {' '.join(text(row.get('says')).split())}")
    return "\n".join(lines) + "\n"


def billing_problems(book: Book) -> Iterator[Problem]:
    """Find statements about unknown providers, and credentials that no statement covers."""
    document = book.tables.get("billing")
    if document is None:
        return
    told = set()
    for index, row in enumerate(_rows(book)):
        provider = text(row.get("provider"))
        told.add((provider, text(row.get("credential"))))
        if provider not in book.registry:
            fix = "write the name of a file in spec/registry"
            yield document.problem(("rows", index, "provider"), f"{provider} is unknown", fix)
    for name, credential in _credentials(book):
        if not told & {(name, credential), (name, _ANY)}:
            what = f"nothing is said of {name} with {credential}"
            yield document.problem(("rows",), what, "say who pays, with a date and a source")


def _credentials(book: Book) -> Iterator[tuple[str, str]]:
    for name, document in book.registry.items():
        if name != _GENERIC:
            for credential in items(fields(document.data).get("credentials")):
                yield name, text(fields(credential).get("auth_type"))


def _rows(book: Book) -> list[dict[str, Json]]:
    data = fields(book.tables.get("billing", _EMPTY).data)
    return [fields(row) for row in items(data.get("rows"))]


def _row(book: Book, row: Mapping[str, Json]) -> tuple[str, ...]:
    name = text(row.get("provider"))
    evidence = EVIDENCE.get(text(row.get("evidence")), "")
    source = f"{text(row.get('source'))} ({evidence})"
    return (
        f"[{_title(book, row)}](registry/{name}.yaml)",
        _credential(row),
        text(row.get("date")),
        text(row.get("says")),
        f"{source}. {text(row.get('note'))}".removesuffix(". "),
        text(row.get("confidence")),
    )


def _title(book: Book, row: Mapping[str, Json]) -> str:
    name = text(row.get("provider"))
    return text(fields(book.registry.get(name, _EMPTY).data).get("title")) or name


def _credential(row: Mapping[str, Json]) -> str:
    return _CREDENTIALS.get(text(row.get("credential")), "")
