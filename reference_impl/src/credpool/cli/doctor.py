"""`credpool doctor`: the problems of the pools, and the next step for each. Looking changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from rich.text import Text

from credpool.cli.home import Home, is_shared
from credpool.cli.talk import deadline
from credpool.cli.talk.advice import advice
from credpool.cli.talk.billing import KINDS, bill, notes
from credpool.cli.talk.render import condition, dead_of, out
from credpool.events.report import Json
from credpool.model.entry import Entry
from credpool.model.errors import BadConfig, StoreError, StoreTooNew, UnknownStrategy
from credpool.model.state import PoolState
from credpool.model.text import duration, visible
from credpool.rules.select import payer_of
from credpool.rules.targets import shown
from credpool.rules.usable import DISABLED, NO_SECRET, why_unusable
from credpool.seed.open import news, remedy
from credpool.stores.atomic import leftovers
from credpool.stores.disk import WholeFile
from credpool.stores.place import document_at, is_database

_UPGRADE: Final = (
    "upgrade this program: pip install --upgrade 'credpool[cli]'; "
    "until then it neither reads nor writes the file"
)


_MANY: Final = 1000
"""How many entries an `auth.json` is good for."""


class Level(Enum):
    """How much a finding matters."""

    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


_STYLES: Final = {Level.NOTE: "dim", Level.WARNING: "yellow", Level.FAULT: "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something worth knowing: where, what, and the next step."""

    level: Level
    where: str
    what: str
    fix: str = ""

    def report(self) -> Json:
        """Return the finding as plain values."""
        return {
            "level": self.level.value,
            "where": self.where,
            "what": self.what,
            "fix": self.fix,
        }


def examine(home: Home, *, now: float) -> Iterator[Finding]:
    """Yield everything that is to be said, the store first."""
    there = "this is the store" if home.store.exists() else "there is no store yet"
    yield Finding(level=Level.NOTE, where=str(home.store), what=there)
    yield from _permissions(home)
    yield from _copies(home)
    try:
        yield from _outgrown(home)
        for key in dict.fromkeys((*home.known(), *home.surroundings.names())):
            yield from _pool(home, key, now)
    except StoreError as err:
        fix = _UPGRADE if isinstance(err, StoreTooNew) else _restore(home.store)
        yield Finding(level=Level.FAULT, where=str(home.store), what=str(err), fix=fix)
    except (BadConfig, UnknownStrategy) as err:
        fix = "correct what it names; until then no pool of this configuration is opened"
        yield Finding(level=Level.FAULT, where=str(home.config), what=str(err), fix=fix)


def _pool(home: Home, key: str, now: float) -> Iterator[Finding]:
    found, complaints = home.surroundings.find(key)
    for source in dict.fromkeys(item.source for item in found):
        yield Finding(level=Level.NOTE, where=key, what=f"a credential is found at {source}")
    state = home.state(key, notify=lambda _: None)
    for one in news(complaints, state):
        yield Finding(level=Level.WARNING, where=f"{key}, {one.where}", what=one.what, fix=one.fix)
    for source in sorted(state.suppressed):
        what = f"{source} was removed, and is not looked at"
        yield Finding(level=Level.NOTE, where=key, what=what)
    for entry in state.entries:
        if entry.reference is not None:
            what = f"{shown(entry)} reads its key at {entry.reference}"
            yield Finding(level=Level.NOTE, where=key, what=what)
    yield from _entries(state, now)
    yield from _deadlines(state, now)
    yield from _owners(state)
    yield from _bills(state)


def show(findings: Iterable[Finding]) -> None:
    """Show what was found, and the next step below it."""
    for finding in findings:
        level = Text(f"{finding.level.value:<8}", style=_STYLES[finding.level])
        what = visible(f"{finding.where}: {finding.what}")
        out().print(level + Text(what), soft_wrap=True)
        if finding.fix:
            out().print(Text(f"        → {visible(finding.fix)}"), soft_wrap=True)


def report(findings: list[Finding]) -> dict[str, Json]:
    """Return the findings as a document."""
    return {"version": 1, "findings": [finding.report() for finding in findings]}


def _permissions(home: Home) -> Iterator[Finding]:
    for path in (home.store, home.config, home.store.with_name(".env")):
        if is_shared(path):
            what, fix = "other accounts of this machine may read it", f"chmod 600 {path}"
            yield Finding(level=Level.WARNING, where=str(path), what=what, fix=fix)
    folder = home.store.parent
    if not WholeFile(home.store, lock_timeout=0.0).writable():
        what = "it cannot be written: cooldowns end with the program, and no login is refreshed"
        fix = f"let your account write {folder} and the files in it"
        yield Finding(level=Level.FAULT, where=str(home.store), what=what, fix=fix)


