"""Put the data beside the site's pages: every table as YAML and JSON, and every schema.

Each file has a fixed address, `data/NAME`, and the `$id` of a schema is that name.
A reader that holds the folder can resolve each `$ref` within it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.problems import Problem
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.specification import Specification

FOLDER: Final = "docs/data"
PAGE: Final = "docs/reference/data.md"

_SCHEMAS: Final = (
    ("spec/schemas", ""),
    ("conformance/src/credpool_conformance/schemas", ""),
    ("conformance/src/credpool_conformance/schemas/protocol", "protocol-"),
)
"""Where schemas are, and how their names on the site begin."""

_DIALECT: Final = re.compile(r'(\A\{\s*"\$schema": "[^"]*",\n)(?!\s*"\$id")')
_REGISTRY: Final = "Every provider: its credentials, and what its failing replies mean."
_REQUIREMENTS: Final = "Every requirement: its sentence, its intent, and what breaks without it."
_CELLS: Final = "Every case of a failure: what the call does, and what happens to the entry."
_SCENARIOS: Final = "Every check of the suite, with its tables expanded."
_RESULTS: Final = (
    ("gallery.json", "Pools that others wrote"),
    ("goodput.json", "How much of what accounts have each strategy turns into answers"),
    ("hosts.json", "What a server sees of the hosts that share a pool"),
)
_INTRODUCTION: Final = """\
# Data

The specification's tables, and the schemas of everything that is exchanged, as files at fixed addresses.
A schema's `$id` is its name here, and each `$ref` leads to a file of this page.
"""


def site_data(spec: Specification) -> dict[str, str]:
    """Render the tables, the registry and the schemas, by their paths from the root."""
    return {f"{FOLDER}/{name}": content for name, content in _files(spec)}


def data_page(spec: Specification) -> str:
    """Render the list of all files of the folder."""
    titles = {name: str(json.loads(text).get("title")) for name, text in _schemas(spec)}
    tables = [
        (f"{_link(f'{name}.json')}, {_link(f'{name}.yaml')}", _heading(spec, document.path))
        for name, document in spec.tables.items()
    ]
    whole = (
        ("registry", _REGISTRY),
        ("requirements", _REQUIREMENTS),
        ("scenarios", _SCENARIOS),
        *((("cells", _CELLS),) if "refinements" in spec.tables else ()),
    )
    tables += [(_link(f"{name}.json"), means) for name, means in whole]
    protocol = [name for name in titles if name.startswith("protocol-")]
    rest = [name for name in titles if name not in protocol]
    return "\n".join(
        [
            _INTRODUCTION,
            _section("Tables", [(link, means) for link, means in tables]),
            _section("Schemas", [(_link(name), titles[name]) for name in rest]),
            _section(
                "Messages of the testee protocol",
                [(_link(name), titles[name]) for name in protocol],
            ),
            _section("Results", [(_link(name), means) for name, means in _RESULTS]),
        ]
    )


def address_problems(spec: Specification) -> Iterator[Problem]:
    """Find schemas whose `$id` is another than their address."""
    for path, name in _schema_paths(spec.root):
        written = json.loads(path.read_text(encoding="utf-8")).get("$id", name)
        if written != name:
            where = path.relative_to(spec.root).as_posix()
            fix = f"write {name!r}, or leave it out"
            yield Problem(where, 1, f"its $id {written!r} is not its address on the site", fix)


def _files(spec: Specification) -> Iterator[tuple[str, str]]:
    for name, document in spec.tables.items():
        yield f"{name}.yaml", (spec.root / document.path).read_text(encoding="utf-8")
        yield f"{name}.json", _json(document.data)
    providers: dict[str, Json] = {name: document.data for name, document in spec.registry.items()}
    registry: Json = {"spec": spec.name, "version": spec.version, "providers": providers}
    yield "registry.json", _json(registry)
    yield from _schemas(spec)


def _schemas(spec: Specification) -> Iterator[tuple[str, str]]:
    for path, name in _schema_paths(spec.root):
        source = path.read_text(encoding="utf-8")
        yield name, _DIALECT.sub(rf'\g<1>  "$id": "{name}",\n', source)


def _schema_paths(root: Path) -> Iterator[tuple[Path, str]]:
    for folder, prefix in _SCHEMAS:
        for path in sorted((root / folder).glob("*.json")):
            yield path, prefix + path.name


def _heading(spec: Specification, path: str) -> str:
    first = (spec.root / path).read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# ")


def _section(title: str, rows: list[tuple[str, str]]) -> str:
    return f"## {title}\n\n{table(('file', 'what it is'), rows)}\n"


def _link(name: str) -> str:
    return f"[`{name}`](../data/{name})"


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
