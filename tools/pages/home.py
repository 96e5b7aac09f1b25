"""Fill the site's first page with who passes the suite, and with what version this is."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.regions import fill
from tools.sources.specification import Specification

PAGE: Final = "docs/index.md"

_GALLERY: Final = "docs/data/gallery.json"
_LIBRARY: Final = "reference_impl/pyproject.toml"
_OURS: Final = """\
Three pools of this repository pass, and CI says so with every change: the [library](conformance/report.md), the [minimal pool](guide/minimal.md), and one in JavaScript, `conformance/testees/javascript/`.
Pools that others wrote were made before the specification, for purposes of their own; [the gallery](conformance/gallery.md) has each difference, with what it means for a user."""


def home_page(spec: Specification) -> Mapping[str, str]:
    """Return the page, where there is one."""
    page, gallery = spec.root / PAGE, spec.root / _GALLERY
    if not page.exists() or not gallery.exists():
        return {}
    pools = items(fields(json.loads(gallery.read_text(encoding="utf-8"))).get("pools"))
    contents = {
        "who-passes": "\n\n".join([_OURS, _judged([fields(pool) for pool in pools])]),
        "version": _version(spec),
    }
    return {PAGE: fill(page.read_text(encoding="utf-8"), contents)}


def _judged(pools: list[Mapping[str, Json]]) -> str:
    rows = []
    for pool in pools:
        counts, failing = fields(pool.get("counts")), items(pool.get("failing"))
        rows.append(
            (
                f"[{text(pool.get('name'))}](conformance/gallery.md#{_anchor(pool)})",
                text(pool.get("version")),
                str(counts.get("pass", 0)),
                str(counts.get("fail", 0)),
                f"{len(failing)} requirements",
                text(pool.get("date")),
            )
        )
    return table(("pool", "version", "checks passed", "failed", "that broke", "on"), rows)


def _anchor(pool: Mapping[str, Json]) -> str:
    """Return the id that the site gives to the pool's heading."""
    title = f"{text(pool.get('name'))} {text(pool.get('version'))}".lower()
    return "".join(c for c in title if c.isalnum() or c in " -").replace(" ", "-")


def _version(spec: Specification) -> str:
    library = Path(spec.root / _LIBRARY).read_text(encoding="utf-8")
    version = tomllib.loads(library)["project"]["version"]
    return (
        f"Version {version} of the library, {spec.version} of the specification, "
        "under the MIT licence; [what changed](changelog.md). "
        "The source of the library, the suite and this site is one repository: "
        "[how to take part](contributing.md)."
    )
