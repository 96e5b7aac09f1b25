"""Write the page on goodput, and its plots, from what was measured."""

import json
from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, number, text
from credpool_conformance.reporting.formats.markdown import table
from tools.goodput.plots import bars
from tools.sources.regions import fill
from tools.sources.specification import Specification

PAGE: Final = "docs/guide/goodput.md"
DATA: Final = "docs/data/goodput.json"
ENOUGH: Final = 0.98

_STRATEGIES: Final = ("fill_first", "round_robin", "least_used", "random", "quota_aware")
_SPENDING: Final = "quota_aware, avoid_below_fraction 0.05"


def goodput_page(spec: Specification) -> Mapping[str, str]:
    """Return the page with its tables, where there is one."""
    page = spec.root / PAGE
    if not page.exists():
        return {}
    regions = {f"goodput-{name}": _measures(row) for name, row in _workloads(spec).items()}
    return {PAGE: fill(page.read_text("utf-8"), {"goodput": _overview(spec), **regions})}


def goodput_drawings(spec: Specification) -> Mapping[str, str]:
    """Draw a plot for each workload, by its name."""
    return {
        f"goodput-{name}": bars({policy: _number(fields(run)["goodput"]) for policy, run in runs})
        for name, row in _workloads(spec).items()
        for runs in ([(policy, run) for policy, run in fields(row["runs"]).items()],)
    }


def _overview(spec: Specification) -> str:
    rows = []
    for name, row in _workloads(spec).items():
        goodput = {p: _number(fields(run)["goodput"]) for p, run in fields(row["runs"]).items()}
        best = max(goodput, key=lambda policy: goodput[policy])
        asked = (goodput.get(policy) for policy in (*_STRATEGIES, _SPENDING))
        cells = ("–" if found is None else f"{found:.3f}" for found in asked)
        held = f"{goodput[best]:.3f}" + ("" if goodput[best] >= ENOUGH else " (below 0.98)")
        rows.append((f"[`{name}`](#{name})", f"{_number(row['load']):.0%}", *cells, held))
    header = (*("workload", "load"), *(f"`{name}`" for name in _STRATEGIES), "to 0.05", "best")
    return table(header, rows)


def _measures(row: Mapping[str, Json]) -> str:
    rows = [
        (
            policy.replace("quota_aware,", "`quota_aware`,").replace(
                "fill_first,", "`fill_first`,"
            ),
            f"{_number(run['goodput']):.3f}",
            f"{_number(run['wasted']):.1%}",
            f"{_number(run['waited']):.1%}",
            f"{_number(run['read_again']):.1%}",
            f"{_number(run['money']):,.0f}",
        )
        for policy, run in ((policy, fields(run)) for policy, run in fields(row["runs"]).items())
    ]
    header = ("policy", "goodput", "wasted", "waited", "read again", "money")
    title = f"{text(row['title'])}, for {_number(row['days']):g} days.\n"
    return f"{title}\n{table(header, rows)}"


def _workloads(spec: Specification) -> Mapping[str, Mapping[str, Json]]:
    path = spec.root / DATA
    if not path.exists():
        return {}
    found = fields(fields(json.loads(path.read_text("utf-8")))["workloads"])
    return {name: fields(row) for name, row in found.items()}


def _number(value: Json) -> float:
    found = number(value)
    assert found is not None, "it was measured"
    return found
