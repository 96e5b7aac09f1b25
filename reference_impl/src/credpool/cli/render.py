"""What a person sees: tables of pools, and times as words. Data goes to stdout, talk to stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from credpool.core.borrowing import borrowed, is_reference
from credpool.core.listing import listing
from credpool.core.model import FOREVER, AuthType, Entry, PoolState, Status
from credpool.core.payer import Payer
from credpool.core.report import Json
from credpool.core.select import available, payer_of
from credpool.core.usable import NO_SECRET, why_unusable

_WIDE: Final = 200
"""The width where nobody looks: a program that reads the output wants whole lines."""

KINDS: Final = {AuthType.API_KEY: "API key", AuthType.OAUTH: "OAuth login"}
PAYS: Final = {
    Payer.METERED: "its organisation, per token",
    Payer.SUBSCRIPTION: "a subscription, within its limits",
    Payer.FREE: "nobody: a free allowance",
    Payer.UNKNOWN: "an account that is not known here: ask the provider",
}
"""Who is billed, in words; what is known beyond that is in the billing notes."""

_STYLES: Final = {Status.OK: "green", Status.EXHAUSTED: "yellow", Status.DEAD: "red"}
_COLUMNS: Final = ("#", "label", "type", "status", "why", "requests", "billed", "source", "owner", "id")  # fmt: skip
_WHOLE: Final = frozenset({"#", "type", "status", "requests", "id"})
"""The columns that are never folded."""

_LEAST: Final = {"why": len("usage_limited,")}
"""How wide a column must be, so that no word of it is broken."""

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def out() -> Console:
    """Return where data goes."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def say(text: str) -> None:
    """Tell the person something that is no data."""
    Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty()).print(Text(text))


def as_json(value: Json) -> None:
    """Write a document for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def show_pools(states: Sequence[PoolState], *, now: float, as_data: bool) -> None:
    """Show every entry of the pools."""
    if as_data:
        as_json(listing(states, now=now))
        return
    for state in states:
        if state.entries:
            out().print(_table(state, now))


def show_summary(states: Iterable[PoolState], *, now: float) -> None:
    """Show one line for each pool: how many can be used, and when the next one can."""
    table = _frame()
    for name in ("pool", "strategy", "available", "out", "dead", "next return"):
        table.add_column(name, overflow="fold")
    for state in states:
        ready = len(available(state, now=now, model=None))
        dead = sum(e.dead for e in state.entries)
        ends = [c.until for e in state.entries if (c := e.blocked(now)) and c.until != FOREVER]
        table.add_row(
            Text(state.key),
            state.strategy.value,
            str(ready),
            str(len(state.entries) - ready - dead),
            str(dead),
            duration(min(ends) - now) if ends else "–",
        )
    out().print(table)


def duration(seconds: float) -> str:
    """Return a time in its two largest units: `1 h 5 min`."""
    left = max(round(seconds), 0)
    words: list[str] = []
    for size, unit in _UNITS:
        if left >= size and len(words) < 2:
            words.append(f"{left // size} {unit}")
            left %= size
    return " ".join(words) or "0 s"


def condition(state: PoolState, entry: Entry, now: float) -> str:
    """Return why an entry is out, for what, and for how long."""
    why = why_unusable(state)(entry)
    if why is not None and not entry.dead:
        return "no secret here" if why == NO_SECRET else why
    parts = []
    cooldown = entry.blocked(now)
    if cooldown is not None:
        left = "log in again" if entry.dead else f"{duration(cooldown.until - now)} left"
        parts.append(f"{cooldown.failure.value}, {left}")
    for model, out_for in sorted(entry.models.items()):
        if out_for.until > now:
            left = duration(out_for.until - now) if out_for.until != FOREVER else "for good"
            parts.append(f"{model}: {out_for.failure.value}, {left}")
    return "; ".join(parts)


def stays_away(key: str, gone: Entry) -> str:
    """Return what is to be known of a removed entry that was found somewhere, or nothing."""
    if not borrowed(key, gone.source):
        return ""
    again = (
        f" until you do: credpool add {key} --from {gone.source}"
        if is_reference(gone.source)
        else ""
    )
    return f" It was found at {gone.source}, and is not taken up again{again}."


def _frame(title: Text | None = None) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _table(state: PoolState, now: float) -> Table:
    """Return a pool as a table, without the columns that tell no two entries apart."""
    payers = {payer_of(state, e).value for e in state.entries}
    billed = f" · billed: {payers.pop()}" if len(payers) == 1 else ""
    title = Text(f"{state.key} · {state.strategy.value}{billed}", style="bold")
    table = _frame(title)
    cells = [_cells(place, state, e, now) for place, e in enumerate(state.entries, start=1)]
    left_out = {"billed"} if billed else set()
    shown = [c for c in _COLUMNS if c not in left_out and any(row[c].plain for row in cells)]
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name in _WHOLE, min_width=_LEAST.get(name))
    for row in cells:
        table.add_row(*(row[name] for name in shown))
    return table


def _cells(place: int, state: PoolState, entry: Entry, now: float) -> dict[str, Text]:
    status = entry.status(now)
    usable = entry.dead or why_unusable(state)(entry) is None
    told = (
        str(place),
        entry.label,
        KINDS[entry.auth_type],
        status.value if usable else "unusable",
        condition(state, entry, now),
        str(entry.request_count),
        payer_of(state, entry).value,
        "" if entry.source == "manual" else entry.source,
        entry.owner or entry.learnt_owner or "",
        entry.id,
    )
    cells = dict(zip(_COLUMNS, map(Text, told), strict=True))
    cells["status"].stylize(_STYLES[status] if usable else "red")
    return cells
