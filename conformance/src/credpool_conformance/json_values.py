"""Values as JSON has them, and readers that never fail: a wrong shape is the schema's to report."""

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def fields(value: Json) -> dict[str, Json]:
    """Read a mapping, or none."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """Read a list; a single value is a list of one, nothing is an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text(value: Json) -> str:
    """Read a string, or the empty one."""
    return value if isinstance(value, str) else ""


def number(value: Json) -> float | None:
    """Read a number, or nothing."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
