"""When the provider says to come back (spec/tables/hints.yaml; spec: cooldowns).

Here is how each form is read. A hint is a number of seconds from now: it may be zero or negative,
and what cannot be read is none.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from credpool.providers.data import Row, hints
from credpool.providers.reply import LONGEST_LIST, Reply, small
from credpool.providers.texts import duration, until

_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)
_GO_DURATION: Final = re.compile(r"([+-]?)((?:\d+(?:\.\d+)?(?:[num]s|[hms]))+)\Z")
_GO_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([num]s|[hms])")
_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")
_CLOCK: Final = r"\d\d:\d\d:\d\d"
_HTTP_DATE: Final = re.compile(
    rf"[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} {_CLOCK} GMT\Z"
    rf"|[A-Z][a-z]+, \d\d-[A-Z][a-z]{{2}}-\d\d {_CLOCK} GMT\Z"
    rf"|[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \d{{4}}\Z",
    re.ASCII,
)
_BETWEEN_VALUES: Final = re.compile(r",(?! *\d\d[ -][A-Z][a-z]{2}[ -])")
"""A comma that is not the one within a date."""

_RATELIMIT_VALUE: Final = r'\d+|:[^:]*:|"[^"]*"'
_RATELIMIT_PART: Final = re.compile(rf";([a-z]+)=({_RATELIMIT_VALUE})")
_RATELIMIT_ITEM: Final = re.compile(rf'"[^"]*"((?:;[a-z]+=(?:{_RATELIMIT_VALUE}))+)')
_RATELIMIT_LIST: Final = re.compile(
    rf"{_RATELIMIT_ITEM.pattern}(?:\s*,\s*{_RATELIMIT_ITEM.pattern})*\Z"
)
_ASCII_CASE: Final = re.IGNORECASE | re.ASCII
_MOMENT: Final = 1e9
_MOMENT_MS: Final = 1e12


def read_hint(reply: Reply, rule: object, *, now: float, zone: str | None = None) -> float | None:
    """Return the seconds until the provider says to come back, or None.

    Args:
        reply: the failing reply.
        rule: what the registry says of hints here: None (every row counts), `"none"`, the ids of
            the rows that count, in their order, or a calendar.
        now: seconds since the epoch, by the client's clock.
        zone: the provider's, for moments in its texts that name none.
    """
    there = server_time(reply.headers, now)
    match rule:
        case "none":  # spec: cooldown.hint.lies+2
            return None
        case {"calendar": str(name)}:
            return _until_date(name, there)
        case list() | tuple():
            rows = [_named()[str(name)] for name in rule]
        case _:
            rows = [*hints()]
    # spec: cooldown.hint.forms+2
    return next((s for row in rows if (s := _read(row, reply, there, zone)) is not None), None)


def server_time(headers: Mapping[str, str], now: float) -> float:
    """Return the provider's time, by which its moments are to be read."""
    date = headers.get("date")
    moment = None if date is None else _http_date(date, 0.0)
    return now if moment is None else moment  # spec: cooldown.skew+2


@cache
def _named() -> Mapping[str, Row]:
    return {str(row["id"]): row for row in hints()}


def _read(row: Row, reply: Reply, now: float, zone: str | None) -> float | None:
    """Return what one row of the table finds."""
    if row["where"] == "text":
        return _of_text(str(row["pattern"]), reply.message, now, zone)
    forms = [FORMS[str(name)] for name in _list(row["form"])]
    if "windows" in row:
        return _of_windows(row, forms, reply, now)
    if "name" in row:
        return _of_header(reply.headers.get(str(row["name"])), forms, now)
    values = _at(reply.data, str(row["path"]).split("."))
    return next((s for raw in values if (s := _parsed(raw, forms, now)) is not None), None)


def _of_header(value: str | None, forms: list["Form"], now: float) -> float | None:
    """Return what a header says; of several values in it, the longest."""
    whole = _parsed(value, forms, now)
    if whole is not None or value is None or _structured in forms:
        return whole
    values = (_parsed(part, forms, now) for part in _BETWEEN_VALUES.split(value))
    return max((seconds for seconds in values if seconds is not None), default=None)


def _of_text(pattern: str, message: str, now: float, zone: str | None) -> float | None:
    """Return the first duration or moment that stands where the pattern looks."""
    # spec: cooldown.hint.text+1
    for found in re.finditer(pattern, message, _ASCII_CASE):
        told = small(found[1])
        seconds = duration(told)
        seconds = until(told, zone, now) if seconds is None else seconds
        if seconds is not None:
            return seconds
    return None


def _at(data: object, path: list[str]) -> Iterator[object]:
    """Yield what stands at a path; `[]` behind a name means each item of a list."""
    if not path:
        yield data
        return
    step, *rest = path
    value = data.get(step.removesuffix("[]")) if isinstance(data, Mapping) else None
    for item in _list(value)[:LONGEST_LIST] if step.endswith("[]") else [value]:
        yield from _at(item, rest)


