"""Render the billing notes: the chapter's table, and the short note that pages include.

Spec: billing, which is informative.  Both come from `spec/tables/billing.yaml`; nothing is said twice.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from credpool_conformance.specification.documents import Document
from tools.sources.evidence import EVIDENCE
from tools.sources.specification import Specification

NOTE_PATH: Final = "spec/_includes/billing.md"

CREDENTIALS: Final = {"api_key": "API key", "oauth": "login", "any": "either"}
_GENERIC: Final = "generic"
_ANY: Final = "any"
_EMPTY: Final = Document(path="", data=None, lines={})


def billing_table(spec: Specification) -> str:
    """Render every statement, in the order of the file."""
    header = ("provider", "with", "as of", "what is billed", "source", "confidence")
    return table(header, [_row(spec, row) for row in _rows(spec)])


def billing_note(spec: Specification) -> str:
    """Render the statements that pages include, as one box."""
    lines = ['!!! warning "What is billed"', ""]
    for row in _rows(spec):
        if row.get("brief"):
            lead = f"**{_title(spec, row)}**, {_credential(row)}"
            lines.append(f"    - {lead}. {statement(row)}")
    return "\n".join(lines) + "\n"


def statement(row: Mapping[str, Json]) -> str:
    """Render one statement as every page and every command shows it, with its date."""
    says, date = " ".join(text(row.get("says")).split()), text(row.get("date"))
    return f"As of {date}, assume {says}" if row.get("stands") == "assume" else f"{date}: {says}"


def provider_billing(spec: Specification, name: str) -> Iterator[str]:
    """Render who pays a provider: the answer first where there is a dispute, then what is said."""
    rows = [row for row in _rows(spec) if row.get("provider") == name]
    if not rows:
        return
    answers = [row for row in rows if row.get("stands") == "assume"]
    asked = " ".join(text(row.get("asks")) for row in answers)
    yield f"## Who pays{': ' if asked else ''}{asked[:1].lower()}{asked[1:]}"
    for row in answers:
        yield f'!!! warning "In short"\n\n    {statement(row)}\n    {text(row.get("note"))}'.rstrip()
        yield "What has been said of it, in the order of the notes:"
    said = [row for row in rows if row not in answers]
    yield "\n".join(f"- **{_credential(row)}**, {_sourced(row)}" for row in said)
    yield "[Billing notes](../../spec/billing.md) has the other providers."


def disputed(spec: Specification) -> Mapping[tuple[str, str], list[str]]:
    """Return the credentials whose billing is disputed, with how their statements stand, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in _rows(spec):
        if row.get("brief"):
            key = (text(row.get("provider")), text(row.get("credential")))
            found.setdefault(key, []).append(text(row.get("stands")))
    return {key: stands for key, stands in found.items() if any(stands)}


def billing_problems(spec: Specification) -> Iterator[Problem]:
    """Find statements about unknown providers, and credentials that no statement covers."""
    document = spec.tables.get("billing")
    if document is None:
        return
    told = set()
    for index, row in enumerate(_rows(spec)):
        provider = text(row.get("provider"))
        told.add((provider, text(row.get("credential"))))
        if provider not in spec.registry:
            fix = "write the name of a file in spec/registry"
            yield document.problem(("rows", index, "provider"), f"{provider} is unknown", fix)
    yield from _disputes(spec, document)
    for name, credential in _credentials(spec):
        if not told & {(name, credential), (name, _ANY)}:
            what = f"nothing is said of {name} with {credential}"
            yield document.problem(("rows",), what, "say who pays, with a date and a source")


def _disputes(spec: Specification, document: Document) -> Iterator[Problem]:
    """Find a dispute that is told out of order, or that the registry decides."""
    for (name, credential), stands in disputed(spec).items():
        first, *between, last = [*stands, ""] if len(stands) == 1 else stands
        if (first, last) != ("origin", "assume") or any(between):
            what = f"the notes on {name} with {credential} do not begin and end as a dispute does"
            fix = "put the one with `stands: origin` first and the one with `stands: assume` last"
            yield document.problem(("rows",), what, fix)
        registry = spec.registry.get(name, _EMPTY)
        for index, way in enumerate(items(fields(registry.data).get("credentials"))):
            known = fields(way)
            if known.get("auth_type") == credential and known.get("payer") != "unknown":
                what = f"{name}'s {credential} is disputed, and has the payer {known.get('payer')}"
                yield registry.problem(("credentials", index, "payer"), what, "write unknown")


def _credentials(spec: Specification) -> Iterator[tuple[str, str]]:
    for name, document in spec.registry.items():
        if name != _GENERIC:
            for credential in items(fields(document.data).get("credentials")):
                yield name, text(fields(credential).get("auth_type"))


def _rows(spec: Specification) -> list[dict[str, Json]]:
    data = fields(spec.tables.get("billing", _EMPTY).data)
    return [fields(row) for row in items(data.get("rows"))]


def _sourced(row: Mapping[str, Json]) -> str:
    """Render a statement with its date and its source."""
    known = EVIDENCE.get(text(row.get("evidence")), "")
    says = " ".join(text(row.get("says")).split())
    return f"as of {text(row.get('date'))}: {says} *Source:* {text(row.get('source'))} ({known})."


def _row(spec: Specification, row: Mapping[str, Json]) -> tuple[str, ...]:
    name = text(row.get("provider"))
    evidence = EVIDENCE.get(text(row.get("evidence")), "")
    source = f"{text(row.get('source'))} ({evidence})"
    return (
        f"[{_title(spec, row)}](registry/{name}.yaml)",
        _credential(row),
        text(row.get("date")),
        _says(row),
        f"{source}. {text(row.get('note'))}".removesuffix(". "),
        text(row.get("confidence")),
    )


def _says(row: Mapping[str, Json]) -> str:
    return statement(row) if row.get("stands") == "assume" else text(row.get("says"))


def _title(spec: Specification, row: Mapping[str, Json]) -> str:
    name = text(row.get("provider"))
    return text(fields(spec.registry.get(name, _EMPTY).data).get("title")) or name


def _credential(row: Mapping[str, Json]) -> str:
    return CREDENTIALS.get(text(row.get("credential")), "")
