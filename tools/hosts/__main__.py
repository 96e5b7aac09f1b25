"""Simulate every published plan, and keep the figures for the page.

python -m tools.hosts
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from credpool.simulate.hosts import Fleet, simulate_hosts
from credpool_conformance.json_values import Json
from tools.hosts.page import DATA
from tools.hosts.plans import CHANGED, EASED, HOSTS, SEED, STORMS, USUAL, row

ROOT: Final = Path(__file__).parents[2]


def main() -> int:
    """Simulate, and write the data."""
    names = [str(n) for n in HOSTS]
    document = {
        "version": 1,
        "seed": SEED,
        "usual": _rows(dict(zip(names, USUAL, strict=True))),
        "storm": _rows(dict(zip(names, STORMS, strict=True))),
        "changed": _rows(CHANGED),
        "eased": _rows(EASED),
    }
    (ROOT / DATA).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


def _rows(fleets: Mapping[str, Fleet]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, fleet in fleets.items():
        found[name] = row(fleet, simulate_hosts(fleet, seed=SEED))
        sys.stderr.write(f"{name}: {found[name]}\n")
    return found


if __name__ == "__main__":
    sys.exit(main())
