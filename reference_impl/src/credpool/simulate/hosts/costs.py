"""The measured costs of the store's operations, for a pool of any measured size.

`wire.json` is written by `python -m tools.hosts.wire`, which measures the store on a real server; a
test measures again. What lies between one row and all rows is a straight line.
"""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

PATH: Final = "reference_impl/src/credpool/simulate/hosts/wire.json"
SIZES: Final = (3, 100, 800)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one question."""

    commands: int
    sent: float
    """Bytes to the server."""
    answered: float
    """Bytes from it."""
    seconds: float
    """The work of the server's thread."""
    host_seconds: float = 0.0
    """The work of the host on the answer."""


class Costs:
    """The costs of each operation with a pool of one size."""

    def __init__(self, entries: int, slower: float = 1.0) -> None:
        self._rows = _table(entries)
        self._seconds = {name: n * slower / 1e6 for name, n in _seconds().items()}
        self._entries = entries
        self.notice = self._bytes("hear a notice")[1]
        self.notice_seconds = self._seconds["notice"]
        self.look = self._cost("ask for the number", self._seconds["ask for the number"])
        connect = self._rows["connect"]
        work = self.look.seconds * connect.commands
        self.connect = Cost(connect.commands, connect.sent, connect.answered, work)

    def read(self, rows: int, counts: int) -> Cost:
        """Return what a reading costs that finds so many changed rows, and counts alone."""
        sent, none = self._bytes("read nothing")
        row = (self._bytes("read a change of all")[1] - none) / self._entries
        count = (self._bytes("read counts of all")[1] - none) / self._entries
        spent = self._seconds
        work = spent["read"] + spent["read a row"] * rows + spent["read a count"] * counts
        own = self._host(rows, counts)
        return Cost(1, sent, none + row * rows + count * counts, work, own)

    def write(self, rows: int, counts: int) -> Cost:
        """Return what a change costs that writes rows, and adds to the counts of entries."""
        one, others = self._bytes("write a change of one entry")[0], self._entries - 1
        row = (self._bytes("write a change of all")[0] - one) / others
        counted = self._bytes("write counts of one entry")[0]
        count = (self._bytes("write counts of all")[0] - counted) / others
        spent = self._seconds
        more = spent["write a row"] * max(rows - 1, 0) + spent["write a count"] * counts
        work = spent["write"] + more
        answered = self._bytes("write a change of one entry")[1]
        sent = one + row * (rows - 1) + count * counts
        return Cost(1, sent, answered, work, self._host())

    def refused(self, rows: int, counts: int) -> Cost:
        """Return what the same change costs when somebody was quicker."""
        whole = self.write(rows, counts)
        answered, work = self._bytes("write refused")[1], self._seconds["write"]
        return Cost(1, whole.sent, answered, work, self._host())

    def _host(self, rows: int = 0, counts: int = 0) -> float:
        spent = self._seconds
        more = spent["host reads a row"] * rows + spent["host reads a count"] * counts
        return spent["host asks"] + more

    def _cost(self, name: str, seconds: float) -> Cost:
        return Cost(1, *self._bytes(name), seconds)

    def _bytes(self, name: str) -> tuple[float, float]:
        return self._rows[name].sent, self._rows[name].answered


@dataclass(frozen=True, slots=True)
class _Row:
    commands: int
    sent: float
    answered: float


@cache
def _table(entries: int) -> Mapping[str, _Row]:
    found = _fields(_fields(_document()["entries"])[str(entries)])
    return {name: _row(_fields(row)) for name, row in found.items()}


def _row(row: Mapping[str, object]) -> _Row:
    commands = sum(map(_number, _fields(row["commands"]).values()))
    return _Row(int(commands), _number(row["in"]), _number(row["out"]))


@cache
def _seconds() -> Mapping[str, float]:
    return {name: _number(n) for name, n in _fields(_document()["microseconds"]).items()}


@cache
def _document() -> Mapping[str, object]:
    written = pkgutil.get_data(__package__, "wire.json")
    assert written is not None, "it is in the package, beside this module"
    return _fields(json.loads(written))


def _fields(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict), "the file is made by us"
    return value


def _number(value: object) -> float:
    assert isinstance(value, int | float), "as above"
    return value
