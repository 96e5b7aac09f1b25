"""Render the table of features, and find what does not fit it.

Spec: conformance.  Names, meanings and needs are in `spec/tables/features.yaml`; the counts are the book's.
Whoever declares one feature with what it needs must be able to conform: `feature_problems` sees to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from credpool_conformance.book.feature_uses import used_features
from credpool_conformance.book.markdown import table
from credpool_conformance.book.problems import Problem
from credpool_conformance.book.requirements import CORE
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.registry import needs_of

_FIX: Final = "write one of those in spec/tables/features.yaml"
_CORE_MEANS: Final = "what every pool does"


def features_table(book: Book) -> str:
    """Render each feature with its meaning, its needs, its requirements and its checks."""
    header = ("feature", "means", "needs", "requirements", "checks")
    rows = [(CORE, _CORE_MEANS, "", *_counts(book, CORE))]
    for row in _rows(book):
        name, needs = text(row.get("name")), map(text, items(row.get("needs")))
        shown = ", ".join(f"`{need}`" for need in needs)
        rows.append((f"`{name}`", text(row.get("means")), shown, *_counts(book, name)))
    return table(header, rows)


def feature_problems(book: Book) -> Iterator[Problem]:
    """Find what is of an unknown feature, and what stands between one feature alone and `conformant`."""
    if not _rows(book):
        return
    yield from _unknown(book)
    needs = needs_of(book.tables["features"])
    yield from _uses(book, needs)
    yield from _unreachable(book, needs)


def with_needs(features: Iterable[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the features with all that they need, the core among them."""
    found, new = {CORE}, set(features)
    while new:
        found |= new
        new = {need for name in new for need in needs.get(name, ())} - found
    return frozenset(found)


def _unknown(book: Book) -> Iterator[Problem]:
    known = {CORE, *(text(row.get("name")) for row in _rows(book))}
    for index, row in enumerate(_rows(book)):
        for need in sorted({*map(text, items(row.get("needs")))} - known):
            what = f"{text(row.get('name'))} needs an unknown feature, {need}"
            yield book.tables["features"].problem(("rows", index), what, _FIX)
    for requirement in book.requirements.values():
        for feature in sorted({*requirement.features} - known):
            what = f"{requirement.id} is of an unknown feature, {feature}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, _FIX)
    for scenario in book.scenarios:
        for feature in sorted({*scenario.features} - known):
            what = f"{scenario.id} needs an unknown feature, {feature}"
            yield Problem(scenario.path, scenario.line, what, _FIX)


def _uses(book: Book, needs: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """Find scenarios that bring about what they declare no feature for."""
    for scenario in book.scenarios:
        declared = with_needs(scenario.features, needs)
        used = {feature for case in scenario.cases for feature in used_features(case, declared)}
        for feature in sorted(used - declared):
            what = f"{scenario.id} uses the feature {feature} and does not declare it"
            fix = f"add {feature} to its features, or do without what belongs to it"
            yield Problem(scenario.path, scenario.line, what, fix)


def _unreachable(book: Book, needs: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """Find requirements that no check reaches where just their features are declared."""
    for id_, requirement in book.requirements.items():
        declared = with_needs(requirement.features, needs)
        checks = book.checks[id_]
        if checks and not any({*check.features} <= declared for check in checks):
            extra = min((sorted({*check.features} - declared) for check in checks), key=len)
            what = f"{id_} is checked only together with {', '.join(extra)}"
            fix = f"write a scenario without, or *Feature:* {', '.join([*requirement.features, *extra])}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, fix)


def _rows(book: Book) -> list[dict[str, Json]]:
    document = book.tables.get("features")
    return [fields(row) for row in items(fields(document.data).get("rows"))] if document else []


def _counts(book: Book, feature: str) -> tuple[str, str]:
    """Count a feature's requirements, and the cases that run when it is declared."""
    requirements = [r for r in book.requirements.values() if r.feature == feature]
    cases = [len(s.cases) for s in book.scenarios if feature in (s.features or (CORE,))]
    return str(len(requirements)), str(sum(cases))
