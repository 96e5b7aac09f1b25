"""Bars that show the rest of an entry's quotas: one line for each window (spec: operator)."""

import re
import sys
from collections.abc import Iterator
from typing import Final

from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.model.text import duration, visible
from credpool.providers.quota import running

_LENGTH: Final = 8
_BLOCKS: Final = ("█", "░")
_ASCII: Final = ("#", "-")
_MOST: Final = 4
"""How many windows of one entry are shown; those with the least left."""

_FAMILY: Final = re.compile(r"\A(?:unified|anthropic|x-ratelimit|codex|ratelimit|copilot)-(?=.)")
"""The beginnings of windows' names that say nothing to whoever knows the pool."""


def bars(state: PoolState, entry: Entry, now: float) -> Iterator[tuple[str, str, str]]:
    """Yield each window's name, a bar with what is left, and in how long it resets."""
    told = sorted(running(state, entry, now=now).items(), key=lambda item: item[1].left)
    for name, window in told[:_MOST]:
        yield visible(_FAMILY.sub("", name)), _bar(window.left), duration(window.until - now)
    if len(told) > _MOST:
        yield f"and {len(told) - _MOST} more", "", ""


def _bar(left: float) -> str:
    full, empty = _BLOCKS if _can_show(_BLOCKS) else _ASCII
    filled = max(1, int(left * _LENGTH)) if left > 0 else 0
    percent = f"{int(left * 100 + 1e-9)}%"
    return f"{full * filled}{empty * (_LENGTH - filled)} {percent:>4}"


def _can_show(characters: tuple[str, ...]) -> bool:
    try:
        "".join(characters).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
