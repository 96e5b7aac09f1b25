"""Make one scenario of each row of a `table:` or `for_each:`, replacing `${name}`.

A string that is nothing but `${name}` becomes the row's value, whatever its type.
The keys of a mapping named `$with` come into the mapping around it, which may replace them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.specification.documents import Document, Where
from credpool_conformance.specification.registry import Registry

_NAME: Final = re.compile(r"\$\{([a-z_][a-z0-9_]*)\}")
_WITH: Final = "$with"
_CASE_KEYS: Final = ("case", "id", "name", "class")
_B: Final = "b ok deliver"
# spec: cooldown.clamp+2
_SHORTEST: Final = 1
_PATIENCE: Final = 10  # the policy's max_retry_wait
_LONGEST: Final = 31 * 86400
_ENOUGH: Final = 0.20  # the policy's avoid_below_fraction


def expand(
    document: Document, where: Where, raw: Mapping[str, Json], registry: Registry
) -> Iterator[dict[str, Json]]:
    """Yield the scenarios that one text stands for.

    Raises: BadInputError when a name is unknown or there is no row.
    """
    actions = _actions(registry)
    for row in [{**leads_to(row, actions), **row} for row in _rows(document, where, raw, registry)]:
        body = {key: value for key, value in raw.items() if key not in ("table", "for_each")}
        expanded = fields(_fill(document, where, body, row))
        if "case" in row:
            expanded["id"] = f"{text(expanded.get('id'))}:{row['case']}"
        yield expanded


def _rows(
    document: Document, where: Where, raw: Mapping[str, Json], registry: Registry
) -> Iterator[dict[str, Json]]:
    if "table" in raw:
        yield from (fields(row) for row in items(raw["table"]))
        return
    if "for_each" not in raw:
        yield {}
        return
    spec = fields(raw["for_each"])
    found = _registry_rows(registry) if "registry" in spec else _table_rows(spec, registry)
    kept = [row for row in found if _matches(row, fields(spec.get("where")))]
    if not kept:
        fix = "name a table of spec/tables/ with rows that match"
        problem = document.problem((*where, "for_each"), "`for_each` finds no row", fix)
        raise BadInputError([problem])
    yield from kept


def _decisions(registry: Registry) -> Mapping[str, dict[str, Json]]:
    recovery = registry.tables.get("recovery")
    rows = map(fields, items(fields(recovery.data).get("rows") if recovery else None))
    return {text(row.get("class")): row for row in rows}


def _actions(registry: Registry) -> Mapping[str, str]:
    return {name: text(row.get("action")) for name, row in _decisions(registry).items()}


def leads_to(row: Mapping[str, Json], actions: Mapping[str, str]) -> dict[str, Json]:
    """Say what a reply of the row's class leads to, when `a` gets it always and `b` is healthy.

    `steps`, `requests` and `ends` are of a first call, `next_steps` and `next_ends` of a second one.
    """
    name, status = text(row.get("class")), row.get("status")
    told, fails, well = f"a {name}", f"delivered {status}", "delivered 200"
    ended: dict[str, Json] = {"steps": [f"{told} deliver"], "requests": ["a"], "ends": fails}
    moved: dict[str, Json] = {"steps": [f"{told} rotate", _B], "requests": ["a", "b"], "ends": well}
    match actions.get(name):
        case "deliver":
            return {**ended, "next_steps": [f"{told} deliver"], "next_ends": fails}
        case "try-next":
            steps: Json = [f"{told} try-next", _B]
            return {**moved, "steps": steps, "next_steps": steps, "next_ends": well}
        case "rotate":
            return {**moved, "next_steps": [_B], "next_ends": well}
        case "retry":
            ways: Json = {
                "one_of": [[f"{told} rotate", _B], [f"{told} retry", f"{told} rotate", _B]]
            }
            wire: Json = {"one_of": [["a", "b"], ["a", "a", "b"]]}
            return {**moved, "steps": ways, "requests": wire, "next_steps": [_B], "next_ends": well}
        case _:
            return {}


def _registry_rows(registry: Registry) -> Iterator[dict[str, Json]]:
    decisions = _decisions(registry)
    for example in registry.examples.values():
        decided = {**decisions.get(example.failure_class, {}), **example.fields}
        usual_type = registry.provider(example.provider).auth_type
        hint = example.reply.get("hint")
        yield {
            **{key: decided.get(key) for key in ("action", "then", "cooldown", "scope")},
            "case": example.name,
            "provider": example.provider,
            "rule": example.rule,
            "class": example.failure_class,
            "example": example.name,
            "hint": hint,
            "hinted": isinstance(hint, int | float),
            "patient": hint <= _PATIENCE if isinstance(hint, int | float) else None,
            "status": example.reply.get("status"),
            "auth_type": example.reply.get("auth_type") or usual_type,
        }


def _table_rows(spec: Mapping[str, Json], registry: Registry) -> Iterator[dict[str, Json]]:
    table = registry.tables.get(text(spec.get("table")))
    rows = [fields(row) for row in items(fields(table.data).get("rows") if table else None)]
    key = text(spec.get("case"))
    for row in rows:
        case = row.get(key) if key else next((row[k] for k in _CASE_KEYS if k in row), None)
        inner = items(row.get(text(spec.get("each")))) if "each" in spec else [None]
        for number, example in enumerate(inner, 1):
            suffix = f"-{number}" if len(inner) > 1 else ""
            told = {**_hint(fields(example)), **_turns(fields(example))}
            yield {**row, **told, "case": f"{case}{suffix}"}


def _hint(example: Mapping[str, Json]) -> dict[str, Json]:
    """Spread the reply of a hint's example, and say what remains of the hint when it is clamped."""
    if "reply" not in example:
        return {**example}
    reply, told = fields(example["reply"]), example.get("seconds")
    hinted = isinstance(told, int | float)
    return {
        "provider": "generic",
        **example,
        "headers": fields(reply.get("headers")),
        "body": reply.get("body", {}),
        "hinted": hinted,
        "clamped": min(max(told, _SHORTEST), _LONGEST) if isinstance(told, int | float) else None,
    }


