"""When a reply says to come back: the table of hints, and its forms (spec/cooldowns.md).

Each row of the table names a place and the forms in which it can be read. A form is a function from
text to a number, and raises `ValueError` for what it cannot read. Moments are counted from the
provider's clock, so a hint is always a number of seconds from now; it may be zero or negative.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_tz
from typing import Any
from zoneinfo import ZoneInfo

from minimal.classify import Reply, at
from minimal.rules import Rule, hint_table

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
TIME = r"\d\d:\d\d:\d\d"
HTTP_DATE = re.compile(
    rf"[A-Z][a-z]+, \d\d( [A-Z][a-z]+ \d{{4}}|-[A-Z][a-z]+-\d\d) {TIME} GMT"
    rf"|[A-Z][a-z]+ [A-Z][a-z]+ [ \d]\d {TIME} \d{{4}}",
    re.ASCII,
)
RFC3339 = re.compile(rf"\d{{4}}-\d\d-\d\dT{TIME}(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|us|ns|m|s)")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LIST_STRING = r'"(?:[^"\\]|\\.)*"'
LIST_ITEM = re.compile(rf"(?:{LIST_STRING}|[\w*:/.-]+)((?:;[a-z*][\w*.-]*(?:={LIST_STRING}|=[^\s;,]+)?)*)")
LIST_NUMBER = re.compile(r";([rt])=([0-9.]+)(?=;|$)")


def hint_of(reply: Reply, rule: Rule, *, now: float) -> float | None:
    """Return in how many seconds the provider says to come back, or None."""
    # spec: cooldown.skew+2
    ahead = seconds_in(reply.headers.get("date", ""), ["http-date"], now)
    clock = now + (ahead or 0)
    match rule.hint:  # spec: cooldown.hint.lies+2
        case "none":
            return None
        case {"calendar": str(name)}:
            return next_in_calendar(name, clock) - clock
        case None:
            rows = [*hint_table().values()]
        case names:
            rows = [hint_table()[name] for name in names]
    found = (READERS[row["where"]](row, reply, clock) for row in rows)
    return next((hint for hint in found if hint is not None), None)  # spec: cooldown.hint.forms+2


# Where a row looks.


def in_header(row: Mapping[str, Any], reply: Reply, clock: float) -> float | None:
    """Read a header, or the windows that several headers describe."""
    if "name" in row:
        return longest(reply.headers.get(row["name"]), row["form"], clock)
    read = [
        (seconds, is_spent(row["spent"], reply.headers.get(window["state"], "")))
        for window in row["windows"]
        if (seconds := longest(reply.headers.get(window["reset"]), row["form"], clock)) is not None
    ]
    chosen = [seconds for seconds, spent in read if spent]
    if not chosen and row["otherwise"] == "largest":
        chosen = [seconds for seconds, _ in read]
    return max(chosen, default=None)


def in_body(row: Mapping[str, Any], reply: Reply, clock: float) -> float | None:
    """Read the first of the body's values that can be read."""
    values = (as_text(value) for value in at(reply.data, row["path"]))
    found = (seconds_in(value, row["form"], clock) for value in values)
    return next((seconds for seconds in found if seconds is not None), None)


def in_message(row: Mapping[str, Any], reply: Reply, clock: float) -> float | None:
    """Read what the row's pattern finds in the message."""
    found = re.search(row["pattern"], reply.message)
    if found is None:
        return None
    return seconds_in(" ".join(filter(None, found.groups())), row["form"], clock)


READERS = {"header": in_header, "body": in_body, "text": in_message}


def longest(header: str | None, forms: Sequence[str], clock: float) -> float | None:
    """Return the longest of the values that a header holds, by commas; a date has one, too."""
    pieces = (header or "").split(",")
    pairs = [",".join(pair) for pair in zip(pieces, pieces[1:], strict=False)]
    values = [header or ""] if "structured" in forms else pieces + pairs
    found = (seconds_in(value, forms, clock) for value in values)
    return max((seconds for seconds in found if seconds is not None), default=None)


