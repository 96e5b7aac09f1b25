"""The pairs of features, and what bears on a requirement."""

from dataclasses import replace
from pathlib import Path

import pytest

from credpool_conformance.json_values import Json
from credpool_conformance.specification.documents import parse
from tools.crossings.bearers import BEARERS
from tools.crossings.page import pairs_page
from tools.crossings.pairs import pair_problems
from tools.sources.specification import Specification, load

TREE = Path(__file__).parent / "tree"
ROOT = TREE.parents[2]
FEATURES = """\
version: 1
rows:
  - {name: lease, means: it has leases}
  - {name: payer, means: it has payers}
  - {name: store, means: it has a file}
  - {name: shared-store, needs: [store], means: it shares the file}
"""


def with_pairs(rows: str, *declared: tuple[str, ...]) -> Specification:
    """Read the sample, with these reasons, and one scenario for each set of features."""
    spec = load(TREE)
    tables = {
        "features": parse("spec/tables/features.yaml", FEATURES),
        "pairs": parse("spec/tables/pairs.yaml", f"version: 1\nrows:\n{rows}"),
    }
    sample = spec.scenarios[0]
    cases = [{"id": f"check-{n}", "features": [*names]} for n, names in enumerate(declared)]
    return replace(
        spec,
        tables={**spec.tables, **tables},
        scenarios=tuple(replace(sample, id=str(case["id"]), cases=(case,)) for case in cases),
    )


ROWS = "  - {feature: lease, with: [store, shared-store], why: leases are not kept}\n"
ALL = ROWS + "  - {feature: payer, with: [store, shared-store], why: nor are payers}\n"
MET = (("lease", "payer"), ("shared-store",))


@pytest.mark.parametrize(
    ("rows", "declared", "told"),
    [
        (ALL, MET, []),
        (
            ROWS,
            MET,
            ["no check is of both payer and store", "no check is of both payer and shared-store"],
        ),
        (ALL, (*MET, ("store", "payer")), ["payer and store meet in check-2"]),
        (
            ALL + ROWS.replace("[store, shared-store]", "[store]"),
            MET,
            ["why lease and store do not meet is said twice"],
        ),
        (ALL + "  - {feature: lease, with: [leaze], why: no}\n", MET, ["leaze is no feature"]),
        (ALL, MET[:1], ["no check is of both store and shared-store"]),
    ],
    ids=["well", "forgotten", "met after all", "twice", "unknown", "needed but unchecked"],
)
def test_each_pair_has_a_check_or_a_reason(
    rows: str, declared: tuple[tuple[str, ...], ...], told: list[str]
) -> None:
    """A pair that nobody has thought of is an error, and so is a reason that is not needed."""
    found = list(pair_problems(with_pairs(rows, *declared)))

    assert [problem.what for problem in found] == told


def test_the_page_counts_and_excuses() -> None:
    """A cell leads to the first check, or to the reason why there is none."""
    page = pairs_page(with_pairs(ALL, *MET))

    assert "2 pairs meet; 4 cannot." in page
    assert (
        "| `lease` | [1](../spec/scenarios/recovery.md#check-0) | [–](#which-cannot-meet) |" in page
    )
    assert "| `lease` | `store` | leases are not kept |" in page


CASES: tuple[tuple[str, dict[str, Json]], ...] = (
    ("overlap", {"phases": [{"call": {}}, {"release": "late"}]}),
    ("restart", {"phases": [{"crash": {}}]}),
    ("second process", {"given": {"processes": ["main", "other"]}}),
    ("same secret", {"given": {"entries": ["a", {"id": "b", "same_secret_as": "a"}]}}),
    ("same owner", {"given": {"entries": [{"id": "a", "owner": "o"}, {"id": "b", "owner": "o"}]}}),
    ("other model", {"phases": [{"call": {"model": "one"}}, {"call": {"model": "two"}}]}),
    ("policy set", {"given": {"policy": {"max_concurrent": 1}}}),
)


@pytest.mark.parametrize(("bearer", "case"), CASES, ids=[name for name, _ in CASES])
def test_each_bearer_is_told_from_the_others(bearer: str, case: dict[str, Json]) -> None:
    """What stands in a check says what bears on it."""
    assert [name for name, bears in BEARERS.items() if bears(case)] == [bearer]


def test_nothing_bears_on_a_plain_check() -> None:
    """One call of two entries is of no bearer."""
    plain: dict[str, Json] = {
        "given": {"entries": [{"id": "a", "owner": "o"}, {"id": "b", "owner": "p"}]},
        "phases": [{"call": {"model": "one"}}, {"call": {"model": "one"}}],
    }

    assert not [name for name, bears in BEARERS.items() if bears(plain)]


def test_every_pair_of_this_specification_has_one() -> None:
    """In the repository itself no cell is empty."""
    assert list(pair_problems(load(ROOT))) == []
