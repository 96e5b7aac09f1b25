"""The verb that simulates a workload. It reads no pool, and sends nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Final

import click

from credpool.cli.session import Session, session
from credpool.cli.talk import render
from credpool.cli.talk.options import common
from credpool.events.report import Json
from credpool.model.policy import Strategy
from credpool.model.text import did_you_mean
from credpool.simulate import WORKLOADS, Bound, Measures, Workload, bound, read_workload, simulate
from credpool.simulate.workload import DAY

_NAMES: Final = {workload.name: workload for workload in WORKLOADS}
_STRATEGIES: Final = [strategy.value for strategy in Strategy]
_HEADING: Final = (
    "strategy     goodput   answered  wasted   waited  longest   read again      money"
)


@click.command("simulate")
@common
@click.option(
    "--workload",
    required=True,
    metavar="NAME|FILE",
    help=f"One of {', '.join(_NAMES)}, or a file in JSON.",
)
@click.option(
    "--strategy",
    "strategies",
    type=click.Choice(_STRATEGIES),
    multiple=True,
    help="How the pool chooses; may be repeated. Without it, all are tried.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed, the same run.")
@click.option("--days", type=click.FloatRange(0, 3650, min_open=True), help="For how long.")
@session
def simulate_(
    session: Session, workload: str, strategies: tuple[str, ...], seed: int, days: float | None
) -> None:
    """Say how well a pool would spend what its accounts have.

    Agents call in virtual time, and the pool chooses by the rules that it has at work.
    Goodput is the part of the theoretical capacity that became answers: what the agents ask for where
    nothing limits them, as far as all limits together allow it. No run can exceed it.
    """
    meant = _meant(workload)
    meant = meant if days is None else replace(meant, seconds=days * DAY)
    most = bound(meant, seed)
    chosen = [Strategy(name) for name in strategies] or [*Strategy]
    runs = ((strategy, simulate(meant, strategy=strategy, seed=seed)) for strategy in chosen)
    if session.as_json:
        render.as_json(_document(meant, most, seed, [*runs]))
        return
    click.echo(f"{meant.title}, {meant.seconds / DAY:g} days")
    click.echo(f"asked for {most.asked:.4g} tokens, limits {most.limits:.4g}\n\n{_HEADING}")
    for row in _rows(meant, most, runs):
        click.echo(row)


def _meant(workload: str) -> Workload:
    """Return the workload of a name or a file.

    Raises:
        BadInput: the file has none.
        BadParameter: there is neither.
    """
    if workload in _NAMES:
        return _NAMES[workload]
    if not Path(workload).is_file():
        guess = did_you_mean(workload, [*_NAMES])
        raise click.BadParameter(f"{workload!r} is no workload and no file{guess}")
    return read_workload(Path(workload))


def _rows(
    workload: Workload, most: Bound, runs: Iterator[tuple[Strategy, Measures]]
) -> Iterator[str]:
    for strategy, run in runs:
        yield (
            f"{strategy.value:<12} {most.goodput(run):7.3f} {run.answered:>10} {run.wasted:>7} "
            f"{run.waited(workload):7.2%} {run.wait(1):7.0f}s {run.read_again:11.1%} {run.money:>10.0f}"
        )


def _document(
    workload: Workload, most: Bound, seed: int, runs: Sequence[tuple[Strategy, Measures]]
) -> dict[str, Json]:
    return {
        "version": 1,
        "workload": workload.name,
        "title": workload.title,
        "days": workload.seconds / DAY,
        "seed": seed,
        "asked": round(most.asked),
        "limits": round(most.limits) if isfinite(most.limits) else None,
        "capacity": round(most.capacity),
        "runs": [_run(workload, most, strategy, run) for strategy, run in runs],
    }


def _run(workload: Workload, most: Bound, strategy: Strategy, run: Measures) -> dict[str, Json]:
    return {
        "strategy": strategy.value,
        "goodput": round(most.goodput(run), 4),
        "calls": run.calls,
        "answered": run.answered,
        "requests": run.requests,
        "wasted": run.wasted,
        "refused": {failure.value: n for failure, n in sorted(run.refused.items(), key=str)},
        "waited": round(run.waited(workload), 6),
        "longest_wait": round(run.wait(1.0), 3),
        "read_again": round(run.read_again, 4),
        "money": round(run.money, 2),
        "by_owner": dict(run.by_owner),
    }
