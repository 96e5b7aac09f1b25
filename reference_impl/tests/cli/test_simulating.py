"""`credpool simulate`: how well a pool would spend what it has."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from conftest import Command

SCHEMA = Path(__file__).parents[3] / "spec/schemas/simulation.schema.json"
SHORT = ("simulate", "--workload", "keys", "--days", "0.005")


def measured(out: str) -> dict[str, object]:
    """Read the measures, and hold them against their schema."""
    document: dict[str, object] = json.loads(out)
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    return document


def test_all_strategies_are_compared(credpool: "Command") -> None:
    """A line for each, and nothing is written."""
    ran = credpool(*SHORT)

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert [line.split()[0] for line in lines[-5:]] == [
        *("fill_first", "round_robin", "least_used", "random", "quota_aware")
    ]
    assert ran.err == ""


def test_the_measures_are_a_document(credpool: "Command") -> None:
    """The same seed, the same document."""
    wanted = (*SHORT, "--strategy", "least_used", "--seed", "4", "--json")

    first, second = credpool(*wanted), credpool(*wanted)

    assert first.out == second.out
    document = measured(first.out)
    assert (document["workload"], document["seed"]) == ("keys", 4)
    assert [run["strategy"] for run in document["runs"]] == ["least_used"]  # type: ignore[attr-defined]


def test_a_file_without_limits_has_none_in_the_document(
    credpool: "Command", tmp_path: Path
) -> None:
    """What is asked for is the capacity."""
    agents = {"count": 1, "think": 5, "pause": 5, "calls": 2, "prompt": 9, "fresh": 9, "output": 9}
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps({"name": "mine", "agents": agents, "plans": [{"owner": "a"}], "seconds": 900})
    )

    document = measured(credpool("simulate", "--workload", str(path), "--json").out)

    assert document["limits"] is None
    assert document["capacity"] == document["asked"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda _: "keyz", "did you mean 'keys'", id="nearly a name"),
        pytest.param(str, "expected a workload in JSON", id="no workload"),
    ],
)
def test_what_is_no_workload_is_refused(
    credpool: "Command", tmp_path: Path, change: Callable[[Path], str], says: str
) -> None:
    """It is a mistake of the command line."""
    path = tmp_path / "mine.json"
    path.write_text("{")

    ran = credpool("simulate", "--workload", change(path))

    assert ran.code == 2
    assert says in ran.err.replace("\n", " ")
