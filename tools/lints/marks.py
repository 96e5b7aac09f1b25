"""Find the lines of the library that meet each requirement, by their `spec:` marks.

`spec/unmarked.yaml` says why a requirement has none.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.documents import violations
from tools.sources.citations import Citation
from tools.sources.specification import LIBRARY, Specification

_STRING: Final = {"type": "string", "minLength": 1}
_SCHEMA: Final = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "required": ["id", "reason"],
        "additionalProperties": False,
        "properties": {"id": _STRING, "reason": _STRING},
    },
}
_FIX: Final = "mark the line that meets it, or give a reason in spec/unmarked.yaml"


def marks(spec: Specification) -> Mapping[str, list[Citation]]:
    """Find the marks in the library of each requirement that has any."""
    found: dict[str, list[Citation]] = {}
    for citation in spec.code_citations:
        if citation.path.startswith(f"{LIBRARY}/"):
            found.setdefault(citation.id, []).append(citation)
    return found


def unmarked(spec: Specification) -> Mapping[str, str]:
    """Tell why a requirement has no mark, by its id."""
    entries = map(fields, items(spec.unmarked.data))
    return {text(entry.get("id")): text(entry.get("reason")) for entry in entries}


def mark_problems(spec: Specification) -> Iterator[Problem]:
    """Find requirements that no line of the library meets, and reasons that excuse nothing."""
    yield from violations(spec.unmarked, _SCHEMA)
    marked, reasons = marks(spec), unmarked(spec)
    for id_, requirement in spec.requirements.items():
        if id_ not in marked and id_ not in reasons:
            what = f"no line of {LIBRARY} is marked with {requirement.reference}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, _FIX)
    ids = [text(fields(entry).get("id")) for entry in items(spec.unmarked.data)]
    for index, id_ in enumerate(ids):
        if stale := _stale(spec, id_, marked, twice=id_ in ids[:index]):
            yield spec.unmarked.problem((index,), stale, "remove the entry")


def _stale(
    spec: Specification, id_: str, marked: Mapping[str, list[Citation]], *, twice: bool
) -> str | None:
    """Return why a reason excuses nothing."""
    if id_ not in spec.requirements:
        return f"{id_} is no requirement"
    if id_ in marked:
        first = marked[id_][0]
        return f"{id_} has a reason for no mark, yet {first.path}:{first.line} has one"
    return f"{id_} is listed twice" if twice else None
