"""Tables of pools, and sentences, for people. Data goes to stdout, talk to stderr.

Text that comes from a file, a provider or an argument is made visible before it is shown.
"""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from credpool.cli.talk import deadline
from credpool.cli.talk.bars import bars
from credpool.cli.talk.billing import KINDS, disputes
from credpool.cli.talk.columns import Cells, fitting, frame
from credpool.cli.talk.when import clock_time
from credpool.entries.listing import counts, last_four, listing, upcoming, with_last_four
from credpool.entries.order import is_plain
from credpool.events.report import Json
from credpool.model.borrowed import borrowed, brief, is_reference
from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId, Status
from credpool.model.text import duration, visible
from credpool.providers.grant import endpoint_code
from credpool.providers.registry import provider_of
from credpool.rules.select import payer_of
from credpool.rules.targets import shown
from credpool.rules.usable import DISABLED, NO_SECRET, why_unusable

_UNTITLED: Final = Text()
_WIDE: Final = 200
"""The width where nobody looks: a program that reads the output wants whole lines."""

_STYLES: Final = {Status.OK: "green", Status.EXHAUSTED: "yellow", Status.DEAD: "red"}
_PASSED_OVER: Final[Mapping[str | None, str]] = {NO_SECRET: "no key", DISABLED: "disabled"}
"""How an entry is shown with which nothing is sent although nothing is wrong with it."""

_COLUMNS: Final = ("#", "priority", "label", "type", "status", "why", "login ends", "requests", "billed", "models", "source", "owner", "id", "fingerprint", "last four")  # fmt: skip


def out() -> Console:
    """Return where data goes."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def say(text: str) -> None:
    """Tell the person something that is no data; where nobody can hear, nothing is said."""
    console = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
    with suppress(OSError):
        console.print(Text(visible(text, keep="\n")))


def put(table: Table) -> None:
    """Write a table; where nobody looks, no line of it ends in blanks."""
    console = out()
    if sys.stdout.isatty():
        console.print(table)
        return
    with console.capture() as written:
        console.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def as_json(value: Json) -> None:
    """Write a document for programs, in ASCII: no terminal and no locale can spoil it."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def put_all(names: Sequence[str], cells: Cells, title: Text = _UNTITLED) -> None:
    """Write the cells of each row, in as many tables as the terminal's width takes."""
    for table in fitting(title, names, cells, out().width):
        put(table)


def show_pools(
    states: Sequence[PoolState],
    *,
    now: float,
    as_data: bool,
    only: EntryId | None = None,
    with_ends: bool = False,
) -> None:
    """Show every entry of the pools; as data, or one of them; and how its secret ends, if asked to."""
    if as_data:
        document = listing(states, now=now, only=only)
        as_json(with_last_four(document, states) if with_ends else document)
        return
    for state in states:
        if state.entries:
            for table in _tables(state, now, out().width, with_ends=with_ends):
                put(table)
            _show_quotas(state, now)
    for note in disputes(states):
        out().print(Text(note), soft_wrap=True)


def _show_quotas(state: PoolState, now: float) -> None:
    """Show what is left of the entries' quotas, below their table: each window has a bar."""
    table = frame()
    for name in ("#", "label", "window", "left", "resets in"):
        table.add_column(name, overflow="fold", no_wrap=name in ("#", "left"))
    for place, entry in enumerate(state.entries, start=1):
        names = (str(place), visible(entry.label or entry.id))
        for window, bar, resets in bars(state, entry, now):
            table.add_row(*map(Text, (*names, window, bar, resets)))
            names = ("", "")
    if table.row_count:
        put(table)


def show_summary(states: Sequence[PoolState], *, now: float) -> None:
    """Show one line for each pool: how many can be used, and when the next one can."""
    found = [counts(state, now) for state in states]
    paused = any(c.disabled for c in found)
    names = ["pool", "strategy", "available", "out", "dead", "disabled", "next return"]
    cells = [
        {
            "pool": Text(visible(state.key)),
            "strategy": Text(state.strategy.value),
            "available": Text(str(c.available)),
            "out": Text(str(c.out)),
            "dead": Text(str(c.dead)),
            "disabled": Text(str(c.disabled)),
            "next return": Text(_return(c.next_return, now) if c.next_return is not None else "–"),
        }
        for state, c in zip(states, found, strict=True)
    ]
    put_all(names if paused else [n for n in names if n != "disabled"], cells)


def show_entry(state: PoolState, entry: Entry, *, now: float) -> None:
    """Show one entry with its place, to a person who is asked about it."""
    one = [n for n, e in enumerate(state.entries, start=1) if e.id == entry.id]
    talk = Console(stderr=True, highlight=False)
    talk.print(*_tables(state, now, talk.width, places=one), sep="")


def new_order(was: PoolState, state: PoolState, entry: Entry) -> str:
    """Return how the entries are used now that one was moved."""
    if [e.id for e in was.entries] == [e.id for e in state.entries]:
        return f"{shown(entry)} is there already; the order is unchanged: {_order(state)}."
    return f"Moved {shown(entry)}; the order is now {_order(state)}."


