"""The page on goodput: every published workload has its figures, and its best policy is named."""

import json
from pathlib import Path

import pytest

from credpool.simulate import WORKLOADS
from tools.goodput.page import DATA, ENOUGH, PAGE
from tools.goodput.plots import bars

ROOT = Path(__file__).parents[2]
MEASURED = json.loads((ROOT / DATA).read_text("utf-8"))["workloads"]


def test_every_published_workload_was_measured() -> None:
    """With the title and the time that it has now, in the order that it has now."""
    found = [(name, row["title"], row["days"]) for name, row in MEASURED.items()]

    assert found == [(w.name, w.title, round(w.seconds / 86400, 3)) for w in WORKLOADS]


@pytest.mark.parametrize("name", MEASURED)
def test_no_figure_exceeds_the_capacity(name: str) -> None:
    """Goodput is a part, of at least half."""
    for run in MEASURED[name]["runs"].values():
        assert 0.5 < run["goodput"] <= 1


def test_a_workload_below_the_goal_says_so() -> None:
    """The page names each whose best policy does not reach 0.98, and gives a reason."""
    below = {
        name
        for name, row in MEASURED.items()
        if max(run["goodput"] for run in row["runs"].values()) < ENOUGH
    }
    text = (ROOT / PAGE).read_text("utf-8")

    assert text.count("(below 0.98)") == len(below)
    assert below == {"plans", "plans-over"}


def test_a_bar_is_as_long_as_its_value() -> None:
    """A bar that reaches 0.98 has the shape of what is well."""
    drawn = bars({"good": 1.0, "half": 0.5})

    assert 'class="dg-end"' in drawn
    assert drawn.count('width="300"') == drawn.count('width="150"') == 1
    assert ">0.500</text>" in drawn
