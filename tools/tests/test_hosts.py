"""The page on many hosts: its figures are those that the simulation gives, for every published plan."""

import json
from pathlib import Path

import pytest

from credpool.simulate.hosts import Fleet, simulate_hosts
from tools.hosts.page import DATA, PAGE
from tools.hosts.plans import CHANGED, EASED, HOSTS, QUICK, SEED, STORMS, USUAL, row

ROOT = Path(__file__).parents[2]
KEPT = json.loads((ROOT / DATA).read_text("utf-8"))
NAMES = [str(n) for n in HOSTS]
PLANS = {
    **{("usual", name): fleet for name, fleet in zip(NAMES, USUAL, strict=True)},
    **{("storm", name): fleet for name, fleet in zip(NAMES, STORMS, strict=True)},
    **{("changed", name): fleet for name, fleet in CHANGED.items()},
    **{("eased", name): fleet for name, fleet in EASED.items()},
}
SMALL = {key: fleet for key, fleet in PLANS.items() if fleet.hosts <= QUICK}


def test_every_plan_was_simulated() -> None:
    """With the seed and in the order that it has now."""
    found = [(part, name) for part in ("usual", "storm", "changed", "eased") for name in KEPT[part]]

    assert found == [*PLANS]
    assert KEPT["seed"] == SEED
    assert {KEPT[part][name]["hosts"] == PLANS[part, name].hosts for part, name in found} == {True}


@pytest.mark.parametrize(("key", "fleet"), SMALL.items(), ids=map(" ".join, SMALL))
def test_a_small_plan_gives_its_figures_again(key: tuple[str, str], fleet: Fleet) -> None:
    """So the data and the simulation agree; the large ones take longer than a test may."""
    part, name = key

    assert row(fleet, simulate_hosts(fleet, seed=SEED)) == KEPT[part][name]


def test_the_page_says_what_breaks_first() -> None:
    """Its section names plans that are on it."""
    text = (ROOT / PAGE).read_text("utf-8")

    assert "## What breaks first" in text
    for name in (*CHANGED, *EASED):
        assert f"| {name} |" in text
