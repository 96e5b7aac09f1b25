"""Render the fields of `auth.json`: the chapter's tables, and the JSON Schema of the file.

Both come from `spec/tables/auth-json.yaml`.  Unknown fields are allowed at every level.
"""

from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.reporting.formats.markdown import table
from tools.sources.specification import Specification

SCHEMA_PATH: Final = "spec/schemas/auth.schema.json"

_NULL: Final = "null"
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("string",),
    "whole": ("integer",),
    "fraction": ("number",),
    "flag": ("boolean",),
    "seconds": ("number",),
    "milliseconds": ("number",),
    "date": ("string", "number"),
    "list": ("array",),
    "map": ("object",),
}
_IN_WORDS: Final[Mapping[str, str]] = {
    "whole": "integer",
    "fraction": "number",
    "flag": "true or false",
    "seconds": "seconds since the epoch",
    "milliseconds": "milliseconds since the epoch",
    "date": "ISO 8601 date",
}
_WHOSE: Final[Mapping[str, str]] = {"hermes": "Hermes Agent", "ours": "this specification"}


def auth_tables(spec: Specification) -> Mapping[str, str]:
    """Render the table of the document's fields, and that of a row's."""
    return {"auth-document": _table(spec, "document"), "auth-row": _table(spec, "rows")}


def auth_schema(spec: Specification) -> Json:
    """Make the JSON Schema that a written file is valid against; `{}` when there is no table."""
    document, rows = (_fields(spec, part) for part in ("document", "rows"))
    if not document:
        return {}
    pools: Json = {"type": "array", "items": {"$ref": "#/$defs/row"}}
    properties = _properties(document)
    properties["credential_pool"] = {"type": "object", "additionalProperties": pools}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "auth.schema.json",
        "title": f"auth.json, version 1, of {spec.name}",
        "$comment": "Generated from auth-json.yaml. What is not named here is allowed, and kept.",
        "type": "object",
        "required": ["version", "credential_pool"],
        "properties": properties,
        "$defs": {"row": {"type": "object", "properties": _properties(rows)}},
    }


def _fields(spec: Specification, part: str) -> list[dict[str, Json]]:
    document = spec.tables.get("auth-json")
    return [fields(row) for row in items(fields(document.data).get(part))] if document else []


def _properties(rows: list[dict[str, Json]]) -> dict[str, Json]:
    return {text(row.get("field")): _property(row) for row in rows}


def _property(row: Mapping[str, Json]) -> Json:
    allowed = [*_TYPES.get(text(row.get("type")), ()), _NULL]
    made: dict[str, Json] = {"description": _meaning(row), "type": [*allowed]}
    if row.get("values"):
        made["enum"] = [*items(row.get("values")), None]
    held = _properties([fields(inner) for inner in items(row.get("holds"))])
    if held and row.get("of"):  # another program may keep something else under a model's name
        made["additionalProperties"] = {"properties": held}
    elif held:
        made |= {"properties": held, "required": [*held]}
    return made


def _table(spec: Specification, part: str) -> str:
    header = ("field", "type, unit", "secret", "whose", "meaning")
    return table(
        header,
        [
            (
                f"`{text(row.get('field'))}`",
                _type(row),
                "yes" if row.get("secret") else "",
                _WHOSE.get(text(row.get("whose")), ""),
                _meaning(row),
            )
            for row in _fields(spec, part)
        ],
    )


def _type(row: Mapping[str, Json]) -> str:
    if row.get("values"):
        return ", ".join(f"`{value}`" for value in items(row.get("values")))
    held = ", ".join(f"`{text(fields(inner).get('field'))}`" for inner in items(row.get("holds")))
    kind = text(row.get("type"))
    if kind != "map":
        return _IN_WORDS.get(kind, kind)
    each = f"map by {text(row.get('of'))}" if row.get("of") else ""
    return " of ".join(filter(None, (each, held)))


def _meaning(row: Mapping[str, Json]) -> str:
    return " ".join(text(row.get("meaning")).split())
