"""The bench judges what it measures, keeps every budget that was asked for, and shows its run."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tools.bench import words
from tools.bench.__main__ import main as bench
from tools.bench.budgets import Budget, budgets, judged
from tools.bench.figures import Figure, Timings, paired, values
from tools.bench.page import DATA, PAGE, speed_files
from tools.bench.setting import setting
from tools.bench.worker import Subject, SubjectFailed, working

ROOT = Path(__file__).parents[2]
ASKED = {
    *("2.5 µs", "5 µs", "100 µs", "20 µs", "1.03 ×", "3 ×", "5 ×", "200 each second"),
    *("1,000 each second", "0", "20 ms", "4", "1.5 ×", "0.8 ×"),
}
"""Every bound of the table of budgets."""


def figure(id_: str, subject: str = "credpool", **told: float) -> Figure:
    """Return a figure."""
    return Figure(id=id_, subject=subject, what="a thing", values=told)


def budget(**told: object) -> Budget:
    """Return a budget of a ratio."""
    usual = {"what": "x", "figures": "a.*", "value": "ratio", "issue": "3 ×"}
    return Budget(**{**usual, **told})  # type: ignore[arg-type]


# Figures


def test_a_ratio_is_taken_within_blocks() -> None:
    """A machine that grows slower during a run changes times, and not the ratio."""
    beside = [100 * n for n in range(1, 101)]
    pool = [300 * n for n in range(1, 101)]

    assert paired(pool, beside) == pytest.approx(3)


def test_one_disturbed_block_does_not_move_a_ratio() -> None:
    """While one block ran, another program took the processor: the median of the blocks stands."""
    beside, pool = [100] * 110, [200] * 110
    pool[20:30] = [90_000] * 10

    assert paired(pool, beside) == 2


def test_percentiles_show_the_tail() -> None:
    """One slow call in a hundred is in p99.9 and in the mean, and not in the median."""
    found = values(Timings([10] * 99 + [5000], [10] * 100), Timings([5] * 100, [5] * 100))

    assert (found["p50"], found["p999"], found["slowest"]) == (10, 5000, 5000)
    assert found["mean_ratio"] > 10
    assert found["ratio"] == 2


def test_few_rounds_are_measured_too() -> None:
    """Three rounds have a median and a ratio."""
    assert values(Timings([4, 2, 6], [1, 1, 1]), Timings([2, 1, 3], [1, 1, 1]))["ratio"] == 2


@pytest.mark.parametrize(
    ("nanoseconds", "written"),
    [(7, "7 ns"), (2_530, "2.53 µs"), (46_200, "46.2 µs"), (1.4e8, "140 ms"), (2e9, "2.00 s")],
)
def test_times_are_written_with_their_unit(nanoseconds: float, written: str) -> None:
    """A time has the unit in which people say it."""
    assert words.time(nanoseconds) == written


# Budgets


def test_every_budget_that_was_asked_for_is_in_the_file() -> None:
    """The file has each bound, with what bounds it, and a reason for each that is missed."""
    found = budgets()

    assert {one.issue for one in found} >= ASKED
    assert all((one.at_most is None) != (one.at_least is None) for one in found)
    assert all(bool(one.missed) == (one.today is not None) for one in found)


def test_every_budget_has_figures_in_the_run_that_is_kept() -> None:
    """No budget is about figures that nobody measures."""
    run = json.loads((ROOT / DATA).read_text("utf-8"))
    figures = [Figure(**told) for told in run["figures"]]

    assert [v.budget for v in judged(figures, quick=False)] == list(budgets())


@pytest.mark.parametrize(
    ("found", "word"), [(2.9, "kept"), (3.5, "missed"), (4.1, "WORSE")], ids=str
)
def test_a_missed_budget_may_not_grow_worse(found: float, word: str) -> None:
    """What is known as missed is told, and a regression behind it fails."""
    one = budget(at_most=3, today=4.0, missed="a reason")

    assert [one.keeps(found), one.holds(found)] == [word == "kept", word != "WORSE"]


def test_a_budget_without_an_excuse_fails() -> None:
    """A bound that was kept yesterday is a bound today."""
    assert not budget(at_most=3).holds(3.1)
    assert not budget(at_least=200).holds(199)


def test_the_worst_figure_counts_and_a_peer_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget of several figures is kept by all of them; peers have no budgets here."""
    monkeypatch.setattr("tools.bench.budgets.budgets", lambda: [budget(at_most=3)])
    figures = [figure("a.1", ratio=1), figure("a.2", ratio=4), figure("a.3", "peer", ratio=9)]

    (verdict,) = judged(figures, quick=False)

    assert (verdict.worst, verdict.word) == ("a.2", "WORSE")


