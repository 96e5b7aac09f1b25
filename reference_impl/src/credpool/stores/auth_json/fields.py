"""Read the fields of a JSON object, each as one type (spec: store).

What is wrong is told by kind and place; a value is never quoted, because it may be a secret.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from credpool.model.credential import bare
from credpool.model.secret import Secret

_KINDS: Final = MappingProxyType(
    {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
)
_MOST_BITS: Final = 4096
"""How long a whole number may be, so that one more can be written."""

LATEST: Final = 253402300799.0
"""The end of the year 9999, which is as late as a date can be written."""

_EARLIEST: Final = 0.001
_MILLISECONDS_FROM: Final = 1e12
"""A bare time above this is in milliseconds: as seconds it would be the year 33658."""


class Malformed(ValueError):
    """Something in the document is not what the format says it is."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


def kind(value: object) -> str:
    """Return what kind of JSON value this is, in words."""
    return "nothing" if value is None else _KINDS.get(type(value), "a number")


def to_seconds(name: str, value: object) -> float | None:
    """Return the time a field tells; None when it is not a time."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    except ValueError:
        return _from_iso(str(value))
    if not math.isfinite(seconds):
        return None
    in_milliseconds = name.endswith("_ms") or seconds > _MILLISECONDS_FROM  # spec: store.moments+2
    return min(seconds / 1000.0 if in_milliseconds else seconds, LATEST)


def in_form(name: str, like: object, seconds: float) -> float | int | str:
    """Return the time in the form of another value of that field; milliseconds are rounded down.

    Raises:
        ValueError, OverflowError: it is no finite time.
    """
    if math.isfinite(seconds):
        seconds = min(max(seconds, _EARLIEST), LATEST)
    if name.endswith("_ms"):
        nearest = round(seconds * 1000)
        return nearest - 1 if nearest / 1000.0 > seconds else nearest
    return datetime.fromtimestamp(seconds, UTC).isoformat() if isinstance(like, str) else seconds


def _from_iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # spec: store.moments+2
        return min(moment.timestamp(), LATEST)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Fields:
    """An object's fields; an absent one and a null are the same.

    Every reader raises `Malformed` when the value has another type.
    """

    where: str
    raw: Mapping[str, object]

    def refusal(self, name: str, expected: str) -> Malformed:
        """Return what to raise for that field."""
        found = kind(self.raw.get(name))
        return Malformed(f"{self.where}.{name}", f"expected {expected}, found {found}")

    def text(self, name: str) -> str | None:
        """Return a string that is not empty."""
        value = self.raw.get(name)
        if value is None or isinstance(value, str):
            return value or None
        raise self.refusal(name, "a string")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; an empty one when absent."""
        value = self.raw.get(name)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise self.refusal(name, "a list of strings")

    def secret(self, name: str) -> Secret | None:
        """Return a string that opens a door; of one that is blank there is none."""
        value = bare(self.text(name) or "")
        return Secret(value) if value else None

    def flag(self, name: str) -> bool:
        """Return true or false; false when absent."""
        value = self.raw.get(name)
        if value is None or isinstance(value, bool):
            return value is True
        raise self.refusal(name, "true or false")

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() <= _MOST_BITS:
                return value
            raise Malformed(f"{self.where}.{name}", "expected a whole number, found one too long")
        raise self.refusal(name, "a whole number")

    def time(self, name: str) -> float | None:
        """Return a time after the epoch, given in seconds, milliseconds or ISO 8601."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        seconds = to_seconds(name, value)
        if seconds is None:
            raise self.refusal(name, "seconds since the epoch or an ISO 8601 date")
        return seconds if seconds > 0 else None

    def latest(self, names: Iterable[str]) -> float | None:
        """Return the latest of several times, or None without one."""
        return max((at for at in map(self.time, names) if at is not None), default=None)

    def table(self, name: str) -> Mapping[str, object]:
        """Return an object; an empty one when absent."""
        value = self.raw.get(name)
        if value is None or isinstance(value, dict):
            return value or {}
        raise self.refusal(name, "an object")
