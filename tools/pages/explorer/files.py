"""Give the Explorer what it runs on: the modules of the JavaScript pool as they are, and the data.

Its own modules are written by hand, in `docs/assets/explorer/`; `pool/` and `data/` in there are
generated. A provider has a file of its own, which the page loads when it is chosen.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from tools.sources.requirements import ID
from tools.sources.specification import Specification, table_rows

FOLDER: Final = "docs/assets/explorer"
POOL: Final = f"{FOLDER}/pool"
DATA: Final = f"{FOLDER}/data"

_SOURCE: Final = "conformance/testees/javascript"
_FIRST: Final = "course.mjs"
_IMPORT: Final = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "\./([\w-]+\.mjs)";', re.MULTILINE)
_CITED: Final = re.compile(rf'"({ID})"')
_OF_PROVIDER: Final = ("title", "zone", "owner_headers", "in_band")
_OF_CREDENTIAL: Final = ("auth_type", "payer")
_OF_RULE: Final = (
    *("id", "when", "class", "scope", "hint", "cooldown"),
    *("source", "evidence", "verified", "example"),
)
_OF_HINT: Final = (
    *("id", "where", "name", "path", "pattern", "form"),
    *("windows", "spent", "except", "otherwise"),
)
_OF_CLASS: Final = ("class", "signal", "action", "then", "cooldown", "scope", "hint", "requirement")


def explorer_files(spec: Specification) -> Mapping[str, str]:
    """Return the generated modules and data, by their paths, where there is an Explorer."""
    if not (spec.root / FOLDER).is_dir():
        return {}
    modules = {f"{POOL}/{name}": source for name, source in pool_modules(spec.root).items()}
    providers = {name: _provider(fields(found.data)) for name, found in spec.registry.items()}
    return {
        **modules,
        f"{DATA}/tables.json": _json(_tables(spec)),
        **{f"{DATA}/{name}.json": _json(found) for name, found in providers.items()},
    }


def pool_modules(root: Path) -> Mapping[str, str]:
    """Read the module with the course of a call, and all that it imports."""
    sources: dict[str, str] = {}
    missing = [_FIRST]
    while missing:
        name = missing.pop()
        sources[name] = (root / _SOURCE / name).read_text(encoding="utf-8")
        missing += [found for found in _IMPORT.findall(sources[name]) if found not in sources]
    return dict(sorted(sources.items()))


def cited(root: Path) -> Iterator[str]:
    """Yield every id of a requirement that the Explorer's own modules name."""
    for path in sorted((root / FOLDER).glob("*.mjs")):
        yield from _CITED.findall(path.read_text(encoding="utf-8"))


def _tables(spec: Specification) -> Json:
    rows = [_only(row, _OF_CLASS) for row in table_rows(spec, "recovery")]
    hints = fields(spec.tables["hints"].data)
    named = {*cited(spec.root), *(text(row["requirement"]) for row in rows)}
    return {
        "providers": {n: text(fields(p.data).get("title")) for n, p in spec.registry.items()},
        "rows": [*rows],
        "hints": {
            **{name: hints[name] for name in ("grammar", "units", "zones")},
            "rows": [_only(row, _OF_HINT) for row in table_rows(spec, "hints")],
        },
        "in_band": [_only(row, ("code", "status")) for row in table_rows(spec, "in-band")],
        "requirements": {
            id_: [found.reference, found.chapter.removesuffix(".md"), found.text]
            for id_, found in spec.requirements.items()
            if id_ in named
        },
    }


def _provider(found: Mapping[str, Json]) -> dict[str, Json]:
    terminal = [_only(fields(one), ("codes",)) for one in items(found.get("terminal"))]
    credentials = [_only(fields(one), _OF_CREDENTIAL) for one in items(found.get("credentials"))]
    return {
        **_only(found, _OF_PROVIDER),
        "credentials": [*credentials],
        "terminal": [*terminal],
        "rules": [_only(fields(rule), _OF_RULE) for rule in items(found.get("rules"))],
    }


def _only(found: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: found[name] for name in names if name in found}


def _json(value: Json) -> str:
    """Write it as short as it can be: a reader of the page loads it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
