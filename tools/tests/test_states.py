"""The states of an entry are drawn from one table, whose ids and edges are checked."""

from pathlib import Path

import pytest

from tools.pages.__main__ import main
from tools.sources.specification import load
from tools.tables.states import state_drawings, state_problems, state_regions

TABLE = "spec/tables/states.yaml"
SAMPLE = """\
version: 1
edges:
  - {cause: added, from: [none], to: out, says: it is added, requirements: [pool.add]}
  - {cause: time, from: [out, dead], to: out, end: later, says: it waits, requirements: [pool.add]}
"""
CHAPTER = "> `[pool.add+1]` A pool **MUST** add.\n\n*Intent:* a\n\n*If broken:* b\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write a specification that is nothing but the table and one requirement."""
    (tmp_path / "spec/tables").mkdir(parents=True)
    (tmp_path / TABLE).write_text(SAMPLE, encoding="utf-8")
    (tmp_path / "spec/pools.md").write_text(f"# Pools\n\n{CHAPTER}", encoding="utf-8")
    return tmp_path


def test_chart_and_table_have_every_edge(root: Path) -> None:
    """An edge from two states is two arrows and one row."""
    regions = state_regions(load(root))

    drawn = state_drawings(load(root))["states"]
    assert drawn.count(">it is added</text>") == 1
    assert drawn.count(">it waits</text>") == 2
    assert drawn.count("marker-end") == 3
    assert regions["state-table"].splitlines()[2:] == [
        "| – | it is added | out | `pool.add` |",
        "| out, dead | it waits | out, until later | `pool.add` |",
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("says: it waits, requirements: [pool.add]", "says: x, requirements: [pool.gone]", "gone"),
        ("from: [none], to: out, says", "from: [out], cause: time, to: out, end: later, says", ""),
    ],
    ids=["unknown id", "key given twice"],
)
def test_a_fault_is_fatal(
    root: Path, old: str, new: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An edge that cites nobody's requirement, or cannot be read, is named by its line."""
    (root / TABLE).write_text(SAMPLE.replace(old, new, 1), encoding="utf-8")

    status = main(["--lint", "--draft", "--root", str(root)])

    assert status == 2
    assert any(TABLE in e and says in e for e in capsys.readouterr().err.splitlines())


def test_an_edge_that_stands_twice_is_found(root: Path) -> None:
    """The same change of the same state is drawn once."""
    twice = SAMPLE.replace(
        "cause: added, from: [none], to: out", "cause: time, from: [dead], to: out, end: later"
    )
    (root / TABLE).write_text(twice, encoding="utf-8")

    found = [problem.what for problem in state_problems(load(root))]

    assert found == ["the edge dead time out later is listed twice"]
