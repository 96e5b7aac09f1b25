"""Judge the book: every lint of the specification, each of them fatal.

A lint takes the book and yields problems; `LINTS` lists them all.
The grammar of a requirement block is judged where it is read, in `requirements`.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from credpool_conformance.book.billing import billing_problems
from credpool_conformance.book.cells import cell_problems
from credpool_conformance.book.choices import choice_problems
from credpool_conformance.book.citations import Citation
from credpool_conformance.book.data_lints import (
    comment_problems,
    completion_problems,
    duplicate_problems,
)
from credpool_conformance.book.features import feature_problems
from credpool_conformance.book.marks import mark_problems
from credpool_conformance.book.patterns import pattern_problems
from credpool_conformance.book.policy import policy_problems
from credpool_conformance.book.problems import Problem
from credpool_conformance.book.procedure import procedure_problems
from credpool_conformance.book.prose import prose_problems
from credpool_conformance.book.references import reference_problems
from credpool_conformance.book.regions import region_problems
from credpool_conformance.book.reports import report_problems
from credpool_conformance.book.requirements import CORE, Requirement
from credpool_conformance.book.site_data import address_problems
from credpool_conformance.book.sources import SCENARIO_SCHEMA, Book, load_schema
from credpool_conformance.book.states import state_problems
from credpool_conformance.book.yaml_lines import Document, fields, items, text, violations

_UNCHECKED: Final = "inferred"
_STRING: Final = {"type": "string", "minLength": 1}
_RETIRED_SCHEMA: Final = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "required": ["id", "reason"],
        "additionalProperties": False,
        "properties": {"id": _STRING, "reason": _STRING},
    },
}
_EXCLUSIONS_SCHEMA: Final = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "required": ["id", "kind", "reason"],
        "additionalProperties": False,
        "properties": {
            "id": _STRING,
            "kind": {"enum": ["unobservable", "harness-gap"]},
            "reason": _STRING,
        },
    },
}


def lint(book: Book, *, draft: bool = False, unproven: bool = False) -> list[Problem]:
    """Find everything wrong with the book, by file and line; a draft may lack scenarios.

    `unproven` leaves out whether mutants were killed: what they need may be about to be written.
    """
    left_out = (
        {_coverage, _proof, choice_problems, mark_problems}
        if draft
        else {_proof}
        if unproven
        else set()
    )
    found = set(book.problems)
    for check in LINTS:
        if check not in left_out:
            found.update(check(book))
    return sorted(found)


def _grammar(book: Book) -> Iterator[Problem]:
    for chapter in book.chapters:
        yield from chapter.problems
        yield from region_problems(chapter)
    if not book.name:
        fix = "write `*Name of the specification*, version X.Y, …` as its first sentence"
        yield Problem("spec/introduction.md", 1, "does not name the specification's version", fix)


def _duplicate_ids(book: Book) -> Iterator[Problem]:
    for requirement in (found for chapter in book.chapters for found in chapter.requirements):
        first = book.requirements[requirement.id]
        if requirement is not first:
            what = f"{requirement.id} is already at spec/{first.chapter}:{first.line}"
            yield _at(requirement, what, "choose another id")


def _retired_ids(book: Book) -> Iterator[Problem]:
    for entry in items(book.retired.data):
        requirement = book.requirements.get(text(fields(entry).get("id")))
        if requirement:
            what = f"{requirement.id} is retired ({text(fields(entry).get('reason'))})"
            yield _at(requirement, what, "choose an id that was never used")


def _silent_changes(book: Book) -> Iterator[Problem]:
    for entry in map(fields, items(fields(book.committed).get("requirements"))):
        requirement = book.requirements.get(text(entry.get("id")))
        revision = entry.get("revision")
        if not requirement or not isinstance(revision, int):
            continue
        changed = requirement.sha256 != entry.get("sha256")
        if requirement.revision < revision:
            what = f"{requirement.id} goes back to +{requirement.revision} from +{revision}"
            yield _at(requirement, what, f"write +{revision + changed}")
        elif requirement.revision == revision and changed:
            what = f"the sentence of {requirement.reference} has changed"
            yield _at(
                requirement, what, f"write +{revision + 1} and review every check that cites it"
            )


def _citations(book: Book) -> Iterator[Problem]:
    cited = (citation for scenario in book.scenarios for citation in scenario.verifies)
    for citation in (*cited, *book.code_citations):
        yield from _citation(book.requirements, citation)


def _citation(known: Mapping[str, Requirement], citation: Citation) -> Iterator[Problem]:
    requirement = known.get(citation.id)
    written = f"{citation.id}+{citation.revision}"
    if not requirement:
        near = difflib.get_close_matches(citation.id, known, n=1)
        fix = f"write {known[near[0]].reference}" if near else "write the id of a requirement"
        yield Problem(citation.path, citation.line, f"cites {written}, which nobody requires", fix)
    elif requirement.revision != citation.revision:
        what = f"cites {written}, but spec/{requirement.chapter}:{requirement.line} is at +"
        fix = f"compare it with the sentence, then write {requirement.reference}"
        yield Problem(citation.path, citation.line, f"{what}{requirement.revision}", fix)


def _scenario_features(book: Book) -> Iterator[Problem]:
    for scenario in book.scenarios:
        for citation in scenario.verifies:
            requirement = book.requirements.get(citation.id)
            for feature in requirement.features if requirement else ():
                if feature not in (CORE, *scenario.features):
                    what = f"{scenario.id} verifies {citation.id} of feature {feature}"
                    fix = f"add {feature} to its features"
                    yield Problem(citation.path, citation.line, what, fix)


def _coverage(book: Book) -> Iterator[Problem]:
    for id_, requirement in book.requirements.items():
        if requirement.keyword != "MAY" and not book.checks[id_] and id_ not in book.excluded:
            fix = "cite it in a scenario's verifies, or give a reason in spec/exclusions.yaml"
            yield _at(requirement, f"no scenario verifies {requirement.reference}", fix)


def _proof(book: Book) -> Iterator[Problem]:
    for id_, requirement in book.requirements.items():
        due = requirement.keyword.startswith("MUST") and book.checks[id_]
        if due and requirement.reference not in book.proven and id_ not in book.excluded:
            fix = "write a mutant that violates it in conformance/mutants/, then nox -s generate"
            yield _at(requirement, f"no check of {requirement.reference} has killed a mutant", fix)


def _exclusions(book: Book) -> Iterator[Problem]:
    for index, entry in enumerate(map(fields, items(book.exclusions.data))):
        id_ = text(entry.get("id"))
        if id_ not in book.requirements:
            yield book.exclusions.problem((index,), f"{id_} is no requirement", "remove the entry")
        elif book.checks[id_]:
            what = f"{id_} is excluded, yet {book.checks[id_][0].id} verifies it"
            yield book.exclusions.problem((index,), what, "remove the entry")


def _schemas(book: Book) -> Iterator[Problem]:
    yield from violations(book.retired, _RETIRED_SCHEMA)
    yield from violations(book.exclusions, _EXCLUSIONS_SCHEMA)
    for name, document in book.tables.items():
        yield from _schema(book, document, f"spec/schemas/{name}.schema.json")
    for document in book.registry.values():
        yield from _schema(book, document, "spec/schemas/registry.schema.json")
    if (book.root / SCENARIO_SCHEMA).exists():
        for document in book.scenario_files:
            yield from _schema(book, document, SCENARIO_SCHEMA)


def _schema(book: Book, document: Document, path: str) -> Iterator[Problem]:
    schema = load_schema(book.root / path)
    if schema is None:
        yield document.problem((), "has no schema", f"write {path}")
    else:
        yield from violations(document, schema)


def _decision_table(book: Book) -> Iterator[Problem]:
    document = book.tables.get("recovery")
    for index, row in enumerate(items(fields(document.data).get("rows")) if document else []):
        id_ = text(fields(row).get("requirement"))
        if document and id_ not in book.requirements:
            where = ("rows", index, "requirement")
            yield document.problem(where, f"{id_!r} is no requirement", "write the id of one")


def _evidence(book: Book) -> Iterator[Problem]:
    for document in book.registry.values():
        for index, rule in enumerate(map(fields, items(fields(document.data).get("rules")))):
            if rule.get("evidence") == _UNCHECKED and not text(rule.get("note")):
                what = f"rule {text(rule.get('id'))} rests on unchecked evidence without saying so"
                yield document.problem(("rules", index), what, "add a note: what is not known")


def _at(requirement: Requirement, what: str, fix: str) -> Problem:
    return Problem(f"spec/{requirement.chapter}", requirement.line, what, fix)


LINTS: Final[tuple[Callable[[Book], Iterator[Problem]], ...]] = (
    _grammar,
    _duplicate_ids,
    _retired_ids,
    _silent_changes,
    _citations,
    _scenario_features,
    _coverage,
    _proof,
    _exclusions,
    mark_problems,
    choice_problems,
    _schemas,
    _decision_table,
    cell_problems,
    state_problems,
    procedure_problems,
    policy_problems,
    _evidence,
    billing_problems,
    report_problems,
    feature_problems,
    pattern_problems,
    comment_problems,
    duplicate_problems,
    completion_problems,
    address_problems,
    reference_problems,
    prose_problems,
)
