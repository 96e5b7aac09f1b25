"""Render the table of features, and find features that it does not name.

Spec: conformance.  The names and meanings are in `spec/tables/features.yaml`; the counts are the book's.
"""

from collections.abc import Iterator
from typing import Final

from credpool_conformance.book.markdown import table
from credpool_conformance.book.problems import Problem
from credpool_conformance.book.requirements import CORE
from credpool_conformance.book.sources import Book
from credpool_conformance.book.yaml_lines import fields, items, text

_FIX: Final = "write one of those in spec/tables/features.yaml"
_CORE_MEANS: Final = "what every pool does"


def features_table(book: Book) -> str:
    """Render each feature with its meaning, its requirements and its checks."""
    header = ("feature", "means", "requirements", "checks")
    rows = [(CORE, _CORE_MEANS, *_counts(book, CORE))]
    rows += [(f"`{name}`", means, *_counts(book, name)) for name, means in _features(book).items()]
    return table(header, rows)


def feature_problems(book: Book) -> Iterator[Problem]:
    """Find requirements and scenarios of a feature that nobody has described."""
    known = _features(book)
    if not known:
        return
    for requirement in book.requirements.values():
        if requirement.feature not in (CORE, *known):
            what = f"{requirement.id} is of an unknown feature, {requirement.feature}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, _FIX)
    for scenario in book.scenarios:
        for feature in scenario.features:
            if feature not in known:
                what = f"{scenario.id} needs an unknown feature, {feature}"
                yield Problem(scenario.path, scenario.line, what, _FIX)


def _features(book: Book) -> dict[str, str]:
    document = book.tables.get("features")
    rows = [fields(row) for row in items(fields(document.data).get("rows"))] if document else []
    return {text(row.get("name")): text(row.get("means")) for row in rows}


def _counts(book: Book, feature: str) -> tuple[str, str]:
    """Count a feature's requirements, and the cases that run when it is declared."""
    requirements = [r for r in book.requirements.values() if r.feature == feature]
    cases = [len(s.cases) for s in book.scenarios if feature in (s.features or (CORE,))]
    return str(len(requirements)), str(sum(cases))