def is_spent(spent: Mapping[str, Any], state: str) -> bool:
    """Whether a window's state is what the table calls spent."""
    with suppress(ValueError):
        match spent:
            case {"is": word}:
                return state == str(word)
            case {"at_most": bound}:
                return number(state) <= float(bound)
            case {"at_least": bound}:
                return number(state) >= float(bound)
    return False


# How a value is read.


def seconds_in(value: str, forms: Sequence[str], clock: float) -> float | None:
    """Return how many seconds from now a value means, by the first form that can read it."""
    text = value.strip(" \t\r\n")
    for form in (name for form in forms for name in ALIASES.get(form, [form])):
        with suppress(ValueError, OverflowError):
            return MOMENTS[form](text) - clock if form in MOMENTS else DURATIONS[form](text)
    return None


def as_text(value: object) -> str:
    """Return a value of a JSON document as the text that the forms read."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(str(value)):f}"
    return value if isinstance(value, str) else ""


def number(text: str) -> float:
    """Read a decimal number."""
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def go_duration(text: str) -> float:
    """Read numbers with units, such as `6m0s`."""
    bare = text[1:] if text.startswith(("+", "-")) else text
    parts = DURATION_PART.findall(bare)
    if not parts or "".join(map("".join, parts)) != bare:
        raise ValueError(text)
    total = sum(float(count) * UNITS[unit] for count, unit in parts)
    return -total if text.startswith("-") else total


def protobuf_duration(text: str) -> float:
    """Read a decimal number and the letter s."""
    if not text.endswith("s"):
        raise ValueError(text)
    return number(text[:-1])


def structured(text: str) -> float:
    """Read a RateLimit list: the largest `t` where `r` is 0, else of all."""
    items = [*listed(text)]
    spent = [item for item in items if item.get("r") == 0]
    return max(item["t"] for item in spent or items if "t" in item)


def listed(text: str) -> Iterator[Mapping[str, float]]:
    """Yield the items of a list with what they say as `r` and `t`."""
    rest = text
    while rest:
        found = LIST_ITEM.match(rest)
        rest = rest[found.end() :].lstrip() if found else "?"
        if found is None or (rest and not rest.startswith(",")):
            raise ValueError(text)
        yield {key: number(value) for key, value in LIST_NUMBER.findall(found[1])}
        rest = rest[1:].lstrip()


def epoch(text: str, least: float = 1e9, below: float = 1e12) -> float:
    """Read a moment that is a number."""
    if not least <= number(text) < below:
        raise ValueError(text)
    return number(text)


def http_date(text: str) -> float:
    """Read a date of RFC 9110 in one of its three forms."""
    found = parsedate_tz(text) if HTTP_DATE.fullmatch(text) else None
    if found is None:
        raise ValueError(text)
    return datetime(*found[:6], tzinfo=UTC).timestamp()


def rfc3339(text: str) -> float:
    """Read a date and time with its offset."""
    if not RFC3339.fullmatch(text.upper()):
        raise ValueError(text)
    return datetime.fromisoformat(text.upper()).timestamp()


def calendar(text: str) -> float:
    """Read a date, and a time if there is one, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def next_in_calendar(name: str, clock: float) -> float:
    """Return the first of next month in UTC, or the next midnight in a zone."""
    if name == "month-start-utc":
        today = datetime.fromtimestamp(clock, UTC)
        return datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=UTC).timestamp()
    zone = ZoneInfo(name.removeprefix("midnight "))
    tomorrow = datetime.fromtimestamp(clock, zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).timestamp()


ALIASES = {"magnitude": ["epoch-ms", "epoch", "seconds"]}
MOMENTS: Mapping[str, Callable[[str], float]] = {
    "http-date": http_date,
    "rfc3339": rfc3339,
    "epoch": epoch,
    "epoch-ms": lambda text: epoch(text, 1e12, float("inf")) / 1000,
    "calendar": calendar,
    "calendar-china": lambda text: calendar(text) - 8 * 3600,
}
DURATIONS: Mapping[str, Callable[[str], float]] = {
    "seconds": number,
    "milliseconds": lambda text: number(text) / 1000,
    "go-duration": go_duration,
    "protobuf-duration": protobuf_duration,
    "structured": structured,
}
