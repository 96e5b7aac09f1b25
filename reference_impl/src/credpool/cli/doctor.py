"""What is wrong with the pools, and what to do next. Nothing is changed by looking."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from rich.text import Text

from credpool.cli.billing_data import NOTES
from credpool.cli.home import Home
from credpool.cli.render import condition, out
from credpool.core import registry
from credpool.core.errors import BadConfig, StoreError, UnknownStrategy
from credpool.core.model import PoolState
from credpool.core.operate import shown
from credpool.core.report import Json


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
    mend: str = ""

    def report(self) -> Json:
        """Return the finding as plain values."""
        return {
            "level": self.level.value,
            "where": self.where,
            "what": self.what,
            "mend": self.mend,
        }


def examine(home: Home, environ: Mapping[str, str], *, now: float) -> Iterator[Finding]:
    """Yield everything that is to be said, the store first."""
    yield Finding(level=Level.NOTE, where=str(home.store), what=_store(home))
    if home.is_shared():
        yield Finding(
            level=Level.WARNING,
            where=str(home.store),
            what="other accounts of this machine may read it",
            mend=f"chmod 600 {home.store}",
        )
    try:
        states = home.states()
    except (StoreError, BadConfig, UnknownStrategy) as err:
        yield Finding(level=Level.FAULT, where=str(home.store), what=str(err), mend=_restore(home))
        states = []
    for state in states:
        yield from _entries(state, now)
        yield from _owners(state)
        yield from _bills(state)
    yield from _variables(environ)


def show(findings: Iterable[Finding]) -> None:
    """Show what was found, and the next step below it."""
    for finding in findings:
        level = Text(f"{finding.level.value:<8}", style=_STYLES[finding.level])
        out().print(level + Text(f"{finding.where}: {finding.what}"), soft_wrap=True)
        if finding.mend:
            out().print(Text(f"        → {finding.mend}"), soft_wrap=True)


def report(findings: list[Finding]) -> dict[str, Json]:
    """Return the findings as a document."""
    return {"version": 1, "findings": [finding.report() for finding in findings]}


def _store(home: Home) -> str:
    return "this is the store" if home.store.exists() else "there is no store yet"


def _restore(home: Home) -> str:
    return (
        f"keep a copy (cp {home.store} {home.store}.broken), mend what the error names, "
        "or put a backup in its place; nothing is written until it can be read"
    )


def _entries(state: PoolState, now: float) -> Iterator[Finding]:
    for entry in state.entries:
        why = condition(entry, now)
        if not why:
            continue
        told = entry.cooldown.message if entry.cooldown is not None else None
        yield Finding(
            level=Level.WARNING,
            where=f"{state.key}, {shown(entry)}",
            what=f"{why}; the provider says: {told}" if told else why,
            mend=_mend(state.key, entry.id, dead=entry.dead),
        )


def _mend(key: str, entry_id: str, *, dead: bool) -> str:
    if dead:
        return f"log in again, or take it out: credpool remove {key} {entry_id}"
    return f"wait, or if you know better: credpool reset {key} {entry_id}"


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
                what=f"{', '.join(entries)} belong to {owner}, and so share one quota",
                mend="a limit of one is a limit of all; add a credential of another owner",
            )


def _bills(state: PoolState) -> Iterator[Finding]:
    if state.provider not in registry.names():
        return
    types = {e.auth_type for e in state.entries}
    for auth_type in sorted(types, key=lambda t: t.value):
        payer = registry.provider(state.provider).credential(auth_type).payer
        yield Finding(
            level=Level.NOTE,
            where=f"{state.key}, {auth_type.value.replace('_', ' ')}",
            what=f"billed as {payer}",
        )
        for date, credential, says in NOTES.get(state.provider, ()):
            if credential in (auth_type.value, "any"):
                where = f"{state.key}, {auth_type.value.replace('_', ' ')}, {date}"
                yield Finding(level=Level.NOTE, where=where, what=says)


def _variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    for key in registry.names():
        for name in _variables_of(key):
            if environ.get(name):
                yield Finding(level=Level.NOTE, where=f"${name}", what=f"holds a key of {key}")


def _variables_of(key: str) -> Iterator[str]:
    for credential in registry.provider(key).credentials:
        yield from credential.env
