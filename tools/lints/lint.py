"""Judge the specification: every lint of the specification, each of them fatal.

A lint takes the specification and yields problems; `LINTS` lists them all.
The grammar of a requirement block is judged where it is read, in `requirements`.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.documents import Document, violations
from tools.crossings.pairs import pair_problems
from tools.lints.data import comment_problems, completion_problems, duplicate_problems
from tools.lints.marks import mark_problems
from tools.lints.patterns import pattern_problems
from tools.lints.plain_words import word_problems
from tools.lints.prose import prose_problems
from tools.lints.rules import order_problems, shadow_problems, text_problems, unfinished_problems
from tools.sources.choices import choice_problems
from tools.sources.citations import Citation
from tools.sources.regions import region_problems
from tools.sources.requirements import CORE, Requirement
from tools.sources.specification import SCENARIO_SCHEMA, Specification, load_schema
from tools.tables.billing import billing_problems
from tools.tables.cells import cell_problems
from tools.tables.features import feature_problems
from tools.tables.policy import policy_problems
from tools.tables.procedure import procedure_problems
from tools.tables.references import reference_problems
from tools.tables.reports import report_problems
from tools.tables.site_data import address_problems
from tools.tables.states import state_problems

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


def lint(spec: Specification, *, draft: bool = False, unproven: bool = False) -> list[Problem]:
    """Find everything wrong with the specification, by file and line; a draft may lack scenarios.

    `unproven` leaves out whether mutants were killed: what they need may be about to be written.
    """
    left_out = (
        {_coverage, _proof, choice_problems, mark_problems}
        if draft
        else {_proof}
        if unproven
        else set()
    )
    found = set(spec.problems)
    for check in LINTS:
        if check not in left_out:
            found.update(check(spec))
    return sorted(found)


def _grammar(spec: Specification) -> Iterator[Problem]:
    for chapter in spec.chapters:
        yield from chapter.problems
        yield from region_problems(chapter)
    if not spec.name:
        fix = "write `*Name of the specification*, version X.Y, …` as its first sentence"
        yield Problem("spec/introduction.md", 1, "does not name the specification's version", fix)


def _duplicate_ids(spec: Specification) -> Iterator[Problem]:
    for requirement in (found for chapter in spec.chapters for found in chapter.requirements):
        first = spec.requirements[requirement.id]
        if requirement is not first:
            what = f"{requirement.id} is already at spec/{first.chapter}:{first.line}"
            yield _at(requirement, what, "choose another id")


def _retired_ids(spec: Specification) -> Iterator[Problem]:
    for entry in items(spec.retired.data):
        requirement = spec.requirements.get(text(fields(entry).get("id")))
        if requirement:
            what = f"{requirement.id} is retired ({text(fields(entry).get('reason'))})"
            yield _at(requirement, what, "choose an id that was never used")


def _silent_changes(spec: Specification) -> Iterator[Problem]:
    for entry in map(fields, items(fields(spec.committed).get("requirements"))):
        requirement = spec.requirements.get(text(entry.get("id")))
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


def _citations(spec: Specification) -> Iterator[Problem]:
    cited = (citation for scenario in spec.scenarios for citation in scenario.verifies)
    for citation in (*cited, *spec.code_citations):
        yield from _citation(spec.requirements, citation)


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


def _scenario_features(spec: Specification) -> Iterator[Problem]:
    for scenario in spec.scenarios:
        for citation in scenario.verifies:
            requirement = spec.requirements.get(citation.id)
            for feature in requirement.features if requirement else ():
                if feature not in (CORE, *scenario.features):
                    what = f"{scenario.id} verifies {citation.id} of feature {feature}"
                    fix = f"add {feature} to its features"
                    yield Problem(citation.path, citation.line, what, fix)


def _coverage(spec: Specification) -> Iterator[Problem]:
    for id_, requirement in spec.requirements.items():
        if requirement.keyword != "MAY" and not spec.checks[id_] and id_ not in spec.excluded:
            fix = "cite it in a scenario's verifies, or give a reason in spec/exclusions.yaml"
            yield _at(requirement, f"no scenario verifies {requirement.reference}", fix)


def _proof(spec: Specification) -> Iterator[Problem]:
    for id_, requirement in spec.requirements.items():
        due = requirement.keyword.startswith("MUST") and spec.checks[id_]
        if due and requirement.reference not in spec.proven and id_ not in spec.excluded:
            fix = "write a mutant that violates it in conformance/mutants/, then nox -s generate"
            yield _at(requirement, f"no check of {requirement.reference} has killed a mutant", fix)


def _exclusions(spec: Specification) -> Iterator[Problem]:
    for index, entry in enumerate(map(fields, items(spec.exclusions.data))):
        id_ = text(entry.get("id"))
        if id_ not in spec.requirements:
            yield spec.exclusions.problem((index,), f"{id_} is no requirement", "remove the entry")
        elif spec.checks[id_]:
            what = f"{id_} is excluded, yet {spec.checks[id_][0].id} verifies it"
            yield spec.exclusions.problem((index,), what, "remove the entry")


def _schemas(spec: Specification) -> Iterator[Problem]:
    yield from violations(spec.retired, _RETIRED_SCHEMA)
    yield from violations(spec.exclusions, _EXCLUSIONS_SCHEMA)
    for name, document in spec.tables.items():
        yield from _schema(spec, document, f"spec/schemas/{name}.schema.json")
    for document in spec.registry.values():
        yield from _schema(spec, document, "spec/schemas/registry.schema.json")
    if (spec.root / SCENARIO_SCHEMA).exists():
        for document in spec.scenario_files:
            yield from _schema(spec, document, SCENARIO_SCHEMA)


def _schema(spec: Specification, document: Document, path: str) -> Iterator[Problem]:
    schema = load_schema(spec.root / path)
    if schema is None:
        yield document.problem((), "has no schema", f"write {path}")
    else:
        yield from violations(document, schema)


def _decision_table(spec: Specification) -> Iterator[Problem]:
    document = spec.tables.get("recovery")
    for index, row in enumerate(items(fields(document.data).get("rows")) if document else []):
        id_ = text(fields(row).get("requirement"))
        if document and id_ not in spec.requirements:
            where = ("rows", index, "requirement")
            yield document.problem(where, f"{id_!r} is no requirement", "write the id of one")


def _evidence(spec: Specification) -> Iterator[Problem]:
    for document in spec.registry.values():
        for index, rule in enumerate(map(fields, items(fields(document.data).get("rules")))):
            if rule.get("evidence") == _UNCHECKED and not text(rule.get("note")):
                what = f"rule {text(rule.get('id'))} rests on unchecked evidence without saying so"
                yield document.problem(("rules", index), what, "add a note: what is not known")


def _at(requirement: Requirement, what: str, fix: str) -> Problem:
    return Problem(f"spec/{requirement.chapter}", requirement.line, what, fix)


LINTS: Final[tuple[Callable[[Specification], Iterator[Problem]], ...]] = (
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
    pair_problems,
    pattern_problems,
    comment_problems,
    duplicate_problems,
    completion_problems,
    shadow_problems,
    order_problems,
    text_problems,
    unfinished_problems,
    address_problems,
    reference_problems,
    prose_problems,
    word_problems,
)
