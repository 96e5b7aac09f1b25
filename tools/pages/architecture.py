"""Fill the charts of the guide's page on architecture, from what the sources say.

The layers are those that import-linter keeps, in the library's `pyproject.toml`; what a failure
leads to comes from the decision table. The minimal pool, which stands first, is `minimal`'s to show.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

from tools.pages.minimal import minimal_regions
from tools.sources.regions import fill
from tools.sources.specification import Specification, table_rows
from tools.tables.recovery import outcomes

PAGE: Final = "docs/guide/architecture.md"

_CONTRACTS: Final = "reference_impl/pyproject.toml"
_LIBRARY: Final = "layers"


def architecture_page(spec: Specification) -> Mapping[str, str]:
    """Return the page with its charts, where there is one."""
    page, contracts = spec.root / PAGE, spec.root / _CONTRACTS
    if not page.exists() or not contracts.exists():
        return {}
    chart = layers_chart(contracts.read_text(encoding="utf-8"))
    contents = {"layers": chart, "outcomes": outcomes(table_rows(spec, "recovery"))}
    contents |= minimal_regions(spec)
    return {PAGE: fill(page.read_text(encoding="utf-8"), contents)}


def layers_chart(contracts: str) -> str:
    """Draw the layers of the library, each above those that it may import."""
    linter = tomllib.loads(contracts)["tool"]["importlinter"]
    layers = next(c["layers"] for c in linter["contracts"] if c["id"] == _LIBRARY)
    return "\n".join(["```mermaid", "flowchart TB", *_boxes(layers), "```"])


def _boxes(layers: list[str]) -> Iterator[str]:
    """Yield a box for each layer, with its modules side by side, and the arrows between them."""
    for number, layer in enumerate(layers):
        modules = [name.strip(" ()") for name in layer.split("|")]
        yield f'    l{number}["{" · ".join(modules)}"]'
    yield "    " + " --> ".join(f"l{number}" for number, _ in enumerate(layers))
