"""Each history on which conformant pools have differed is decided by a requirement, and held."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from credpool_conformance.data import find
from credpool_conformance.scenarios.loader import load
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files

REPOSITORY: Final = Path(__file__).parents[2]
ROWS: Final = yaml.safe_load((REPOSITORY / "conformance" / "differences.yaml").read_text("utf-8"))[
    "rows"
]


@pytest.fixture(scope="module")
def verified() -> dict[str, tuple[str, ...]]:
    """Return what each scenario verifies, by its id without the row of a table."""
    data = find()
    scenarios = load(data, registries.load(data), requirement_files.load(data))
    return {scenario.id.partition(":")[0]: scenario.ids for scenario in scenarios}


def test_each_difference_is_held_by_a_check_of_its_requirement(
    verified: dict[str, tuple[str, ...]],
) -> None:
    """The check that is named verifies the requirement that decides."""
    wrong = [
        row["history"]
        for row in ROWS
        if "check" in row and row["decided"] not in verified.get(row["check"], ())
    ]

    assert ROWS
    assert wrong == []


def test_each_freedom_is_stated() -> None:
    """What nobody checks is said to be free, in the place that is named and about that requirement."""
    known = requirement_files.load(find()).known
    free = [row for row in ROWS if "check" not in row]

    assert free
    for row in free:
        assert row["decided"] in known
        assert row["says"] in (REPOSITORY / row["freedom"]).read_text("utf-8")
