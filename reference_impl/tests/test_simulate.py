"""The simulation: what it spends it serves, what it cannot exceed, and a world counted by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from credpool import Strategy
from credpool.errors import BadInput
from credpool.simulate import (
    WORKLOADS,
    Agents,
    Measures,
    Plan,
    Workload,
    bound,
    read_workload,
    simulate,
    workload_of,
)
from credpool.simulate.limits import Bucket, Limit, Window, capacity
from credpool.simulate.workload import HOUR

AGENTS = Agents(
    count=6, think=10, pause=60, calls=6, prompt=2_000, fresh=300, output=200, context=20_000
)
PLANS = (
    Plan(owner="a", windows=[("5h", 60_000, 1800), ("7d", 200_000, 4 * HOUR)]),
    Plan(owner="b", windows=[("5h", 50_000, 1800)], begun=[(10_000, 600)], most_at_once=2),
    Plan(owner="c", keys=2, buckets=[("tokens", 25_000, 600)], per_million=3.0),
)


def small(*plans: Plan, **given: object) -> Workload:
    """Make a workload of six agents and two hours."""
    values: dict[str, object] = {"agents": AGENTS, "seconds": 2 * HOUR, **given}
    return Workload(name="small", title="", plans=plans or PLANS, **values)  # type: ignore[arg-type]


def near(value: float) -> object:
    """Compare, with room for the rounding of sums."""
    return pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("strategy", Strategy)
def test_what_is_spent_is_served(strategy: Strategy) -> None:
    """What is missing when the time is over was taken by calls that are still under way."""
    run = simulate(small(), strategy=strategy, seed=3)

    assert run.answered > 100
    assert run.requests == run.answered + run.wasted + sum(run.under_way.values())
    for owner, spent in run.spent.items():
        assert run.served[owner] <= spent * (1 + 1e-9)
        if not run.under_way[owner]:
            assert run.served[owner] == near(spent)


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 10**6),
    strategy=st.sampled_from(Strategy),
    sizes=st.lists(st.integers(20_000, 90_000), min_size=4, max_size=4),
    used=st.integers(0, 20_000),
    count=st.integers(1, 12),
)
def test_no_run_exceeds_the_capacity(
    seed: int, strategy: Strategy, sizes: list[int], used: int, count: int
) -> None:
    """Neither what is asked for where nothing limits, nor what the limits let through, all or one."""
    plans = (
        Plan(
            owner="a", windows=[("5h", sizes[0], 900), ("7d", sizes[1], 2700)], begun=[(used, 60)]
        ),
        Plan(owner="b", windows=[("5h", sizes[2], 1200)]),
        Plan(owner="c", buckets=[("tokens", sizes[3], 1800)], per_million=1.0),
    )
    workload = small(*plans, agents=replace(AGENTS, count=count), seconds=HOUR)

    run = simulate(workload, strategy=strategy, seed=seed)

    assert run.work <= bound(workload, seed).capacity * (1 + 1e-9)
    for plan in plans:
        most = capacity(plan.limits(), workload.seconds)
        assert run.spent[plan.owner] <= most * (1 + 1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_limits_all_that_is_asked_for_is_served(seed: int) -> None:
    """So what is asked for is what the agents do where nothing is refused."""
    workload = small(Plan(owner="free"))

    run = simulate(workload, seed=seed)

    assert run.wasted == 0
    assert run.work == near(bound(workload, seed).asked)


@settings(deadline=None)
@given(
    charges=st.lists(st.tuples(st.floats(0, 400), st.floats(1, 150)), min_size=1, max_size=60),
    most=st.tuples(st.floats(100, 300), st.floats(100, 900), st.floats(100, 900)),
    begun=st.tuples(st.floats(0, 100), st.floats(0, 300), st.floats(0, 100), st.floats(0, 300)),
)
def test_nobody_gets_more_out_of_limits_than_their_capacity(
    charges: list[tuple[float, float]],
    most: tuple[float, float, float],
    begun: tuple[float, float, float, float],
) -> None:
    """However the charges lie: at any moments, of any size."""

    def made() -> list[Limit]:
        short = Window("short", most[0], 300, *begun[:2])
        return [short, Window("long", most[1], 1000, *begun[2:]), Bucket("rate", most[2], 500)]

    limits, now, spent, end = made(), 0.0, 0.0, 3000.0
    for pause, charge in charges:
        now += pause
        if now < end and all(limit.until(charge, now) <= now for limit in limits):
            spent += charge
            for limit in limits:
                limit.spend(charge, now)

    assert spent <= capacity(made(), end) * (1 + 1e-9)


def test_the_same_seed_is_the_same_run() -> None:
    """Another seed is another one; what is asked for does not depend on the strategy."""
    runs: list[Measures] = [simulate(small(), seed=seed) for seed in (7, 7, 8)]

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_small_world_counted_by_hand() -> None:
    """One agent, calls of exactly 100 tokens, and 250 tokens for each ten minutes.

    Two calls fit into a window, the third is refused: it waits for the window that begins then.
    """
    limits = [Window("w", 250, 600)]
    told = []
    for now in (0.0, 100.0, 200.0, 600.0, 700.0):
        at = limits[0].until(100, now)
        told.append(at)
        if at <= now:
            limits[0].spend(100, now)

    assert told == [0.0, 100.0, 600.0, 600.0, 700.0]
    assert capacity([Window("w", 250, 600)], 700) == 500
    assert capacity([Window("w", 250, 600, 200, 100)], 700) == 300  # 50 at once, 250 from 100 on
    assert capacity([Bucket("b", 60, 60)], 600) == 660
    both = [Window("short", 100, 300), Window("long", 250, 1000)]
    assert capacity(both, 1000) == 250
    assert capacity(both, 500) == 200
    running = [Window("short", 100, 300), Window("long", 900, 1000, 500, 350)]
    assert capacity(running, 700) == 500  # 200 until 350, though 400 are left; then 300


def test_an_agent_whose_plan_is_full_waits_for_its_window() -> None:
    """By hand: the first request is as large as the window, so each window answers one call."""
    agents = Agents(count=1, think=0, pause=0, calls=1, prompt=900, fresh=0, output=0, context=1000)
    plan = Plan(owner="a", windows=[("w", 1000, 600)])

    run = simulate(small(plan, agents=agents, seconds=2400, cached=1.0))

    assert run.answered == 4  # in the windows from 0, 600, 1200 and 1800 on
    assert run.work == run.spent["a"] == 3600
    assert run.wasted == run.refused.total() > 0
    assert run.cold == 3600, "each session is a new prompt"


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_each_published_workload_runs(workload: Workload) -> None:
    """For a hundredth of its time, with a hundredth of ten thousand agents."""
    few = replace(workload.agents, count=min(workload.agents.count, 100))
    short = replace(workload, agents=few, seconds=workload.seconds / 100)

    run = simulate(short, strategy=Strategy.ROUND_ROBIN)

    assert 0 < run.work <= bound(short).capacity * (1 + 1e-9)


def test_a_workload_is_read_from_a_file(tmp_path: Path) -> None:
    """Its names are those of the library."""
    document = {
        "name": "mine",
        "agents": {
            "count": 2,
            "think": 5,
            "pause": 5,
            "calls": 3,
            "prompt": 100,
            "fresh": 10,
            "output": 10,
            "context": 1000,
        },
        "plans": [{"owner": "a", "windows": [["5h", 5000, 18000]], "begun": [[10, 60]]}],
        "seconds": 600,
    }
    (tmp_path / "mine.json").write_text(json.dumps(document), "utf-8")

    workload = read_workload(tmp_path / "mine.json")

    assert (workload.name, workload.agents.count, workload.seconds) == ("mine", 2, 600)
    assert workload.plans[0].windows == [("5h", 5000, 18000)]
    assert simulate(workload).answered > 0


GOOD = {
    "name": "mine",
    "agents": {
        "count": 2,
        "think": 5,
        "pause": 5,
        "calls": 3,
        "prompt": 100,
        "fresh": 10,
        "output": 10,
        "context": 1000,
    },
    "plans": [{"owner": "a"}],
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"agents": {"count": 1}}, "expected a number for `think`", id="too little"),
        pytest.param({"agents": 7}, "agents: expected names", id="no agents"),
        pytest.param({"agents": {**GOOD["agents"], "count": 0}}, "expected agents", id="nobody"),  # type: ignore[dict-item]
        pytest.param({"agents": {**GOOD["agents"], "count": "2"}}, "`count`", id="a text"),  # type: ignore[dict-item]
        pytest.param({"plans": {}}, "`plans`, a list", id="no list"),
        pytest.param({"plans": [{"owner": 1}]}, "a text for `owner`", id="no name"),
        pytest.param({"plans": [{"owner": "a", "bucket": []}]}, "no `bucket`", id="unknown"),
        pytest.param({"plans": [{"owner": "a", "windows": [["5h", 5]]}]}, "`windows`", id="short"),
        pytest.param(
            {"plans": [{"owner": "a", "buckets": [["t", 500, 60]]}]}, "1000 tokens", id="too small"
        ),
        pytest.param({"seconds": -1}, "a number for `seconds`", id="no time"),
        pytest.param({"name": None}, "expected a `name`", id="nameless"),
    ],
)
def test_what_is_no_workload_is_refused(change: dict[str, object], says: str) -> None:
    """The message says where, and what is expected there."""
    with pytest.raises(BadInput, match=says):
        workload_of({**GOOD, **change})


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_file_that_holds_no_workload_is_refused(tmp_path: Path, text: str | None) -> None:
    """What is not JSON, and what is not there."""
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text, "utf-8")

    with pytest.raises(BadInput, match="expected"):
        read_workload(path)
