"""Write a value of a table as people read it."""

from typing import Final

from credpool_conformance.json_values import Json

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SHORT: Final = 2  # below this many of a unit the next smaller one reads better: 24 h, not 1 d


def duration(value: Json) -> str:
    """Write a cooldown as people say it."""
    if not isinstance(value, int | float):
        return "until re-authenticated" if value == "forever" else "—"
    for seconds, unit in _UNITS:
        if value % seconds == 0 and (value >= _SHORT * seconds or unit != "d"):
            return f"{value // seconds:g} {unit}"
    return f"{value:g} s"


def scalar(value: Json) -> str:
    """Write a value of a table's cell."""
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(scalar(item) for item in value)
        case dict():
            return ", ".join(f"{key}: {scalar(item)}" for key, item in value.items())
        case _:
            return str(value)
