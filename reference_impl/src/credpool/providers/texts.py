"""Durations and moments in a text for people (spec: cooldowns, "Definition: texts").

One small grammar, which is data. The zone of a moment is the text's own or the provider's, and never
a guess.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from credpool.providers.data import words

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAY: Final = 86400.0
_ZONE: Final = re.compile(r"([+-])(\d\d):(\d\d)")

Parts = Mapping[str, str]
"""The parts of a moment, by the names of the grammar's groups."""


def duration(text: str) -> float | None:
    """Return the seconds that the terms at the beginning of a text make, or None without one."""
    total, units = None, words("units")
    while (term := re.match(str(words("grammar")["term"]), text)) and term[2] in units:
        total = (total or 0.0) + float(term[1]) * float(str(units[term[2]]))
        text = text[term.end() :]
    return total


def until(text: str, zone: str | None, now: float) -> float | None:
    """Return the seconds until the moment at the beginning of a text, or None without one."""
    parts = _parts(text)
    offset = _offset(parts, zone)
    if offset is None or "more" in parts:  # spec: cooldown.hint.zone+1
        return None
    try:
        clock = _clock(parts) - offset
        if "year" in parts:
            return _date(parts) + clock - now
    except ValueError:
        return None
    return (clock - now) % _DAY if parts.keys() & {"hour", "midnight"} else None


def _parts(text: str) -> Parts:
    grammar = words("grammar")
    names, found = grammar["groups"], re.match(str(grammar["moment"]), text)
    assert isinstance(names, list), "the schema has a list here"
    told = zip(names, found.groups() if found else (), strict=bool(found))
    return {str(name): part for name, part in told if part is not None}


def _clock(parts: Parts) -> float:
    """Return the time of day in seconds, which is 0 when none is told."""
    hour, half = int(parts.get("hour", 0)), parts.get("half")
    if half is not None:
        hour = hour % 12 + 12 * (half == "p") if 1 <= hour <= 12 else 24
    minute, second = int(parts.get("minute", 0)), float(parts.get("second", 0))
    if hour > 23 or minute > 59 or second >= 60:
        raise ValueError(hour)
    return hour * 3600 + minute * 60 + second


def _date(parts: Parts) -> float:
    """Return when the day begins in UTC."""
    month = parts["month"]
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month)
    return datetime(int(parts["year"]), number, int(parts["day"]), tzinfo=UTC).timestamp()


def _offset(parts: Parts, zone: str | None) -> float | None:
    """Return the zone that the text names, or else the provider's, in seconds east of UTC."""
    if "sign" in parts:
        sign, hours, minutes = parts["sign"], parts["hours"], parts.get("minutes", "0")
    else:
        named = words("zones").get(parts.get("zone", ""), zone)
        if named is None:
            return None
        sign, hours, minutes = _ZONE.findall(str(named))[0]
    if int(hours) > 23 or int(minutes) > 59:
        return None
    return (int(hours) * 3600 + int(minutes) * 60) * (-1.0 if sign == "-" else 1.0)
