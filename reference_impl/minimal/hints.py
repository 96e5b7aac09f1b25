"""When a reply says to come back: the table of hints and its forms (spec/cooldowns.md).

A row names a place, and the forms in which a value there is read: functions from text to a number,
which raise `ValueError`. Hints are seconds from now; moments count from the provider's clock.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from math import inf
from zoneinfo import ZoneInfo

from minimal.classify import Reply, at
from minimal.rules import Data, hint_table, read

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
HTTP_DATES = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]
RFC3339 = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
GRAMMAR, UNITS, ZONES = map(read("tables/hints.yaml").get, ["grammar", "units", "zones"])
DURATION = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|us|ns|m|s))+")


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
    found = (READERS[row["where"]](row, reply, clock, rule["zone"]) for row in rows)
    return next((hint for hint in found if hint is not None), None)  # spec: cooldown.hint.forms+2


def in_header(row: Data, reply: Reply, clock: float, _zone: str | None) -> float | None:
    """Read a header, or those of several windows; the longest of all values counts."""
    names = [row["name"]] if "name" in row else resets(row, reply)
    headers = [reply.headers.get(name, "") for name in names]
    if "structured" not in row["form"]:
        several = [header.split(",") for header in headers]  # a date has a comma itself
        headers = [each for some in several for each in [*some, *map(",".join, pairwise(some))]]
    return max(seconds_in(headers, row["form"], clock), default=None)


def in_body(row: Data, reply: Reply, clock: float, _zone: str | None) -> float | None:
    """Read the first of the body's values that can be read."""
    return next(seconds_in(map(as_text, at(reply.data, row["path"])), row["form"], clock), None)


def in_message(row: Data, reply: Reply, clock: float, zone: str | None) -> float | None:
    """Read the first duration or moment that stands where the row's pattern looks."""
    for found in re.finditer(row["pattern"], reply.message):  # spec: cooldown.hint.text+1
        with suppress(ValueError):
            return duration(found[1])
        with suppress(ValueError):
            return until(found[1], clock, zone)
    return None


READERS = {"header": in_header, "body": in_body, "text": in_message}


def resets(row: Data, reply: Reply) -> list[str]:
    """Return the headers of the windows that are spent; of none, the headers that the row says."""
    parts = {"", *(part for name in reply.headers for part in name.split("-"))}
    states = [  # spec: cooldown.hint.windows+1
        (each["reset"].replace("*", part), reply.headers.get(each["state"].replace("*", part), ""))
        for each in row["windows"]
        for part in parts.difference(row.get("except", ()))
    ]
    spent = [reset for reset, state in states if is_spent(row["spent"], state)]
    return spent or [reset for reset, _ in states if row["otherwise"] == "largest"]


def is_spent(spent: Data, state: str) -> bool:
    """Whether a window's state is what the table calls spent."""
    if "is" in spent or not NUMBER.fullmatch(state):
        return bool(state == spent.get("is"))
    return bool(spent.get("at_least", -inf) <= float(state) <= spent.get("at_most", inf))


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
    told = f"{Decimal(str(value)):f}" if type(value) in (int, float) else value
    return told if isinstance(told, str) else ""


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


def duration(text: str) -> float:
    """Read the numbers with units that a text begins with."""
    seconds = None
    while (term := re.match(GRAMMAR["term"], text)) and term[2] in UNITS:
        seconds = (seconds or 0.0) + float(term[1]) * UNITS[term[2]]
        text = text[term.end() :]
    if seconds is None:
        raise ValueError(text)
    return float(seconds)


def until(text: str, clock: float, zone: str | None) -> float:
    """Read the date, the time of day or both that a text begins with, in their zone."""
    parts = zip(GRAMMAR["groups"], re.findall(GRAMMAR["moment"], text)[0], strict=True)
    told = {name: part for name, part in parts if part}
    if "sign" in told:
        zone = f"{told['sign']}{told['hours']:0>2}{told.get('minutes', '00')}"
    zone = ZONES.get(told.get("zone"), zone)
    if zone is None or "more" in told or not told.keys() & {"year", "hour", "midnight"}:
        raise ValueError(text)  # spec: cooldown.hint.zone+1
    whole = {"year": 2000, "month": "1", "day": 1, "hour": 0, "minute": 0, "half": "", **told}
    written = "{year} {month} {day} {hour} {half}m {minute}".format_map(whole) + f" {zone}"
    hours, months = ("%H m", "%I %p")["half" in told], ("%m", "%b")[whole["month"].isalpha()]
    moment = datetime.strptime(written, f"%Y {months} %d {hours} %M %z").timestamp()
    moment += within(told.get("second", "0"), 0, 60) - clock
    return moment if "year" in told else moment % 86400


def structured(text: str) -> float:
    """Read a RateLimit list."""
    items = [dict(re.findall(r";([rt])=([0-9.]+)\b", item)) for item in text.split(",")]
    spent = [item for item in items if item.get("r") == "0"]
    return max(number(item["t"]) for item in spent or items if "t" in item)


def date(form: str, text: str) -> float:
    """Read a date of RFC 9110, in one of its forms."""
    return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()


def next_in_calendar(name: str, clock: float) -> float:
    """Return the first of next month in UTC, or the next midnight in a zone."""
    zone = UTC if name == "month-start-utc" else ZoneInfo(name.removeprefix("midnight "))
    today = datetime.fromtimestamp(clock, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (first if zone is UTC else today + timedelta(days=1)).timestamp()


ALIASES = {"magnitude": ["epoch-ms", "epoch", "seconds"], "http-date": HTTP_DATES}
MOMENTS = {*HTTP_DATES, "rfc3339", "epoch", "epoch-ms"}
FORMS: Mapping[str, Callable[[str], float]] = {
    **{form: partial(date, form) for form in HTTP_DATES},
    "seconds": number,
    "milliseconds": lambda text: number(text) / 1000,
    "go-duration": lambda text: (
        (-1.0) ** ("-" in text) * duration(fitting(DURATION, text).strip("+-"))
    ),
    "protobuf-duration": lambda text: number(text.removesuffix("s") if text.endswith("s") else ""),
    "structured": structured,
    "rfc3339": lambda text: datetime.fromisoformat(fitting(RFC3339, text.upper())).timestamp(),
    "epoch": lambda text: within(text, 1e9, 1e12),
    "epoch-ms": lambda text: within(text, 1e12) / 1000,
}
