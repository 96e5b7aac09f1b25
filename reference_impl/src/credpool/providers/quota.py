"""The remaining quota of an entry, as the provider's replies tell (spec: scopes and money).

The rows are the specification's (spec/tables/quota.yaml); here is how they are read.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final
from urllib.parse import unquote

from credpool.model.entry import Entry, Window, Windows
from credpool.model.state import PoolState
from credpool.providers.data import Row, quota
from credpool.providers.hints import FORMS, server_time

MOST_WINDOWS: Final = 32
"""How many windows of one entry are known at a time: a header's name is a stranger's text."""

LONG: Final = 3600.0
"""The seconds after which a reset is worth to be waited for: then it is a deadline."""

_LONGEST_WORD: Final = 64
_LONGEST_VALUE: Final = 4096
_NUMBER: Final = re.compile(r"\d{1,18}(\.\d+)?\Z", re.ASCII)
_STARS: Final[Mapping[str, str]] = {"*": r"([^-]+)", "**": r"(.+)", "": r"()"}
_PART: Final = re.compile(r'"([^"]*)"|;\s*([a-z]+)=("[^"]*"|:[^:]*:|[^;,]*)|(,)')


def read_windows(headers: Mapping[str, str], *, now: float) -> dict[str, Window]:
    """Return the windows that a reply tells of, by their names; the headers' names are lower-case."""
    beginnings = _beginnings()
    told = {name: value for name, value in headers.items() if name.startswith(beginnings)}
    found: dict[str, Window] = {}
    if not told:
        return found
    there = server_time(headers, now)
    for shape in _shapes():  # spec: quota.forms+3, quota.windows+1
        for name in told:
            for window, left, seconds in shape.read(name, told, there):
                if len(found) < MOST_WINDOWS:
                    part = round(min(max(left, 0.0), 1.0), 6)
                    found[window] = Window(part, now + seconds, lasts=seconds > LONG)
    return found


def remaining(windows: Windows, *, now: float) -> float | None:
    """Return the least fraction that is left in any window, or None when nothing is known."""
    # spec: select.quota-aware.most-left+4, quota.reset+1
    return min((w.left if w.until > now else 1.0 for w in windows.values()), default=None)


def deadline(windows: Windows, *, now: float) -> float:
    """Return the hour of the latest reset, or infinity if that is not more than an hour away."""
    latest = max((w.until for w in windows.values()), default=now)
    # spec: select.quota-aware.resets-first+1
    return math.floor(latest / 3600 + 0.5) if latest > now + LONG else math.inf


def has_lapsed(windows: Windows, *, now: float) -> bool:
    """Whether all windows have reset, and one of them was a long one."""
    return any(w.lasts for w in windows.values()) and all(w.until <= now for w in windows.values())


def next_reset(windows: Windows, *, now: float) -> float:
    """Return the moment at which the first of the windows is whole again, or is a deadline no more."""
    moments = (at for w in windows.values() for at in (w.until, w.until - LONG))
    return min((at for at in moments if at > now), default=math.inf)


def joined(known: Windows, told: Windows) -> Windows:
    """Return what is known of an entry's windows after a reply: of too many, those that last longest."""
    lasting = {n: replace(w, lasts=True) for n, w in told.items() if n in known and known[n].lasts}
    found = {**known, **told, **lasting}
    if len(found) <= MOST_WINDOWS:
        return found
    last = sorted(found.items(), key=lambda item: item[1].until)[-MOST_WINDOWS:]
    return dict(last)


def latest_of(known: Windows, told: Windows | None) -> Windows:
    """Return the windows of two who have looked: of each the one that lasts longer, or has less left."""
    if not told:
        return known
    newer = {
        n: w
        for n, w in told.items()
        if n not in known or (w.until, -w.left) > (known[n].until, -known[n].left)
    }
    return joined(known, newer) if newer else known


def running(state: PoolState, entry: Entry, *, now: float) -> Windows:
    """Return the windows of an entry that have not reset, as this process and the store know them."""
    found = latest_of(entry.windows, state.quotas.get(entry.id))
    return {name: w for name, w in found.items() if w.until > now}


