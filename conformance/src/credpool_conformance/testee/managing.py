"""Do what an operator does, and judge what comes of it (spec: operator).

A listing is compared with the specification's JSON Schema; what is wrong is told by its place.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache

import jsonschema

from credpool_conformance.data import find
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.scenarios.match import seconds
from credpool_conformance.scenarios.scenario import Expected, Manage
from credpool_conformance.testee.aliases import Aliases
from credpool_conformance.testee.observed import Observed
from credpool_conformance.testee.session import Answer

_REUSED = "managed, under an id that another entry has or had"


def managed(number: int, action: Manage, answer: Answer, aliases: Aliases) -> Observed:
    """Write down how a verb ended; an entry that was added has its name from now on."""
    said = fields(answer.content)
    if answer.kind == "refused":
        outcome = f"refused {text(said.get('code'))}"
        return Observed(number=number, outcome=outcome, message=text(said.get("message")))
    outcome = "managed"
    if action.newcomer and not aliases.call(text(said.get("entry")), action.newcomer.id):
        outcome = _REUSED
    if action.verb != "list":
        return Observed(number=number, outcome=outcome)
    return Observed(number=number, outcome=outcome, listing=_named(said, aliases))


def aspects(expect: Expected, seen: Observed, now: float) -> Iterator[tuple[str, Json, Json]]:
    """Yield what a refusal names, and what a listing shows."""
    named: Json = [n for n in expect.names if re.search(rf"\b{n}\b", seen.message)]
    yield "names", [*expect.names], named
    if seen.listing is not None:
        yield "listing", [], _faults(seen.listing)
        wanted = expect.listing
        yield "listing", [*wanted], [text(entry.get("id")) for entry in _entries(seen.listing)]
        for entry in _entries(seen.listing):
            told = fields(wanted.get(text(entry.get("id"))))
            yield "listing", told, {key: shown(entry, key, now) for key in told}


def _named(listing: Mapping[str, Json], aliases: Aliases) -> dict[str, Json]:
    """Rename the entries of a listing."""
    pools: list[Json] = []
    for pool in map(fields, items(listing.get("pools"))):
        entries: Json = [
            {**entry, "id": aliases.name(text(entry.get("id")))}
            for entry in map(fields, items(pool.get("entries")))
        ]
        pools.append({**pool, "entries": entries})
    return {**listing, "pools": pools}


def _entries(listing: Mapping[str, Json]) -> list[dict[str, Json]]:
    pools = map(fields, items(listing.get("pools")))
    return [fields(entry) for pool in pools for entry in items(pool.get("entries"))]


def shown(entry: Mapping[str, Json], key: str, now: float) -> Json:
    """Write what a listing has of an entry: a moment as seconds from now."""
    value = entry.get(key)
    if key in ("until", "login_ends_at"):
        return _moment(value, now)
    if key == "windows":
        told = {name: fields(window) for name, window in fields(value).items()}
        return {n: {**w, "resets_at": _moment(w.get("resets_at"), now)} for n, w in told.items()}
    return value


def _moment(value: Json, now: float) -> Json:
    return f"+{seconds(value - now)}" if isinstance(value, int | float) else value


def _faults(listing: Mapping[str, Json]) -> Json:
    return [f"{error.json_path}: {error.validator}" for error in _schema().iter_errors(listing)]


@cache
def _schema() -> jsonschema.Draft202012Validator:
    path = find().spec / "schemas" / "listing.schema.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
