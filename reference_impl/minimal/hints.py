"""When a reply says to come back: the table of hints and its forms (spec/cooldowns.md).

A row of the table names a place, and the forms in which a value there is read. A form is a function
from text to a number, and raises `ValueError` for what it cannot read. A hint is a number of
seconds from now: moments are counted from the provider's clock, and may have passed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_tz
from itertools import pairwise
from math import inf
from zoneinfo import ZoneInfo

from minimal.classify import Reply, at
from minimal.rules import Data, hint_table

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}"
WORD = "[A-Z][a-z]+"
HTTP_DATE = re.compile(
    rf"{WORD}, [0-9]{{2}}( {WORD} [0-9]{{4}}|-{WORD}-[0-9]{{2}}) {CLOCK} GMT"
    rf"|{WORD} {WORD} [ 0-9][0-9] {CLOCK} [0-9]{{4}}"
)
RFC3339 = re.compile(rf"[0-9-]{{10}}T{CLOCK}(\.[0-9]+)?(Z|[+-][0-9]{{2}}:[0-9]{{2}})")
TERM = r"([0-9]+(?:\.[0-9]+)?)(h|ms|us|ns|m|s)"
DURATION = re.compile(rf"[+-]?(?:{TERM})+")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LIST_TEXT = r'"(?:[^"\\]|\\.)*"'
LIST_ITEM = rf'(?:{LIST_TEXT}|[^\s;,="]+)(?:;[a-z*][^\s;,="]*(?:=(?:{LIST_TEXT}|[^\s;,"]+))?)*'
LIST = re.compile(rf"{LIST_ITEM}(?:\s*,\s*{LIST_ITEM})*")
LIST_NUMBER = re.compile(r";([rt])=([0-9.]+)(?=;|$)")


def hint_of(reply: Reply, rule: Data, *, now: float) -> float | None:
    """Return in how many seconds the provider says to come back; None: it does not say."""
    date = [reply.headers.get("date", "")]
    clock = now + next(seconds_in(date, ["http-date"], now), 0)  # spec: cooldown.skew+2
    match rule.get("hint"):  # spec: cooldown.hint.lies+2
        case "none":
            return None
        case {"calendar": str(name)}:
            return next_in_calendar(name, clock) - clock
        case named:
            rows = [hint_table()[row] for row in named or hint_table()]
    found = (READERS[row["where"]](row, reply, clock) for row in rows)
    return next((hint for hint in found if hint is not None), None)  # spec: cooldown.hint.forms+2


def in_header(row: Data, reply: Reply, clock: float) -> float | None:
    """Read a header, or those of several windows; the longest of all values counts."""
    names = [row["name"]] if "name" in row else resets(row, reply)
    headers = [reply.headers.get(name, "") for name in names]
    if "structured" not in row["form"]:
        headers = [value for header in headers for value in between_commas(header)]
    return max(seconds_in(headers, row["form"], clock), default=None)


def in_body(row: Data, reply: Reply, clock: float) -> float | None:
    """Read the first of the body's values that can be read."""
    values = map(as_text, at(reply.data, row["path"]))
    return next(seconds_in(values, row["form"], clock), None)


def in_message(row: Data, reply: Reply, clock: float) -> float | None:
    """Read what the row's pattern finds in the message."""
    found = re.search(row["pattern"], reply.message)
    values = [" ".join(filter(None, found.groups()))] if found else []
    return next(seconds_in(values, row["form"], clock), None)


READERS = {"header": in_header, "body": in_body, "text": in_message}


def resets(row: Data, reply: Reply) -> list[str]:
    """Return the headers of the windows that are spent; of none, the headers that the row says."""
    states = [(each["reset"], reply.headers.get(each["state"], "")) for each in row["windows"]]
    spent = [reset for reset, state in states if is_spent(row["spent"], state)]
    return spent or [reset for reset, _ in states if row["otherwise"] == "largest"]


def is_spent(spent: Data, state: str) -> bool:
    """Whether a window's state is what the table calls spent."""
    if "is" in spent:
        return bool(state == spent["is"])
    with suppress(ValueError):
        return bool(spent.get("at_least", -inf) <= number(state) <= spent.get("at_most", inf))
    return False


def between_commas(header: str) -> list[str]:
    """Return the values in a header; a date has a comma itself, so two pieces can be one."""
    pieces = header.split(",")
    return pieces + [",".join(pair) for pair in pairwise(pieces)]


def seconds_in(values: Iterable[str], forms: Sequence[str], clock: float) -> Iterator[float]:
    """Yield how many seconds from now each value means, by the first form that can read it."""
    names = [name for form in forms for name in ALIASES.get(form, [form])]
    for value in values:
        for name in names:
            with suppress(ValueError, OverflowError):
                seconds = FORMS[name](value.strip(" \t\r\n"))
                yield seconds - clock if name in MOMENTS else seconds
                break


def as_text(value: object) -> str:
    """Return a JSON value as the text that the forms read: a number without an exponent."""
    if type(value) in (int, float):
        return f"{Decimal(str(value)):f}"
    return value if isinstance(value, str) else ""


def fitting(pattern: re.Pattern[str], text: str) -> str:
    """Return a text that has a form, or raise `ValueError`."""
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def number(text: str) -> float:
    """Read a decimal number."""
    return float(fitting(NUMBER, text))


def within(text: str, least: float, below: float = inf) -> float:
    """Read a decimal number that is in a range."""
    if not least <= number(text) < below:
        raise ValueError(text)
    return number(text)


def go_duration(text: str) -> float:
    """Read numbers with units."""
    terms = re.findall(TERM, fitting(DURATION, text))
    total = sum(float(count) * UNITS[unit] for count, unit in terms)
    return -total if text.startswith("-") else total


def structured(text: str) -> float:
    """Read a RateLimit list."""
    items = [dict(LIST_NUMBER.findall(item)) for item in re.findall(LIST_ITEM, fitting(LIST, text))]
    spent = [item for item in items if item.get("r") == "0"]
    return max(number(item["t"]) for item in spent or items if "t" in item)


def http_date(text: str) -> float:
    """Read a date of RFC 9110, in any of its three forms."""
    year, month, day, hour, minute, second, *_ = parsedate_tz(fitting(HTTP_DATE, text)) or [0] * 6
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


def calendar(text: str) -> float:
    """Read a date, and a time if there is one, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def next_in_calendar(name: str, clock: float) -> float:
    """Return the first of next month in UTC, or the next midnight in a zone."""
    zone = UTC if name == "month-start-utc" else ZoneInfo(name.removeprefix("midnight "))
    today = datetime.fromtimestamp(clock, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (first if zone is UTC else today + timedelta(days=1)).timestamp()


ALIASES = {"magnitude": ["epoch-ms", "epoch", "seconds"]}
MOMENTS = {"http-date", "rfc3339", "epoch", "epoch-ms", "calendar", "calendar-china"}
FORMS: Mapping[str, Callable[[str], float]] = {
    "seconds": number,
    "milliseconds": lambda text: number(text) / 1000,
    "go-duration": go_duration,
    "protobuf-duration": lambda text: number(text.removesuffix("s") if text.endswith("s") else ""),
    "structured": structured,
    "http-date": http_date,
    "rfc3339": lambda text: datetime.fromisoformat(fitting(RFC3339, text.upper())).timestamp(),
    "epoch": lambda text: within(text, 1e9, 1e12),
    "epoch-ms": lambda text: within(text, 1e12) / 1000,
    "calendar": calendar,
    "calendar-china": lambda text: calendar(text) - 8 * 3600,
}
