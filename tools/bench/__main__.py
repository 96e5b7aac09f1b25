"""Measure, print, judge: `nox -s bench`, `nox -s bench -- --quick`.

The exit status is 1 when a budget is not kept that is not known as missed, or is missed by more,
each time that it is measured.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tools.bench.budgets import Judged, judged
from tools.bench.figures import Figure
from tools.bench.machine import machine, versions
from tools.bench.measures import choosing, keeping, sending, starting
from tools.bench.page import DATA
from tools.bench.setting import Setting, setting
from tools.bench.words import shown

Measure = Callable[[Setting], Iterator[Figure]]

_BEGUN: Final = time.monotonic()
_TRIES: Final = 3
"""Measurements of what seems worse, before it counts: other work only makes figures worse."""

QUICK: Final[tuple[Measure, ...]] = (
    *(choosing.selecting, choosing.counting, choosing.names_of_models),
    *(sending.requests, sending.past_a_dead_key, sending.past_throttled_keys),
    *(keeping.changing, keeping.following, starting.starting),
)
WHOLE: Final[tuple[Measure, ...]] = (
    *(choosing.selecting, choosing.mixed_payers, choosing.selecting_by_peers),
    *(choosing.beside_a_writer, choosing.in_threads, choosing.names_of_models),
    *(choosing.counting, sending.requests, sending.streams, sending.at_once),
    *(sending.past_a_dead_key, sending.past_throttled_keys, keeping.changing),
    *(keeping.following, keeping.processes, keeping.stalling, keeping.many_pools),
    *(starting.starting, starting.starting_peers),
)


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; print every figure, then every budget."""
    asked = _asked(arguments)
    with setting(asked.peers, quick=asked.quick) as place:
        about = {**machine(), "versions": versions(place), "busy": asked.busy}
        print(json.dumps(about), flush=True)
        verdicts = _judged(place, asked, about)
    for verdict in verdicts:
        budget = verdict.budget
        print(f"{verdict.word:<7}{verdict.found:>9.2f}  {budget.bound:<8} {budget.what}")
    return 1 if any(verdict.word == "WORSE" for verdict in verdicts) else 0


def _judged(
    place: Setting, asked: argparse.Namespace, about: Mapping[str, object]
) -> Sequence[Judged]:
    """Measure, and measure again what seems worse; judge what was measured last."""
    found: dict[Measure, list[Figure]] = {}
    verdicts: Sequence[Judged] = ()
    measures = [one for one in (QUICK if place.quick else WHOLE) if asked.only in one.__name__]
    for _ in range(_TRIES):
        for measure in measures:
            found[measure] = []
            for figure in _measured(place, measure):
                found[measure].append(figure)
                if asked.write:
                    _keep({**about, "figures": [asdict(one) for one in _all(found)]})
        verdicts = [*judged(_all(found), quick=asked.quick)]
        worse = [verdict.budget for verdict in verdicts if verdict.word == "WORSE"]
        measures = [
            measure
            for measure, figures in found.items()
            if any(budget.is_about(figure) for budget in worse for figure in figures)
        ]
    return verdicts


def _all(found: Mapping[Measure, Sequence[Figure]]) -> Sequence[Figure]:
    return [figure for figures in found.values() for figure in figures]


def _keep(run: Mapping[str, object]) -> None:
    Path(DATA).write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _measured(place: Setting, measure: Measure) -> Iterator[Figure]:
    for figure in measure(place):
        print(f"{time.monotonic() - _BEGUN:5.0f} s  {shown(figure)}", flush=True)
        yield figure


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools.bench", description="Measure the library.")
    parser.add_argument("--quick", action="store_true", help="the short run: at most a minute")
    parser.add_argument("--peers", type=Path, help="the folder with the peers' environments")
    parser.add_argument("--only", default="", help="a part of a measure's name")
    parser.add_argument("--write", action="store_true", help="keep the figures for the site's page")
    parser.add_argument("--busy", action="store_true", help="say that others were at work")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
