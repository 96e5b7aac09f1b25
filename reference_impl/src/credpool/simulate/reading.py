"""A workload that a person has written: JSON, with the names of `Workload`."""

import json
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Final, get_args, get_type_hints

from credpool.model.errors import BadInput
from credpool.simulate.workload import Agents, Plan, Workload

_LIMIT: Final = ("a name", "tokens", "seconds")
_MOST_BYTES: Final = 1 << 20


def read_workload(path: Path) -> Workload:
    """Read a workload from a file.

    Raises:
        BadInput: it cannot be read, or is none; the message says where.
    """
    try:
        with path.open(encoding="utf-8") as file:
            document = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError) as err:
        raise BadInput(f"{path}: expected a workload in JSON; {err}") from err
    return workload_of(document)


def workload_of(document: object) -> Workload:
    """Make a workload of what JSON holds.

    Raises:
        BadInput: it is none.
    """
    top = _mapping(document, "the workload", Workload)
    plans = top.get("plans")
    if not isinstance(plans, list):
        raise BadInput("the workload: expected `plans`, a list")
    agents = _mapping(top.get("agents"), "agents", Agents)
    values = {**top, "agents": Agents(**_checked(agents, "agents", Agents))}  # type: ignore[arg-type]
    values["plans"] = [_plan(plan, f"plans, {n}") for n, plan in enumerate(plans, start=1)]
    values.setdefault("title", values.get("name", ""))
    for name in ("seconds", "cached", "cache_seconds"):
        if name in values and not _is_number(values[name]):
            raise BadInput(f"the workload: expected a number for `{name}`")
    if not isinstance(values.get("name"), str) or not isinstance(values["title"], str):
        raise BadInput("the workload: expected a `name`")
    return Workload(**values)  # type: ignore[arg-type]


def _plan(document: object, where: str) -> Plan:
    given = dict(_mapping(document, where, Plan))
    for name, form in (("buckets", _LIMIT), ("windows", _LIMIT), ("begun", ("used", "ends"))):
        rows = given.get(name, [])
        if not isinstance(rows, list) or not all(_is_row(row, form) for row in rows):
            raise BadInput(f"{where}: expected a list of [{', '.join(form)}] for `{name}`")
        given[name] = [tuple(row) for row in rows]
    return Plan(**_checked(given, where, Plan))  # type: ignore[arg-type]


def _mapping(document: object, where: str, kind: type) -> Mapping[str, object]:
    """Return a document whose names are those of a class."""
    if not isinstance(document, Mapping):
        raise BadInput(f"{where}: expected names with values")
    known = {field.name for field in fields(kind)}
    unknown = sorted({str(name) for name in document} - known)
    if unknown:
        raise BadInput(f"{where}: there is no `{unknown[0]}`; known are {_listed(known)}")
    return {str(name): value for name, value in document.items()}


def _checked(given: Mapping[str, object], where: str, kind: type) -> Mapping[str, object]:
    """Return the values if the numbers are numbers and nothing is missing."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        needed = field.default is field.default_factory  # both are missing
        value = given.get(field.name, None if needed else field.default)
        numeric = bool({int, float} & {*kinds})
        if numeric and not (_is_number(value) or (value is None and type(None) in kinds)):
            raise BadInput(f"{where}: expected a number for `{field.name}`")
        if hint is str and not isinstance(value, str):
            raise BadInput(f"{where}: expected a text for `{field.name}`")
    return given


def _is_row(row: object, form: Collection[str]) -> bool:
    if not isinstance(row, list) or len(row) != len(form):
        return False
    return all(
        isinstance(v, str) if "name" in f else _is_number(v) for v, f in zip(row, form, strict=True)
    )


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and 0 <= float(str(value)) < 1e15


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
