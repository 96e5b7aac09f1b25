"""The words of an example: spans of time, groups of entries, and what stands in place of secrets."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from tools.examples.wire import WIDTH

_MOMENT: Final = re.compile(r"\+([0-9.]+)")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))
_TWO_DAYS: Final = 2 * 86400
_PLACEHOLDER: Final = re.compile(
    r"\$(?:(secret|new|refresh):(\w+)|(base|other|token|home|host)\b|(?:epoch|millis)(?:([+-])(\d+))?)"
)
_PLACES: Final = {
    "base": "https://provider.example",
    "other": "https://other.example",
    "token": "https://provider.example/oauth/token",
    "home": "~",
    "host": "provider.example",
}
_KINDS: Final = {"secret": "secret", "new": "new secret", "refresh": "refresh token"}


def span(seconds: float) -> str:
    """Write a span of time as people say it: `1 h 30 s`."""
    parts: list[str] = []
    left = round(seconds, 3)
    for length, unit in _UNITS:
        count = int(left // length)
        if count and (unit != "d" or seconds >= _TWO_DAYS):
            parts.append(f"{count} {unit}")
            left = round(left - count * length, 3)
    return " ".join(parts if parts and not left else [*parts, f"{left:g} s"])


def timed(words: str) -> str:
    """Write `+3600` as people say it."""
    return _MOMENT.sub(lambda found: f"for {span(float(found[1]))}", words)


def grouped(state: Mapping[str, str], lead: str = "") -> Iterator[str]:
    """Write entries of one state together, on one line if there is room."""
    groups = groupby(state, key=state.__getitem__)
    words = [f"{', '.join(names)} {word}" for word, names in groups]
    line = f"  {lead} {' · '.join(words)}" if lead else f"  {' · '.join(words)}"
    if len(line) <= WIDTH:
        yield line
        return
    if lead:
        yield f"  {lead}"
    yield from (f"{'    ' if lead else '  '}{word}" for word in words)


def unfilled(text: str) -> str:
    """Write for people what a scenario's text leaves to be filled in."""
    return _PLACEHOLDER.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    kind, entry, place, sign, seconds = found.groups()
    if kind:
        return f"<{_KINDS[kind]} of {entry}>"
    if place:
        return _PLACES[place]
    return f"<now {sign} {span(float(seconds))}>" if seconds else "<now>"
