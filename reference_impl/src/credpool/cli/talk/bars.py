"""What is left of an entry's quotas, as bars: one line for each window (spec: operator)."""

import re
import sys
from collections.abc import Iterator
from typing import Final

from credpool.model.entry import Entry, Window
from credpool.model.state import PoolState
from credpool.model.text import duration, visible
from credpool.providers.quota import running

_LENGTH: Final = 8
_BLOCKS: Final = ("█", "░")
_ASCII: Final = ("#", "-")
_MOST: Final = 4
"""How many windows of one entry are shown; those with the least left."""

_FAMILY: Final = re.compile(r"\A(?:unified|anthropic|x-ratelimit|codex|ratelimit|copilot)-(?=.)")
"""What a window's name begins with that says nothing to whoever knows the pool."""


def shown(state: PoolState, entry: Entry, now: float) -> str:
    """Return a line for each window: its name, a bar, what is left, and in how long it resets."""
    told = sorted(running(state, entry, now=now).items(), key=lambda item: item[1].left)
    lines = [_line(name, window, now) for name, window in told[:_MOST]]
    return "\n".join([*lines, *_rest(len(told) - _MOST)])


def _line(name: str, window: Window, now: float) -> str:
    full, empty = _BLOCKS if _can_show(_BLOCKS) else _ASCII
    filled = max(1, int(window.left * _LENGTH)) if window.left > 0 else 0
    bar = full * filled + empty * (_LENGTH - filled)
    percent = f"{int(window.left * 100 + 1e-9)}%"
    return f"{visible(_FAMILY.sub('', name))} {bar} {percent:>4} {duration(window.until - now)}"


def _rest(count: int) -> Iterator[str]:
    if count > 0:
        yield f"and {count} more"


def _can_show(characters: tuple[str, ...]) -> bool:
    try:
        "".join(characters).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
