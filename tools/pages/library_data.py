"""Render the registry as JSON for the library, so that it needs no YAML.

The prose of a rule (its source, its example) stays in the registry and on the site.
"""

from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from tools.sources.specification import Specification
from tools.tables.billing import disputed, statement

PATH: Final = "reference_impl/src/credpool/providers/registry.json"
BILLING_PATH: Final = "reference_impl/src/credpool/cli/talk/billing.json"
SOURCES_PATH: Final = "reference_impl/src/credpool/cli/replies/sources.json"

_PROVIDER: Final = (
    "title",
    "base_url",
    "zone",
    "credential_query",
    "credentials",
    "owner_headers",
    "in_band",
)
_HINT: Final = (
    "id",
    "where",
    "name",
    "windows",
    "except",
    "spent",
    "otherwise",
    "path",
    "pattern",
    "form",
)
_WORDS: Final = ("grammar", "units", "zones")
_QUOTA: Final = ("id", "window", "left", "except", "reset")
_IN_BAND: Final = ("code", "status")
_EVIDENCE: Final = ("source", "evidence", "verified")
_RULE: Final = ("id", "when", "class", "scope", "cooldown", "hint")


def registry(spec: Specification) -> Json:
    """Return the providers with their rules, and the rows on hints and on quota."""
    providers: dict[str, Json] = {}
    for name, document in spec.registry.items():
        data = fields(document.data)
        rules: list[Json] = [_pick(fields(rule), _RULE) for rule in items(data.get("rules"))]
        ways: list[Json] = [_way(fields(way)) for way in items(data.get("credentials"))]
        gone = [code for row in items(data.get("terminal")) for code in items(fields(row)["codes"])]
        known = _pick(data, _PROVIDER) | ({"terminal": gone} if gone else {})
        providers[name] = {**known, "credentials": ways, "rules": rules}
    hints: list[Json] = [_pick(fields(row), _HINT) for row in _rows(spec, "hints")]
    quota: list[Json] = [_pick(fields(row), _QUOTA) for row in _rows(spec, "quota")]
    told: list[Json] = [_pick(fields(row), _IN_BAND) for row in _rows(spec, "in-band")]
    table = spec.tables.get("hints")
    words = _pick(fields(table.data) if table else {}, _WORDS)
    return {"providers": providers, "hints": hints, "words": words, "quota": quota, "in_band": told}


def sources(spec: Specification) -> Json:
    """Return where each rule is, where it is from, how it is known, and of which day that is."""
    return {
        f"{name}/{text(rule.get('id'))}": [document.path, *(rule.get(key) for key in _EVIDENCE)]
        for name, document in spec.registry.items()
        for rule in map(fields, items(fields(document.data).get("rules")))
    }


def billing(spec: Specification) -> Json:
    """Return the brief billing notes: what a person is told of a credential."""
    notes: dict[str, Json] = {}
    for row in map(fields, _rows(spec, "billing")):
        if row.get("brief") is True:
            told: Json = [text(row.get("credential")), statement(row)]
            name = text(row.get("provider"))
            notes[name] = [*items(notes.get(name)), told]
    return {"notes": notes, "disputed": [[*key] for key in disputed(spec)]}


def _rows(spec: Specification, name: str) -> list[Json]:
    table = spec.tables.get(name)
    return items(fields(table.data).get("rows")) if table else []


def _pick(data: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: data[name] for name in names if name in data}


def _way(credential: Mapping[str, Json]) -> dict[str, Json]:
    """Return a credential without its prose; of its aliases the names alone."""
    way = {name: value for name, value in credential.items() if name != "note"}
    if "question" in way:
        way["question"] = _pick(fields(way["question"]), ("path", "headers"))
    names: list[Json] = [fields(alias)["name"] for alias in items(credential.get("aliases"))]
    return {**way, "aliases": names} if names else way