def _of_windows(row: Row, forms: list["Form"], reply: Reply, now: float) -> float | None:
    windows = [*_windows(row, reply.headers)]
    chosen = [reset for reset, state in windows if _spent(row["spent"], state)]
    if not chosen and row["otherwise"] == "largest":
        chosen = [reset for reset, _ in windows]
    resets = (_of_header(reply.headers.get(reset), forms, now) for reset in chosen)
    return max((seconds for seconds in resets if seconds is not None), default=None)


def _windows(row: Row, headers: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield each window's reset and the value of its state; `*` is any name without a hyphen."""
    for window in _list(row["windows"]):
        assert isinstance(window, Mapping), "the schema has an object here"
        before, star, behind = str(window["reset"]).partition("*")
        if not star:
            yield before, headers.get(window["state"])
        for name in headers if star else ():
            kind = name.removeprefix(before).removesuffix(behind)
            fits = name == before + kind + behind and kind and "-" not in kind
            if fits and kind not in _list(row.get("except")):  # spec: cooldown.hint.windows+1
                yield name, headers.get(window["state"].replace("*", kind))


def _spent(how: object, state: str | None) -> bool:
    match how, _number(state):
        case {"is": str(wanted)}, _:
            return state == wanted
        case {"at_most": float() | int() as most}, float(left):
            return left <= most
        case {"at_least": float() | int() as least}, float(used):
            return used >= least
        case _:
            return False


def _parsed(raw: object, forms: list["Form"], now: float) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    # a JSON number may have an exponent
    text = f"{raw:.9f}" if isinstance(raw, float) else str(raw)
    found = (form(text.strip(), now) for form in forms)
    return next((seconds for seconds in found if seconds is not None), None)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(text: str | None) -> float | None:
    if text is None or not _NUMBER.match(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


# How each form is read: text and the time in, seconds from now out.


def _seconds(text: str, _now: float) -> float | None:
    return _number(text)


def _milliseconds(text: str, _now: float) -> float | None:
    value = _number(text)
    return None if value is None else value / 1000


def _http_date(text: str, now: float) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  slow to import, rarely needed

    if not _HTTP_DATE.match(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC).timestamp() - now  # all three are in UTC


def _rfc3339(text: str, now: float) -> float | None:
    if not _RFC3339.match(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _epoch(text: str, now: float) -> float | None:
    value = _number(text)
    return value - now if value is not None and _MOMENT <= value < _MOMENT_MS else None


def _epoch_ms(text: str, now: float) -> float | None:
    value = _number(text)
    return value / 1000 - now if value is not None and value >= _MOMENT_MS else None


def _magnitude(text: str, now: float) -> float | None:
    value = _number(text)
    if value is None or value < _MOMENT:
        return value
    return _epoch(text, now) if value < _MOMENT_MS else _epoch_ms(text, now)


def _go_duration(text: str, _now: float) -> float | None:
    found = _GO_DURATION.match(text)
    if found is None:
        return None
    total = sum(float(n) * _UNITS[unit] for n, unit in _GO_PART.findall(found.group(2)))
    return -total if found.group(1) == "-" else total


def _protobuf_duration(text: str, _now: float) -> float | None:
    return _number(text[:-1]) if text.endswith("s") else None


def _structured(text: str, _now: float) -> float | None:
    if not _RATELIMIT_LIST.match(text):
        return None
    found = [dict(_RATELIMIT_PART.findall(parts)) for parts in _RATELIMIT_ITEM.findall(text)]
    timed = [f for f in found if _number(f.get("t")) is not None]
    spent = [f for f in timed if f.get("r") == "0"]
    return max((float(f["t"]) for f in spent or timed), default=None)


Form = Callable[[str, float], float | None]

FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "seconds": _seconds,
        "milliseconds": _milliseconds,
        "http-date": _http_date,
        "rfc3339": _rfc3339,
        "epoch": _epoch,
        "epoch-ms": _epoch_ms,
        "magnitude": _magnitude,
        "go-duration": _go_duration,
        "protobuf-duration": _protobuf_duration,
        "structured": _structured,
    }
)


def _until_date(name: str, now: float) -> float | None:
    try:
        return CALENDARS[name](now) - now
    except (ValueError, OverflowError):  # a `Date` at either end of the calendar
        return None


def _midnight_in_los_angeles(now: float) -> float:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  slow to import, rarely needed

    there = datetime.fromtimestamp(now, ZoneInfo("America/Los_Angeles"))
    tomorrow = (there + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.timestamp()


def _start_of_next_month(now: float) -> float:
    today = datetime.fromtimestamp(now, UTC)
    month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return month.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


CALENDARS: Final[Mapping[str, Callable[[float], float]]] = MappingProxyType(
    {
        "midnight America/Los_Angeles": _midnight_in_los_angeles,
        "month-start-utc": _start_of_next_month,
    }
)
