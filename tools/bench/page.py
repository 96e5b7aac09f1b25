"""The site's page of speed: the figures of the last whole run, its budgets and its plots.

The run's figures are kept in `figures.json`; nothing is measured here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from credpool_conformance.reporting.formats.markdown import table
from tools.bench import words
from tools.bench.budgets import Judged, judged
from tools.bench.figures import Figure
from tools.bench.plots import Row, plot
from tools.bench.setting import OURS
from tools.diagrams.svg import FOLDER, figure

PAGE: Final = "docs/speed.md"
DATA: Final = "tools/bench/figures.json"
_TAILS: Final = ("p50", "p99", "p999")
_PLOTS: Final = {
    "speed-choosing": ("Choosing one entry", "p50, p99 and p99.9", ("select.",), _TAILS),
    "speed-sending": (
        "A call, over the same client without a pool",
        "median ratio",
        ("send.",),
        ("ratio",),
    ),
    "speed-keeping": (
        "A durable change, over the least that is durable",
        "median ratio",
        ("change.", "follow.", "processes."),
        ("ratio",),
    ),
    "speed-starting": (
        "Imports and the command, over what they are compared with",
        "ratio of CPU time",
        ("start.",),
        ("cpu_ratio",),
    ),
}
_HEAD: Final = """\
# Speed

Every claim of speed on this site is a figure of this page, and the page comes from one run of one command:

```sh
nox -s bench -- --write    # measures, judges, and keeps the figures for this page
nox -s bench -- --quick    # within a minute, without the peers; CI runs it
```

What is compared is measured in turn, within one process and one run, so that a slower machine changes the times and hardly the ratios.
The times are of this machine, and are here for their order of magnitude; the ratios have the budgets.
The server answers from a process of its own on the loopback address; each peer has an environment of its own, with its defaults.
"""
_BUSY: Final = """\
!!! warning "Measured while others used the machine"

    The run shared both cores with other work.
    Medians of ratios stand; percentiles above the median, and rates, are worse than on a quiet machine.
"""


def speed_files(root: Path) -> Mapping[str, str]:
    """Return the page and its drawings, by their paths; nothing, where no run was kept."""
    data = root / DATA
    if not data.exists():
        return {}
    run = json.loads(data.read_text("utf-8"))
    figures = [Figure(**told) for told in run["figures"]]
    drawn = {
        f"{FOLDER}/{name}.svg": plot(rows, _scale(marks)) + "\n"
        for name, (_, _, ids, marks) in _PLOTS.items()
        if (rows := _rows(figures, ids, marks))
    }
    return {PAGE: _page(run, figures, drawn), **drawn}


def _page(run: Mapping[str, object], figures: Sequence[Figure], drawn: Mapping[str, str]) -> str:
    parts = [_HEAD.rstrip(), _machine(run), *([_BUSY.rstrip()] if run["busy"] else ())]
    parts += ["## Budgets", _budgets([*judged(figures, quick=False)])]
    for name, (title, what, ids, _) in _PLOTS.items():
        where = f"{FOLDER}/{name}.svg"
        parts.append(f"## {title}")
        if where in drawn:
            parts.append(figure(f'--8<-- "{where}"', f"{title}: {what}"))
            parts.append(
                f"A full dot is the median; of several, the rings are p99 and p99.9. Shown: {what}."
            )
        parts.append(_figures([f for f in figures if f.id.startswith(ids)]))
    others = [
        f for f in figures if not f.id.startswith(tuple(i for p in _PLOTS.values() for i in p[2]))
    ]
    return "\n\n".join([*parts, "## More", _figures(others)]) + "\n"


def _machine(run: Mapping[str, object]) -> str:
    versions = run["versions"]
    assert isinstance(versions, dict)
    rows = [
        ("date", str(run["date"])),
        ("machine", f"{run['processor']}, {run['cores']} cores, {run['system']}"),
        ("load when it began", str(run["load"])),
        *(
            (name, ", ".join(f"{n} {v}" for n, v in found.items()))
            for name, found in versions.items()
        ),
    ]
    return table(("what", "in this run"), rows)


def _budgets(verdicts: Sequence[Judged]) -> str:
    rows = [
        (
            verdict.budget.what,
            verdict.budget.issue,
            verdict.budget.bound,
            f"{verdict.found:,.2f}".removesuffix(".00"),
            verdict.word
            if verdict.word == "kept"
            else f"**{verdict.word}** {verdict.budget.missed}",
        )
        for verdict in verdicts
    ]
    return table(("budget", "as it was asked for", "bound", "found", "kept or missed"), rows)


def _figures(figures: Sequence[Figure]) -> str:
    rows = [(figure.subject, figure.what, *_told(figure)) for figure in figures]
    return table(("pool", "what", "times", "compared"), rows)


def _told(figure: Figure) -> tuple[str, str]:
    times = [*_written(figure, ("p50", "p99", "p999", "mean", "slowest"))]
    if "p50" not in figure.values:
        times = [*_written(figure, ("cpu", "rate", "count", "status", "grown", "each"))]
    names = ("ratio", "cpu_ratio", "mean_ratio", "each_ratio", "wasted", "writes", "errors", "lost")
    return "<br>".join(times), "<br>".join(_written(figure, names))


def _written(figure: Figure, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name in figure.values:
            yield f"{words.NAMES.get(name, name)} {words.value(name, figure.values[name])}"


def _rows(figures: Sequence[Figure], ids: tuple[str, ...], marks: Sequence[str]) -> Sequence[Row]:
    return [
        Row(
            label=f"{figure.subject}: {figure.id}",
            values=[figure.values[mark] for mark in marks],
            ours=figure.subject == OURS,
        )
        for figure in figures
        if figure.id.startswith(ids) and all(figure.values.get(mark) for mark in marks)
    ]


def _scale(marks: Sequence[str]) -> "words.Writes":
    return words.time if marks == _TAILS else words.times
