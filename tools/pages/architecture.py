"""Draw the charts of the guide's page on architecture, and fill it with the minimal pool.

The layers are those that import-linter keeps, in the library's `pyproject.toml`.
The minimal pool, which stands first, is `minimal`'s to show.
"""

import tomllib
from collections.abc import Mapping
from typing import Final

from tools.diagrams.library_charts import (
    credentials_chart,
    idea_chart,
    layers_chart,
    one_call_chart,
)
from tools.pages.minimal import minimal_regions
from tools.sources.regions import fill
from tools.sources.specification import Specification

PAGE: Final = "docs/guide/architecture.md"

_CONTRACTS: Final = "reference_impl/pyproject.toml"
_LIBRARY: Final = "layers"


def architecture_page(spec: Specification) -> Mapping[str, str]:
    """Return the page, where there is one."""
    page = spec.root / PAGE
    if not page.exists():
        return {}
    return {PAGE: fill(page.read_text(encoding="utf-8"), minimal_regions(spec))}


def architecture_drawings(spec: Specification) -> Mapping[str, str]:
    """Draw the page's charts, where there is a library; by their names."""
    contracts = spec.root / _CONTRACTS
    if not contracts.exists():
        return {}
    linter = tomllib.loads(contracts.read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(c["layers"] for c in linter["contracts"] if c["id"] == _LIBRARY)
    return {
        "idea": idea_chart(),
        "credentials": credentials_chart(),
        "one-call": one_call_chart(),
        "layers": layers_chart(layers),
    }