def _turns(example: Mapping[str, Json]) -> dict[str, Json]:
    """Say who is used after `a` has told what an example of a quota holds, and `b` nothing."""
    left = example.get("left")
    if not isinstance(left, int | float):
        return {"second": "a", "third": "b"}  # nobody has told anything: they take turns
    kept = "a" if left >= _ENOUGH else "b"
    return {"second": kept, "third": kept}


def _matches(row: Mapping[str, Json], wanted: Mapping[str, Json]) -> bool:
    return all(row.get(key) in items(value) for key, value in wanted.items())


def _fill(document: Document, where: Where, value: Json, row: Mapping[str, Json]) -> Json:
    match value:
        case dict():
            filled = {
                str(_fill(document, where, key, row)): _fill(document, (*where, key), item, row)
                for key, item in value.items()
            }
            return {**fields(filled.pop(_WITH, None)), **filled}
        case list():
            return [_fill(document, (*where, i), item, row) for i, item in enumerate(value)]
        case str() if "${" in value:
            return _fill_text(document, where, value, row)
        case _:
            return value


def _fill_text(document: Document, where: Where, value: str, row: Mapping[str, Json]) -> Json:
    unknown = [name for name in _NAME.findall(value) if name not in row]
    if unknown:
        fix = f"use one of: {', '.join(sorted(row)) or 'nothing; there is no table'}"
        problem: Problem = document.problem(where, f"unknown name ${{{unknown[0]}}}", fix)
        raise BadInputError([problem])
    whole = _NAME.fullmatch(value)
    if whole:
        return row[whole[1]]
    return _NAME.sub(lambda found: str(row[found[1]]), value)
