"""Measure, print, judge: `nox -s bench`, `nox -s bench -- --quick`.

The exit status is 1 when a budget is not kept that is not known as missed, or is missed by more.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tools.bench.budgets import judged
from tools.bench.figures import Figure
from tools.bench.machine import machine, versions
from tools.bench.measures import choosing, keeping, sending, starting
from tools.bench.page import DATA
from tools.bench.setting import Setting, setting
from tools.bench.words import shown

Measure = Callable[[Setting], Iterator[Figure]]

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
    figures: list[Figure] = []
    with setting(asked.peers, quick=asked.quick) as place:
        about = {**machine(), "versions": versions(place), "busy": asked.busy}
        print(json.dumps(about), flush=True)
        for figure in _measured(place, asked.only):
            figures.append(figure)
            if asked.write:
                _keep({**about, "figures": [asdict(one) for one in figures]})
    verdicts = [*judged(figures, quick=asked.quick)]
    for verdict in verdicts:
        budget = verdict.budget
        print(f"{verdict.word:<7}{verdict.found:>9.2f}  {budget.bound:<8} {budget.what}")
    return 1 if any(verdict.word == "WORSE" for verdict in verdicts) else 0


def _keep(run: Mapping[str, object]) -> None:
    Path(DATA).write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _measured(place: Setting, only: str) -> Iterator[Figure]:
    begun = time.monotonic()
    for measure in QUICK if place.quick else WHOLE:
        if only in measure.__name__:
            for figure in measure(place):
                print(f"{time.monotonic() - begun:5.0f} s  {shown(figure)}", flush=True)
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
