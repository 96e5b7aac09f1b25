"""Failures that are told inside a success: by an event of a stream, or by a JSON body.

The forms are the specification's (spec/tables/in-band.yaml). No I/O.
"""

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from credpool.providers.data import in_band
from credpool.providers.registry import Provider, Rule
from credpool.providers.reply import Reply, dig, parsed

MOST: Final = 64 * 1024
"""How many bytes of one event are read; a longer one is taken for no failure."""

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_NUMBER_PATHS: Final = (("error", "code"), ("error", "status_code"), ("status_code",), ("code",))
ALARM: Final = b"error"
"""A word in every event that tells a failure; events without it are not parsed."""

END: Final = b"\n\n"
"""How nearly every event ends."""

_BREAKS: Final = (END, b"\n\r\n", b"\r\r")
_LONGEST_BREAK: Final = 3
_FAMILIES: Final = {"4xx": 400, "5xx": 500}
_NUMBERS: Final = range(400, 600)
_UNKNOWN: Final = 500
"""The status of a failure that tells none, and no code that is known."""

Failure = Mapping[str, object]
"""A failure in the form of a failing reply's body."""


class Events:
    """The events of a stream (server-sent events, WHATWG HTML §9.2.6), as their bytes come.

    `begun` tells that one with data has come, and `first` what that one tells of a failure;
    `failure` is the first failure of all, and `open` the beginning of one whose end has not come.
    """

    def __init__(self) -> None:
        self.begun = False
        self.first: Failure | None = None
        self.failure: Failure | None = None
        self.open = b""
        self._is_torn = False

    def feed(self, piece: bytes) -> None:
        """Read on; a piece may begin and end anywhere."""
        start = max(len(self.open) - _LONGEST_BREAK, 0)
        known = self.open + piece
        end = _break(lambda mark: known.rfind(mark, start))
        whole, self.open = known[:end], known[end:]
        if self._is_torn and whole:
            first = min(at for mark in _BREAKS if (at := known.find(mark)) >= 0)
            whole, self._is_torn = whole[first:], False  # what is before it is of the torn event
        if not self.begun or ALARM in whole:
            self._read(whole)
        if len(self.open) > MOST:  # spec: in-band.bound+1
            self.begun = self._is_torn = True
            self.open = self.open[-_LONGEST_BREAK:]

    def _read(self, whole: bytes) -> None:
        for name, data in _events(whole):
            told = _failure(name, data)
            if not self.begun:
                self.begun, self.first = True, told
            if self.failure is None:
                self.failure = told


def failure_in_body(body: bytes, provider: Provider) -> Failure | None:
    """Return the failure that the JSON body of a success tells, where the provider does that."""
    found = parsed(body) if provider.in_band else None
    if not isinstance(found, Mapping):  # spec: in-band.healthy+1
        return None
    if "error" in provider.in_band and _is_error(found.get("error")):
        return found
    code = dig(found, "base_resp", "status_code")
    refuses = isinstance(code, int | float) and code != 0
    return found if "base_resp" in provider.in_band and refuses else None


def refusal(failure: Failure, headers: Mapping[str, str], provider: Provider) -> Reply:
    """Return the failing reply that says the same; header names are lower-case."""
    reply = Reply(_UNKNOWN, headers, json.dumps(failure).encode())
    return replace(reply, status=_status(failure, reply.codes, provider))


def _status(failure: Failure, codes: Collection[str], provider: Provider) -> int:
    """Return the status that the provider would have sent: told, known of a code, or none."""
    told = (dig(failure, *path) for path in _NUMBER_PATHS)
    numbers = (int(n) for n in told if isinstance(n, int) or (isinstance(n, str) and n.isdigit()))
    known = (status for code, status in _statuses().items() if code in codes)
    ruled = (_first(rule) for rule in provider.rules if not rule.codes.isdisjoint(codes))
    found = (n for n in (*numbers, *known, *ruled) if n in _NUMBERS)
    return next(found, _UNKNOWN)


@cache
def _statuses() -> Mapping[str, int]:
    return {str(row["code"]): int(str(row["status"])) for row in in_band()}


def _first(rule: Rule) -> int:
    status = rule.statuses[0] if rule.statuses else ""
    return int(_FAMILIES.get(status, status or _UNKNOWN))


def _break(find: Callable[[bytes], int]) -> int:
    """Return where the break ends that `find` finds, or 0."""
    return max(at + len(mark) if (at := find(mark)) >= 0 else 0 for mark in _BREAKS)


def _events(raw: bytes) -> Iterator[tuple[str, object]]:
    """Yield the name and the data of each whole event; what is no JSON, or too long, has the data None."""
    name, data = b"", list[bytes]()
    for line in _LINE_END.split(raw.removeprefix(codecs.BOM_UTF8)):
        key, _, value = line.partition(b":")
        if key == b"data":
            data.append(value.removeprefix(b" "))
        elif key == b"event":
            name = value.removeprefix(b" ")
        elif not line:
            if data:
                yield _event(name, b"\n".join(data))
            name, data = b"", []


def _event(name: bytes, data: bytes) -> tuple[str, object]:
    if len(data) > MOST:
        return "", None
    return name.decode("utf-8", "replace"), parsed(data)


def _failure(name: str, data: object) -> Failure | None:
    """Return what an event tells of a failure, if it does."""
    if not isinstance(data, Mapping):
        return {} if name == "error" else None
    kind, inner = data.get("type"), dig(data, "response", "error")
    if kind == "response.failed" and _is_error(inner):
        return {"error": inner}
    return data if _is_error(data.get("error")) or "error" in (name, kind) else None


def _is_error(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and value != "")