_Told = Iterator[tuple[str, float, float]]
"""Windows: the name, the fraction that is left, and the seconds until it is whole."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A row of the table: `key` finds the header that says what is left, and the word in its name."""

    key: re.Pattern[str]
    window: str
    left: Mapping[str, str]
    resets: Sequence[tuple[str, str]]
    excepted: frozenset[str]

    def read(self, name: str, told: Mapping[str, str], now: float) -> _Told:
        """Yield the windows of which a header tells."""
        match = self.key.fullmatch(name)
        if match is None or match[1] in self.excepted or len(match[1]) > _LONGEST_WORD:
            return
        window = _named(self.window, match[1])
        if "pairs" in self.left:
            pairs = _pairs(told[name])
            left = None if self.left["unless"] in told[name].split("&") else _left(self.left, pairs)
            yield from self._whole(window, left, pairs, now)
        elif "list" in self.left:
            yield from self._listed(told, now)
        else:
            parts = {part: _named(header, match[1]) for part, header in self.left.items()}
            resets = [(_named(header, match[1]), form) for header, form in self.resets]
            yield from self._whole(window, _left(parts, told), told, now, resets)

    def _listed(self, told: Mapping[str, str], now: float) -> _Told:
        limits = _items(told.get(self.left["limits"], ""))
        for names, values in _items(told[self.left["list"]]):
            its = [held for others, held in limits if names and names[-1] in others]
            limit = next(
                (held[self.left["limit"]] for held in its if self.left["limit"] in held), ""
            )
            known = {**values, "limit": limit}
            left = _left({"remaining": self.left["remaining"], "limit": "limit"}, known)
            if names and len(names[-1]) <= _LONGEST_WORD:
                yield from self._whole(_named(self.window, names[-1]), left, known, now)

    def _whole(
        self,
        window: str,
        left: float | None,
        values: Mapping[str, str],
        now: float,
        resets: Sequence[tuple[str, str]] = (),
    ) -> _Told:
        """Yield the window, if it says when it is whole again."""
        read = (FORMS[form](values.get(n, "").strip(), now) for n, form in resets or self.resets)
        seconds = next((s for s in read if s is not None), None)
        if left is not None and seconds is not None:
            yield window, left, seconds


def _left(parts: Mapping[str, str], values: Mapping[str, str]) -> float | None:
    """Return the fraction that is left, which may be below zero."""
    if "used" in parts:
        used = _number(values.get(parts["used"]))
        return None if used is None else 1 - used / float(parts["of"])
    some = _number(values.get(parts["remaining"]))
    whole = float(parts["of"]) if "of" in parts else _number(values.get(parts["limit"]))
    return some / whole if some is not None and whole else None


def _pairs(value: str) -> Mapping[str, str]:
    """Return the pairs of a value such as `rem=31.3&rst=2026-04-01T00%3A00%3A00Z`."""
    parts = (part.partition("=") for part in value[:_LONGEST_VALUE].split("&"))
    return {name: unquote(held) for name, _, held in parts}


def _items(value: str) -> list[tuple[list[str], dict[str, str]]]:
    """Return the items of a list such as `"api";r=0;t=55`: the names of each, and its parameters."""
    items: list[tuple[list[str], dict[str, str]]] = [([], {})]
    for found in _PART.finditer(value[:_LONGEST_VALUE]):
        if found[4]:
            items.append(([], {}))
        elif found[2]:
            items[-1][1][found[2]] = found[3].strip()
        else:
            items[-1][0].append(found[1])
    return items


def _number(value: str | None) -> float | None:
    return float(value) if value is not None and _NUMBER.match(value.strip()) else None


def _named(pattern: str, word: str) -> str:
    return pattern.replace("**", "*").replace("*", word)


@cache
def _shapes() -> Sequence[_Shape]:
    return tuple(map(_shape, quota()))


def _shape(row: Row) -> _Shape:
    left, resets, excepted = row["left"], row["reset"], row.get("except", ())
    assert isinstance(left, Mapping), "the table's schema says so"
    assert isinstance(resets, list | tuple), "the same"
    assert isinstance(excepted, list | tuple), "the same"
    parts = {str(name): str(value) for name, value in left.items()}
    header = next(parts[part] for part in ("pairs", "list", "used", "remaining") if part in parts)
    before, star, behind = re.split(r"(\*{1,2}|\Z)", header, maxsplit=1)
    return _Shape(
        key=re.compile(re.escape(before) + _STARS[star] + re.escape(behind)),
        window=str(row.get("window", row["id"])),
        left=parts,
        resets=[(str(reset["name"]), str(reset["form"])) for reset in resets],
        excepted=frozenset(map(str, excepted)),
    )


@cache
def _beginnings() -> tuple[str, ...]:
    """Return how the names of all headers begin that a row reads."""
    left = (shape.left.values() for shape in _shapes())
    resets = ((name for name, _ in shape.resets) for shape in _shapes())
    names = {name.partition("*")[0] for group in (*left, *resets) for name in group}
    return tuple(name for name in names if "ratelimit" in name or name.startswith("x-"))