def test_the_short_run_judges_what_has_room_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI is held to budgets that a loaded machine keeps."""
    both = [budget(at_most=3), budget(at_most=3, quick=True)]
    monkeypatch.setattr("tools.bench.budgets.budgets", lambda: both)

    verdicts = [*judged([figure("a.1", ratio=1)], quick=True)]

    assert [verdict.budget for verdict in verdicts] == both[1:]


@pytest.mark.parametrize(
    ("ratios", "status"),
    [([4], 0), ([6, 4], 0), ([6, 6, 4], 0), ([6, 6, 6, 4], 1)],
    ids=["as known", "once worse", "twice worse", "each time worse"],
)
def test_a_regression_shows_each_time(
    ratios: list[int], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other work on the machine spoilt is measured again; what is worse three times fails."""
    steady, left = [], list(ratios)

    def uneven(_: object) -> Iterator[Figure]:
        yield figure("a.1", ratio=left.pop(0))

    def even(_: object) -> Iterator[Figure]:
        steady.append("measured")
        yield figure("b.1", ratio=1)

    known = budget(at_most=3, today=5.0, missed="a reason", quick=True)
    monkeypatch.setattr("tools.bench.budgets.budgets", lambda: [known])
    monkeypatch.setattr("tools.bench.__main__.QUICK", (uneven, even))

    assert bench(["--quick"]) == status
    assert steady == ["measured"]


# Subjects


def test_a_subject_takes_its_ways_in_turn() -> None:
    """The library chooses as often as the row beside it is parsed, and says how long each took."""
    with working(Subject("credpool", "ours.py", Path(sys.executable))) as worker:
        worker.open("select", entries=3)
        found = worker.run(7)

    assert {name: len(way.wall) for name, way in found.items()} == {"pool": 7, "row": 7}


def test_a_subject_that_fails_is_named() -> None:
    """What goes wrong in a subject's process ends the bench, with the subject's name."""
    ours = Subject("credpool", "ours.py", Path(sys.executable))

    with working(ours) as worker, pytest.raises(SubjectFailed, match=r"^credpool: "):
        worker.open("select", entries=3, strategy="best")


def test_the_server_counts_what_it_refuses() -> None:
    """A call past a dead key costs one request more, and everything else is answered."""
    with setting(None, quick=True) as place, working(place.ours) as worker:
        worker.open("dead_key", url=place.url, path=place.path(), threads=2)
        found = worker.run(1)

    assert [facts["wasted"] for facts in found["healthy"].facts] == [0]
    assert 1 <= found["dead"].facts[0]["wasted"] <= 2
    assert found["dead"].facts[0]["errors"] == 0


# The page


def test_the_page_shows_the_run(tmp_path: Path) -> None:
    """Figures, budgets, machine and drawings come from the data alone."""
    told = values(Timings([10, 20, 30], [1, 1, 1]), Timings([10, 10, 10], [1, 1, 1]))
    figures = [figure("select.memory.fill_first.3", **told), figure("counts.lag", count=0)]
    run = {"date": "2026-11-27", "processor": "P", "cores": 2, "system": "S", "load": 0.1}
    run |= {"busy": True, "versions": {"credpool": {"python": "3.12"}}}
    (tmp_path / DATA).parent.mkdir(parents=True)
    (tmp_path / DATA).write_text(json.dumps({**run, "figures": list(map(asdict, figures))}))

    found = speed_files(tmp_path)

    assert "python 3.12" in found[PAGE]
    assert "others used the machine" in found[PAGE]
    assert "**missed**" in found[PAGE]
    (drawing,) = (text for path, text in found.items() if path.endswith(".svg"))
    assert "currentColor" in drawing
    assert drawing.count("<circle") == 3


def test_without_a_run_there_is_no_page(tmp_path: Path) -> None:
    """A tree that keeps no figures has no page of them."""
    assert speed_files(tmp_path) == {}
