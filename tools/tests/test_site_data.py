"""The data of the site: complete, at its addresses, and valid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tools.sources.specification import load
from tools.tables.site_data import address_problems, data_page

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / "docs" / "data"
SCHEMAS = sorted(path.name for path in DATA.glob("*.schema.json"))
TABLES = sorted(path.stem for path in (REPOSITORY / "spec" / "tables").glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    """Return what a file of the folder holds."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def references(schema: object) -> Iterator[str]:
    """Yield every `$ref` of a schema."""
    match schema:
        case dict():
            if isinstance(found := schema.get("$ref"), str):
                yield found
            for part in schema.values():
                yield from references(part)
        case list():
            for part in schema:
                yield from references(part)


def known() -> Registry[Any]:
    """Return all schemas of the folder by their ids."""
    return Registry().with_resources((name, Resource.from_contents(read(name))) for name in SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_sound_and_complete_within_the_folder(name: str) -> None:
    """Its id is its address, it has a title, and each of its references leads to something."""
    schema, resolver = read(name), known().resolver(base_uri=name)

    Draft202012Validator.check_schema(schema)

    assert schema["$id"] == name
    assert schema["title"]
    for reference in references(schema):
        assert resolver.lookup(reference).contents


def test_a_reference_that_leads_nowhere_would_be_seen() -> None:
    """The references are found."""
    found = [reference for name in SCHEMAS for reference in references(read(name))]

    assert "#/$defs/check" in found
    assert len(found) >= 20


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_there_as_json_and_valid(name: str) -> None:
    """It holds what the YAML holds, and its schema is beside it."""
    source = (REPOSITORY / "spec" / "tables" / f"{name}.yaml").read_text(encoding="utf-8")
    table, schema = read(f"{name}.json"), read(f"{name}.schema.json")

    problems = [*Draft202012Validator(schema, registry=known()).iter_errors(table)]

    assert table == yaml.safe_load(source)
    assert problems == []


def test_every_provider_is_valid() -> None:
    """The registry is one document, and its schema is that of a provider."""
    validator = Draft202012Validator(read("registry.schema.json"), registry=known())
    providers = read("registry.json")["providers"]

    assert len(providers) >= 20
    assert [p for p in providers.values() if not validator.is_valid(p)] == []


def test_every_schema_of_the_suite_is_there() -> None:
    """The messages of the protocol have a name that says what they are."""
    folder = REPOSITORY / "conformance" / "src" / "credpool_conformance" / "schemas"
    messages = {f"protocol-{path.name}" for path in (folder / "protocol").glob("*.json")}
    own = {path.name for path in folder.glob("*.json")}
    specified = {path.name for path in (REPOSITORY / "spec" / "schemas").glob("*.json")}

    assert len(messages) >= 18
    assert {*messages, *own, *specified} == {*SCHEMAS}


def test_the_page_lists_every_file() -> None:
    """Who looks for a table or a schema finds it on one page."""
    page = data_page(load(REPOSITORY))

    assert [path.name for path in DATA.iterdir() if f"(../data/{path.name})" not in page] == []


def test_an_id_that_is_no_address_is_found(tmp_path: Path) -> None:
    """A schema that names another address is named, with the right one."""
    folder = tmp_path / "spec" / "schemas"
    folder.mkdir(parents=True)
    (folder / "hints.schema.json").write_text('{"$id": "tips.schema.json"}', encoding="utf-8")

    problems = [*address_problems(load(tmp_path))]

    assert [(p.path, "hints.schema.json" in p.fix) for p in problems] == [
        ("spec/schemas/hints.schema.json", True)
    ]
