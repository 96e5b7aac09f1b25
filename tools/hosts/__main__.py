"""Simulate every published plan, and keep the figures for the page.

python -m tools.hosts [PART …], of usual, storm, changed and eased
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from credpool.simulate.hosts import Fleet, simulate_hosts
from credpool_conformance.json_values import Json
from tools.hosts.page import DATA
from tools.hosts.plans import CHANGED, EASED, HOSTS, SEED, STORMS, USUAL, row

ROOT: Final = Path(__file__).parents[2]
_NAMES: Final = [str(n) for n in HOSTS]
PARTS: Final[Mapping[str, Mapping[str, Fleet]]] = MappingProxyType(
    {
        "usual": dict(zip(_NAMES, USUAL, strict=True)),
        "storm": dict(zip(_NAMES, STORMS, strict=True)),
        "changed": CHANGED,
        "eased": EASED,
    }
)


def main(wanted: list[str]) -> int:
    """Simulate the wanted parts, or all, and write the data."""
    path = ROOT / DATA
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for part, fleets in PARTS.items():
        if part in (wanted or PARTS):
            found[part] = _rows(fleets)
    document = {"version": 1, "seed": SEED, **{part: found[part] for part in PARTS}}
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


def _rows(fleets: Mapping[str, Fleet]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, fleet in fleets.items():
        found[name] = row(fleet, simulate_hosts(fleet, seed=SEED))
        sys.stderr.write(f"{name}: {found[name]}\n")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
