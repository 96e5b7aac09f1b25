"""Write the tables of the page on many hosts, from what was measured and simulated."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from credpool.simulate.hosts.costs import PATH as WIRE
from credpool.simulate.hosts.costs import SIZES
from credpool_conformance.json_values import Json, fields, items, number, text
from credpool_conformance.reporting.formats.markdown import table
from tools.goodput.plots import Goal, bars
from tools.sources.regions import fill
from tools.sources.specification import Specification

PAGE: Final = "docs/guide/many-hosts.md"
DATA: Final = "docs/data/hosts.json"

Row = Mapping[str, Json]

_KILOBYTE: Final = 1000
_HALF: Final = Goal(at=0.5, label="half of the thread's time", written=".1%", below=True)


def hosts_page(spec: Specification) -> Mapping[str, str]:
    """Return the page with its tables, where there is one."""
    page = spec.root / PAGE
    if not page.exists():
        return {}
    found = fields(json.loads((spec.root / DATA).read_text("utf-8")))
    wire = fields(json.loads((spec.root / WIRE).read_text("utf-8")))
    regions = {
        "wire": _wire(wire),
        "server-times": _times(wire),
        "usual": table(("hosts", *_USUAL), [*_usual(fields(found["usual"]))]),
        "storm": table(("hosts", *_STORM), [*_storm(fields(found["storm"]))]),
        "changed": table(("1,000 hosts, with", *_USUAL), [*_usual(fields(found["changed"]))]),
        "eased": table(("1,000 hosts, with", *_STORM), [*_storm(fields(found["eased"]))]),
        "breaks": _breaks(found, wire),
    }
    return {PAGE: fill(page.read_text("utf-8"), regions)}


def hosts_drawings(spec: Specification) -> Mapping[str, str]:
    """Draw how busy the server's thread is with each plan."""
    if not (spec.root / DATA).exists():
        return {}
    found = fields(json.loads((spec.root / DATA).read_text("utf-8")))
    rows = {f"{_named(name)} hosts": run for name, run in fields(found["usual"]).items()}
    rows |= {name.replace("`", ""): run for name, run in fields(found["changed"]).items()}
    del rows["as above"]
    busy = {name: _n(fields(run)["busy"]) for name, run in rows.items()}
    return {"many-hosts": bars(busy, _HALF)}


# What was measured.


def _wire(document: Row) -> str:
    sizes = [fields(fields(document["entries"])[str(size)]) for size in SIZES]
    rows = []
    for name in sizes[0]:
        costs = [fields(size[name]) for size in sizes]
        ways = (f"{_n(c['in']):,.0f} / {_n(c['out']):,.0f}" for c in costs)
        rows.append((name, _commands(costs[0]), *ways))
    header = ("operation", "command", *(f"{size} entries, in / out" for size in SIZES))
    return table(header, rows)


def _commands(cost: Row) -> str:
    found = (
        f"`{name.upper().replace('|', ' ')}`" + (f" × {_n(n):.0f}" if _n(n) > 1 else "")
        for name, n in fields(cost["commands"]).items()
    )
    return ", ".join(found) or "–"


def _times(document: Row) -> str:
    spent = fields(document["microseconds"])
    rows = [(name, f"{_n(value):.1f}") for name, value in spent.items()]
    return table((f"Redis {text(document['server'])}", "microseconds of work"), rows)


# What breaks.


def _breaks(found: Row, wire: Row) -> str:
    """Say what breaks first, with its figures."""
    changed, eased = fields(found["changed"]), fields(found["eased"])
    usual, more, spread, storm = (
        fields(part[name])
        for part, name in (
            (changed, "as above"),
            (changed, "2,000 hosts in place of 1,000"),
            (changed, "requests spread over 100 entries"),
            (eased, "an owner with 800 entries"),
        )
    )
    whole = fields(fields(fields(wire["entries"])["800"])["read a change of all"])
    return _BREAKS.format(
        usual=_busy(_n(usual["busy"])),
        notices=f"{_n(usual['notices']):,.0f}",
        more=_busy(_n(more["busy"])),
        replays=f"{_n(more['replays_each']):,.0f}",
        spread=_busy(_n(spread["busy"])),
        waited=f"{_n(items(spread['waited'])[1]):,.0f}",
        whole=f"{_n(whole['out']) / _KILOBYTE:,.0f}",
        away=f"{_n(storm['away']):,.0f}",
        lost=f"{_n(storm['lost']):,.0f}",
    )


_BREAKS: Final = """\
1. **The server's thread, with requests that are spread.** `fill_first` keeps it busy for {usual} of its time. With any strategy that spreads requests over 100 entries it is {spread}: each cooldown brings the counts of all entries along, and each host reads them. A request that has to read first then waits up to {waited} ms (p99).
2. **The server's thread, with more hosts.** Hosts make the changes, and each change is told to all hosts, so notices grow with the square of their number: {notices} a second with 1,000 hosts. With 2,000 the thread is busy for {more} of its time, and a change is made again {replays} times until it fits.
3. **The network, when all entries of a large owner go out at once.** With 800 of them each host reads {whole} kB for one change. A thousand hosts fill the link for longer than `timeout`: {away} questions go without an answer, and {lost} changes fail with `StoreUnwritable`."""


# What was simulated.

_USUAL: Final = (
    "commands/s",
    "notices/s",
    "kB/s in",
    "kB/s out",
    "thread busy",
    "made again, each change",
    "late, ms (p50 / p99 / max)",
    "wasted, each exhausted entry",
)
_STORM: Final = (
    "refused on the way",
    "wasted",
    "changes",
    "made again",
    "kB/s in",
    "kB/s out",
    "late, ms (p50 / p99 / max)",
    "longest queue",
    "without an answer",
    "quiet after",
)


def _usual(rows: Row) -> Iterator[tuple[str, ...]]:
    for name, run in ((name, fields(run)) for name, run in rows.items()):
        yield (
            _named(name),
            f"{_n(run['commands']):,.0f}",
            f"{_n(run['notices']):,.0f}",
            *_kilobytes(run),
            _busy(_n(run["busy"])),
            f"{_n(run['replays_each']):.2f}",
            _late(run),
            f"{_n(run['blind']):,.1f}" if _n(run["hosts"]) > 1 else "–",
        )


def _storm(rows: Row) -> Iterator[tuple[str, ...]]:
    for name, run in ((name, fields(run)) for name, run in rows.items()):
        yield (
            _named(name),
            f"{_n(run['under_way']):,.0f}",
            f"{_n(run['blind']):,.1f}",
            f"{_n(run['changes']):,.0f}",
            f"{_n(run['replays']):,.0f}",
            *_kilobytes(run),
            _late(run),
            f"{_n(run['queue']):,.0f} ms",
            f"{_n(run['away']):,.0f}",
            f"{_n(run['quiet']):.1f} s",
        )


def _named(name: str) -> str:
    return f"{int(name):,}" if name.isdigit() else name


def _kilobytes(run: Row) -> Iterator[str]:
    for way in ("in", "out"):
        yield f"{_n(run[way]) / _KILOBYTE:,.1f}"


def _busy(part: float) -> str:
    """Write a part of the thread's time; all of it is too much."""
    return f"{part:.1%}" if part < 1 else f"**{part:.0%}**"


def _late(run: Row) -> str:
    if _n(run["hosts"]) <= 1:
        return "–"
    return " / ".join(f"{_n(value):,.1f}" for value in items(run["late"]))


def _n(value: Json) -> float:
    found = number(value)
    assert found is not None, "it was measured"
    return found
