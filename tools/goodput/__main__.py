"""Measure every published workload, and keep the figures for the page.

python -m tools.goodput [--only WORKLOAD]
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Final

from credpool import Policy, Strategy
from credpool.simulate import WORKLOADS, Measures, Workload, bound, simulate
from credpool.simulate.workload import DAY
from credpool_conformance.json_values import Json
from tools.goodput.page import DATA

ROOT: Final = Path(__file__).parents[2]
SEEDS: Final = (0, 1)
_PLANS: Final = "plans"
_FRACTIONS: Final = (0.0, 0.05, 0.1)
_FLEET: Final = "fleet"
_KEYS: Final = "keys"
_WAITS: Final = (0.0, 30.0, 60.0)
_SPENDING: Final = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the data."""
    parser = argparse.ArgumentParser(description="Measure every published workload.")
    parser.add_argument("--only", choices=[workload.name for workload in WORKLOADS])
    only = parser.parse_args(arguments).only
    logging.disable(logging.CRITICAL)
    for workload in WORKLOADS:
        if only in (None, workload.name):
            _keep(workload.name, _measured(workload))
    return 0


def _keep(name: str, measured: dict[str, Json]) -> None:
    path = ROOT / DATA
    known = json.loads(path.read_text("utf-8"))["workloads"] if path.exists() else {}
    known[name] = measured
    ordered = {w.name: known[w.name] for w in WORKLOADS if w.name in known}
    document = {"version": 1, "seeds": [*SEEDS], "workloads": ordered}
    path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def _measured(workload: Workload) -> dict[str, Json]:
    tried = {strategy.value: (strategy, Policy()) for strategy in Strategy}
    for fraction in _FRACTIONS if workload.name == _PLANS else (_SPENDING,):
        name = f"quota_aware, avoid_below_fraction {fraction:g}"
        tried[name] = (Strategy.QUOTA_AWARE, Policy(avoid_below_fraction=fraction))
    if workload.name == _KEYS:
        for wait in _WAITS:
            name = f"fill_first, max_retry_wait {wait:g}"
            tried[name] = (Strategy.FILL_FIRST, Policy(max_retry_wait=wait))
    if workload.name == _FLEET:
        del tried[Strategy.FILL_FIRST.value]  # its refusals take hours to simulate
    bounds = [bound(workload, seed) for seed in SEEDS]
    runs: dict[str, Json] = {}
    for name, (strategy, policy) in tried.items():
        found = [simulate(workload, strategy=strategy, policy=policy, seed=s) for s in SEEDS]
        goodput = [b.goodput(run) for b, run in zip(bounds, found, strict=True)]
        runs[name] = {"goodput": round(mean(goodput), 4), **_means(workload, found)}
        sys.stderr.write(f"{workload.name}, {name}: {runs[name]}\n")
    return {
        "title": workload.title,
        "days": round(workload.seconds / DAY, 3),
        "load": round(mean(b.asked / b.limits for b in bounds), 3),
        "runs": runs,
    }


def _means(workload: Workload, runs: Sequence[Measures]) -> dict[str, Json]:
    return {
        "wasted": round(mean(run.wasted / run.answered for run in runs), 4),
        "waited": round(mean(run.waited(workload) for run in runs), 4),
        "read_again": round(mean(run.read_again for run in runs), 4),
        "money": round(mean(run.money for run in runs), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
