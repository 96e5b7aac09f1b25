"""Count the checks in which two features meet, and find the pairs that nobody has thought of.

A check is of every feature that it declares or makes use of, and of those of what it verifies.
`spec/tables/pairs.yaml` says of the other pairs why no call can meet both.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from credpool_conformance.json_values import Json, items, text
from credpool_conformance.problems import Problem
from credpool_conformance.specification.registry import needs_of
from tools.sources.citations import features_of
from tools.sources.feature_uses import used_features
from tools.sources.requirements import CORE
from tools.sources.specification import Specification, table_rows
from tools.tables.features import with_needs

TABLE: Final = "pairs"

Pair = tuple[str, str]

_PATH: Final = "spec/tables/pairs.yaml"


def pair_problems(spec: Specification) -> Iterator[Problem]:
    """Find pairs with neither a check nor a reason, and reasons that are wrong or given twice."""
    if TABLE not in spec.tables:
        return
    names, found, seen = names_of(spec), met(spec), set[Pair]()
    for where, pair, _ in _excused(spec):
        what = _fault(pair, names, found, seen)
        seen.add(pair)
        if what:
            yield spec.tables[TABLE].problem(where, what, "remove it from the row")
    for one, other in combinations(names, 2):
        if (one, other) not in found and (one, other) not in seen:
            what = f"no check is of both {one} and {other}"
            yield Problem(_PATH, 1, what, "write a scenario in which they meet, or why they cannot")


def _fault(pair: Pair, names: list[str], found: Mapping[Pair, list[str]], seen: set[Pair]) -> str:
    """Say what is wrong with a reason; nothing when it is needed."""
    one, other = pair
    if pair in found:
        return f"{one} and {other} meet in {found[pair][0]}"
    if pair in seen:
        return f"why {one} and {other} do not meet is said twice"
    unknown = [name for name in pair if name not in names]
    return f"{unknown[0]} is no feature" if unknown else ""


def names_of(spec: Specification) -> list[str]:
    """List the features in the order of their table."""
    return [text(row.get("name")) for row in table_rows(spec, "features")]


def met(spec: Specification) -> Mapping[Pair, list[str]]:
    """List the checks of each pair; a feature meets what it needs in every check."""
    needs, names = needs_of(spec.tables["features"]), names_of(spec)
    meets = {name: with_needs([name], needs) for name in names}
    pairs: dict[Pair, list[str]] = {}
    for case in (case for scenario in spec.scenarios for case in scenario.cases):
        found = _features(spec, case)
        for one, other in combinations(names, 2):
            needed = (one in found and other in meets[one]) or (
                other in found and one in meets[other]
            )
            if needed or {one, other} <= found:
                pairs.setdefault((one, other), []).append(text(case.get("id")))
    return pairs


def _features(spec: Specification, case: Mapping[str, Json]) -> frozenset[str]:
    declared = frozenset(features_of(case))
    ids = [text(cited).partition("+")[0] for cited in items(case.get("verifies"))]
    of_rules = {
        name for id_ in ids if id_ in spec.requirements for name in spec.requirements[id_].features
    }
    return declared | {*used_features(case, declared)} | of_rules - {CORE}


def reasons(spec: Specification) -> Mapping[Pair, str]:
    """Say of each pair that is excused why no call can meet both."""
    return {pair: why for _, pair, why in _excused(spec)}


def _excused(spec: Specification) -> Iterator[tuple[tuple[str | int, ...], Pair, str]]:
    names = names_of(spec)
    for index, row in enumerate(table_rows(spec, TABLE)):
        for place, other in enumerate(map(text, items(row.get("with")))):
            both = [text(row.get("feature")), other]
            both.sort(key=lambda name: names.index(name) if name in names else len(names))
            yield ("rows", index, "with", place), (both[0], both[1]), text(row.get("why"))
