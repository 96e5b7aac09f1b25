"""Render the table of features, and find what does not fit it.

Spec: conformance.  Names, meanings and needs are in `spec/tables/features.yaml`; the counts are the specification's.
Whoever declares one feature with what it needs must be able to conform: `feature_problems` sees to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from credpool_conformance.specification.registry import needs_of
from tools.sources.citations import features_of
from tools.sources.feature_uses import used_features
from tools.sources.requirements import CORE
from tools.sources.specification import Specification

_FIX: Final = "write one of those in spec/tables/features.yaml"
_CORE_MEANS: Final = "what every pool does"


def features_table(spec: Specification) -> str:
    """Render each feature with its meaning, its needs, its requirements and its checks."""
    header = ("feature", "means", "needs", "requirements", "checks")
    rows = [(CORE, _CORE_MEANS, "", *_counts(spec, CORE))]
    for row in _rows(spec):
        name, needs = text(row.get("name")), map(text, items(row.get("needs")))
        shown = ", ".join(f"`{need}`" for need in needs)
        rows.append((f"`{name}`", text(row.get("means")), shown, *_counts(spec, name)))
    return table(header, rows)


def feature_problems(spec: Specification) -> Iterator[Problem]:
    """Find what is of an unknown feature, and what stands between one feature alone and `conformant`."""
    if not _rows(spec):
        return
    yield from _unknown(spec)
    needs = needs_of(spec.tables["features"])
    yield from _uses(spec, needs)
    yield from _unreachable(spec, needs)


def with_needs(features: Iterable[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the features with all that they need, the core among them."""
    found, new = {CORE}, set(features)
    while new:
        found |= new
        new = {need for name in new for need in needs.get(name, ())} - found
    return frozenset(found)


def _unknown(spec: Specification) -> Iterator[Problem]:
    known = {CORE, *(text(row.get("name")) for row in _rows(spec))}
    for index, row in enumerate(_rows(spec)):
        for need in sorted({*map(text, items(row.get("needs")))} - known):
            what = f"{text(row.get('name'))} needs an unknown feature, {need}"
            yield spec.tables["features"].problem(("rows", index), what, _FIX)
    for requirement in spec.requirements.values():
        for feature in sorted({*requirement.features} - known):
            what = f"{requirement.id} is of an unknown feature, {feature}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, _FIX)
    for scenario in spec.scenarios:
        for feature in sorted({*scenario.features} - known):
            what = f"{scenario.id} needs an unknown feature, {feature}"
            yield Problem(scenario.path, scenario.line, what, _FIX)


def _uses(spec: Specification, needs: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """Find scenarios that bring about what they declare no feature for."""
    for scenario in spec.scenarios:
        missing: set[str] = set()
        for case in scenario.cases:
            declared = with_needs(features_of(case), needs)
            missing |= {*used_features(case, declared)} - declared
        for feature in sorted(missing):
            what = f"{scenario.id} uses the feature {feature} and does not declare it"
            fix = f"add {feature} to its features, or do without what belongs to it"
            yield Problem(scenario.path, scenario.line, what, fix)


def _unreachable(spec: Specification, needs: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """Find requirements that no check reaches where just their features are declared."""
    for id_, requirement in spec.requirements.items():
        declared = with_needs(requirement.features, needs)
        checks = spec.checks[id_]
        if checks and not any({*check.features} <= declared for check in checks):
            extra = min((sorted({*check.features} - declared) for check in checks), key=len)
            what = f"{id_} is checked only together with {', '.join(extra)}"
            fix = f"write a scenario without, or *Feature:* {', '.join([*requirement.features, *extra])}"
            yield Problem(f"spec/{requirement.chapter}", requirement.line, what, fix)


def _rows(spec: Specification) -> list[dict[str, Json]]:
    document = spec.tables.get("features")
    return [fields(row) for row in items(fields(document.data).get("rows"))] if document else []


def _counts(spec: Specification, feature: str) -> tuple[str, str]:
    """Count a feature's requirements, and the cases that run when it is declared."""
    requirements = [r for r in spec.requirements.values() if r.feature == feature]
    cases = [case for scenario in spec.scenarios for case in scenario.cases]
    found = [case for case in cases if feature in (features_of(case) or (CORE,))]
    return str(len(requirements)), str(len(found))
