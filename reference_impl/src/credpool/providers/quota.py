"""The remaining quota of an entry, as the provider's replies tell (spec: scopes and money).

The rows are the specification's (spec/tables/quota.yaml); here is how they are read.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from credpool.model.state import Window, Windows
from credpool.providers.data import quota
from credpool.providers.hints import FORMS, server_time

_NUMBER: Final = re.compile(r"\d+(\.\d+)?\Z")


def read_windows(headers: Mapping[str, str], *, now: float) -> dict[str, Window]:
    """Return the windows that a reply tells of, by the ids of their rows; names are lower-case."""
    names = _names()
    told = {n: v for n, v in headers.items() if n in names}
    if not told:
        return {}
    # spec: quota.forms+3
    return {str(row["id"]): found for row in quota() if (found := _window(row, told, headers, now))}


def remaining(windows: Windows, *, now: float) -> float | None:
    """Return the least fraction that is left in any window, or None when nothing is known."""
    # spec: select.quota-aware.most-left+3, quota.reset+1
    return min((w.left if w.until > now else 1.0 for w in windows.values()), default=None)


def next_reset(windows: Windows, *, now: float) -> float:
    """Return the moment at which the first of the windows is whole again."""
    return min((w.until for w in windows.values() if w.until > now), default=math.inf)


def _window(
    row: Mapping[str, object], told: Mapping[str, str], headers: Mapping[str, str], now: float
) -> Window | None:
    left, there = _left(row, told), server_time(headers, now)
    found = (_seconds(reset, told, there) for reset in _resets(row))
    seconds = next((s for s in found if s is not None), None)
    if left is None or seconds is None:
        return None
    return Window(min(max(left, 0.0), 1.0), now + seconds)


def _left(row: Mapping[str, object], told: Mapping[str, str]) -> float | None:
    """Return the fraction that is left, which may be below zero."""
    left = _parts(row)
    if "used" in left:
        used = _number(told.get(left["used"]))
        return None if used is None else 1 - used / float(left["of"])
    some, whole = _number(told.get(left["remaining"])), _number(told.get(left["limit"]))
    return some / whole if some is not None and whole else None


def _parts(row: Mapping[str, object]) -> Mapping[str, str]:
    left = row["left"]
    assert isinstance(left, Mapping), "the table's schema says so"
    return {str(name): str(value) for name, value in left.items()}


def _resets(row: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    resets = row.get("reset")
    yield from resets if isinstance(resets, list | tuple) else ()


def _seconds(reset: Mapping[str, object], told: Mapping[str, str], now: float) -> float | None:
    form, value = FORMS[str(reset["form"])], told.get(str(reset["name"]))
    return None if value is None else form(value.strip(), now)


def _number(value: str | None) -> float | None:
    return float(value) if value is not None and _NUMBER.match(value.strip()) else None


def _names_in(row: Mapping[str, object]) -> Iterator[str]:
    yield from (value for name, value in _parts(row).items() if name != "of")
    yield from (str(reset["name"]) for reset in _resets(row))


@cache
def _names() -> frozenset[str]:
    return frozenset(name for row in quota() for name in _names_in(row))