def new_priority(was: PoolState, state: PoolState, entry: Entry, priority: int) -> str:
    """Return what a priority has changed of the order, or that it has changed nothing."""
    changed = [e.id for e in was.entries] != [e.id for e in state.entries]
    if changed or len(state.entries) == 1:
        order = f"; the order is now {_order(state)}" if changed else ""
        return f"{shown(entry)} has priority {priority}{order}."
    before = [e for e in state.entries if e.priority == priority]
    tied = (
        f"; {shown(before[0])} has it too, and comes before it" if before[0].id != entry.id else ""
    )
    return (
        f"{shown(entry)} has priority {priority}, and the order is unchanged{tied}: "
        f"credpool move {visible(state.key)} {_target(state, entry)} first puts it first."
    )


def _target(state: PoolState, entry: Entry) -> str:
    """Return what to type for an entry: its label, if that is its alone."""
    is_its_own = [e.label for e in state.entries].count(entry.label) == 1
    return shlex.quote(visible(entry.label)) if entry.label and is_its_own else entry.id


def _order(state: PoolState) -> str:
    return ", ".join(visible(e.label or e.id) for e in state.entries)


def condition(state: PoolState, entry: Entry, now: float) -> str:
    """Return why an entry is out, for what, and for how long."""
    why = why_unusable(state)(entry)
    if why not in (None, DISABLED) and not entry.dead:
        return "no secret here" if why == NO_SECRET else why
    parts = ["disabled"] if why == DISABLED else []
    cooldown = entry.blocked(now)
    if cooldown is not None:
        left = "log in again" if entry.dead else _until(cooldown.until, now)
        parts.append(f"{cooldown.failure.value}, {left}")
    for model, out_for in sorted(entry.models.items()):
        if out_for.until > now:
            left = _until(out_for.until, now) if out_for.until != FOREVER else "for good"
            parts.append(f"{model}: {out_for.failure.value}, {left}")
    return "; ".join(parts)


def _until(at: float, now: float) -> str:
    return f"{duration(at - now)} left, until {clock_time(at, now)}"


def _return(at: float, now: float) -> str:
    return f"in {duration(at - now)}, at {clock_time(at, now)}"


def dead_of(state: PoolState, entry: Entry) -> str | None:
    """Return what a dead login died of, if its token endpoint has said."""
    code = endpoint_code(entry, provider_of(state))
    return None if code is None else f"dead: {code}"


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


def _tables(
    state: PoolState,
    now: float,
    width: int,
    places: Sequence[int] = (),
    *,
    with_ends: bool = False,
) -> Iterator[Table]:
    """Yield a pool, or some places of it, without the columns that tell no two entries apart.

    There are several tables where the width is too small for one: no column is lost or broken.
    """
    payers = {payer_of(state, e).value for e in state.entries}
    billed = f" · billed: {payers.pop()}" if len(payers) == 1 else ""
    first = upcoming(state, now)
    comes = " · → comes next" if first is not None and len(state.entries) > 1 else ""
    title = Text(f"{visible(state.key)} · {state.strategy.value}{billed}{comes}", style="bold")
    rows = enumerate(state.entries, start=1)
    cells = [_cells(n, state, e, now) for n, e in rows if not places or n in places]
    for cell, entry in zip(cells, state.entries, strict=False) if with_ends else ():
        cell["last four"] = Text(visible(last_four(entry)))
    for cell in cells if comes else ():
        mark = "→ " if cell["id"].plain == first else "  "
        cell["#"] = Text(mark) + cell["#"]
    left_out = {"billed"} if billed else set()
    left_out |= {"priority"} if is_plain(state) else set()
    shown = [c for c in _COLUMNS if c not in left_out and any(row[c].plain for row in cells)]
    yield from fitting(title, shown, cells, width)


def _cells(place: int, state: PoolState, entry: Entry, now: float) -> dict[str, Text]:
    status = entry.status(now)
    found = why_unusable(state)(entry)
    why = None if entry.dead and found != DISABLED else found
    shown_as = _PASSED_OVER.get(why, "unusable")
    told = (
        str(place),
        str(entry.priority),
        entry.label,
        KINDS[entry.auth_type],
        dead_of(state, entry) or status.value if why is None else shown_as,
        condition(state, entry, now).removeprefix("disabled").removeprefix("; "),
        deadline.shown(entry, now),
        str(entry.request_count),
        payer_of(state, entry).value,
        ", ".join(entry.serves),
        entry.reference or ("" if entry.source == "manual" else entry.source),
        entry.owner or entry.learnt_owner or "",
        entry.id,
        brief(entry) or "",
        "",  # the end of its secret, which is shown to whoever asks for it
    )
    cells = dict(zip(_COLUMNS, (Text(visible(text)) for text in told), strict=True))
    style = "yellow" if why in _PASSED_OVER else "red"
    cells["status"].stylize(_STYLES[status] if why is None else style)
    return cells