def _copies(home: Home) -> Iterator[Finding]:
    for file, fix in (
        (home.store, "the next change of the store removes it"),
        (home.config, "remove it"),
    ):
        for path in leftovers(file.resolve()):
            what = "a program that was killed while it saved has left this, and keys may be in it"
            yield Finding(level=Level.WARNING, where=str(path), what=what, fix=fix)


def _outgrown(home: Home) -> Iterator[Finding]:
    """Yield that a file has more entries than are quick to write, since each change writes all."""
    if is_database(home.store):
        return
    pools = _fields(document_at(home.store, 0.0).get("credential_pool"))
    count = sum(len(rows) for rows in pools.values() if isinstance(rows, list))
    if count > _MANY:
        new = home.store.with_name("pool.db")
        what = f"it has {count:,} entries, and each change of one writes all of them"
        take = f"credpool --store {new} import --whole {home.store}"
        fix = f"{take}, and give {new} as the store from then on (see the page on stores)"
        yield Finding(level=Level.WARNING, where=str(home.store), what=what, fix=fix)


def _fields(value: object) -> Mapping[str, object]:
    """Return an object of a document; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _restore(store: Path) -> str:
    return (
        f"keep a copy (cp {store} {store}.broken), correct what the error names, "
        "or put a backup in its place; nothing is written until it can be read"
    )


def _entries(state: PoolState, now: float) -> Iterator[Finding]:
    for entry in state.entries:
        why = condition(state, entry, now)
        if not why:
            continue
        flaw = why_unusable(state)(entry)
        if flaw == DISABLED:
            yield _disabled(state, entry, why, now)
            continue
        told = entry.cooldown.message if entry.cooldown is not None else None
        code = dead_of(state, entry)
        if code is not None:
            why, told = f"{code}; {why}", None
        yield Finding(
            level=Level.WARNING,
            where=f"{state.key}, {shown(entry)}",
            what=f"{why}; the provider says: {told}" if told else why,
            fix=advice(state.key, entry, now)
            if flaw in (None, NO_SECRET) or entry.dead
            else remedy(state.key, entry),
        )


def _deadlines(state: PoolState, now: float) -> Iterator[Finding]:
    for entry in state.entries:
        what = deadline.warning(entry, now)
        if what is not None:
            where, fix = f"{state.key}, {shown(entry)}", deadline.step(state.key, entry)
            yield Finding(level=Level.WARNING, where=where, what=what, fix=fix)


def _disabled(state: PoolState, entry: Entry, why: str, now: float) -> Finding:
    """Return what is to be said of an entry that a person has paused: a login can end meanwhile."""
    what = why
    if entry.refreshable:
        left = None if entry.expires_at is None else entry.expires_at - now
        ends = (
            "" if left is None else f" (its token {'ended' if left <= 0 else 'ends'} {_ago(left)})"
        )
        what = f"{why}; its login is not refreshed meanwhile, and may end{ends}"
    where, fix = f"{state.key}, {shown(entry)}", f"credpool enable {state.key} {entry.id}"
    return Finding(level=Level.NOTE, where=where, what=what, fix=fix)


def _ago(left: float) -> str:
    return f"in {duration(left)}" if left > 0 else f"{duration(-left)} ago"


def _owners(state: PoolState) -> Iterator[Finding]:
    owners = defaultdict(list)
    for entry in state.entries:
        if entry.owner is not None:
            owners[entry.owner].append(shown(entry))
    for owner, entries in owners.items():
        if len(entries) > 1:
            yield Finding(
                level=Level.WARNING,
                where=state.key,
                what=f"{', '.join(entries)} belong to {owner}, and so share its money and whatever quota is its own",
                fix="a limit of one is a limit of all; add a credential of another owner",
            )


def _bills(state: PoolState) -> Iterator[Finding]:
    for auth_type in sorted({e.auth_type for e in state.entries}, key=lambda t: t.value):
        where = f"{state.key}, {KINDS[auth_type]}"
        payers = {payer_of(state, e) for e in state.entries if e.auth_type is auth_type}
        for payer in sorted(payers, key=lambda p: p.value):
            what = bill(state.provider, auth_type, payer)
            yield Finding(level=Level.NOTE, where=where, what=what)
        for note in notes(state.provider, auth_type):
            yield Finding(level=Level.NOTE, where=where, what=note)
