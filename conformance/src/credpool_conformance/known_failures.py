"""Read which checks a testee is known to fail, and mark their outcomes.

A list for people who mend one thing after the other: it moves the exit code, never the verdict.
A stale entry fails, and so does a name that no check has.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from credpool_conformance.book.problems import Problem
from credpool_conformance.book.yaml_lines import Document, fields, items, text
from credpool_conformance.faults import BadInputError
from credpool_conformance.judging.table import table
from credpool_conformance.registry import read
from credpool_conformance.runner import Check, Outcome

KINDS: Final[tuple[str, ...]] = tuple(table().kinds)
_KEYS: Final = {"reason", "kind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """One entry of the list: why the check fails, and in which kinds if that was said."""

    where: str
    reason: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailures:
    """The list, by the ids of the checks."""

    path: str | None = None
    entries: Mapping[str, KnownFailure] = field(default_factory=lambda: MappingProxyType({}))

    def mark(self, check: Check) -> Check:
        """Turn a failure that is listed into an expected one, and a stale entry into a failure."""
        known = self.entries.get(check.scenario.id)
        if known is None:
            return check
        if check.outcome is Outcome.PASS:
            reason = f"{known.where} lists it as failing ({known.reason}); remove the entry"
            return replace(check, outcome=Outcome.UNEXPECTED_PASS, reason=reason)
        if check.outcome is not Outcome.FAIL:
            return check
        failed = frozenset(finding.kind for finding in check.own)
        if known.kinds and known.kinds != failed:
            reason = f"{known.where} knows it to fail in {_listed(known.kinds)}"
            return replace(check, reason=f"{reason}, and it failed in {_listed(failed)}")
        return replace(check, outcome=Outcome.EXPECTED_FAIL, reason=f"known: {known.reason}")


def load(path: Path, ids: Collection[str]) -> KnownFailures:
    """Read a list in YAML or JSON; `ids` are those of all checks there are.

    Raises: BadInputError with everything that is wrong.
    """
    document = read(path)
    problems = list(_problems(document, ids))
    if problems:
        raise BadInputError(problems)
    entries = {
        id_: KnownFailure(
            where=f"{document.path}:{document.line(id_)}",
            reason=text(fields(raw).get("reason")).strip(),
            kinds=frozenset(text(name) for name in items(fields(raw).get("kind"))),
        )
        for id_, raw in fields(document.data).items()
    }
    return KnownFailures(path=document.path, entries=entries)


def _problems(document: Document, ids: Collection[str]) -> Iterator[Problem]:
    if document.data is not None and not isinstance(document.data, dict):
        fix = "write `check-id: {reason: why it fails}`"
        yield document.problem((), "not a map of check ids", fix)
    for id_, raw in fields(document.data).items():
        entry = fields(raw)
        if id_ not in ids:
            fix = "name an id that `credpool-conformance list` shows, or remove the entry"
            yield document.problem((id_,), f"no check is called {id_!r}", fix)
        if not text(entry.get("reason")).strip():
            fix = f"write `{id_}: {{reason: why it fails}}`"
            yield document.problem((id_,), f"{id_} has no reason", fix)
        for key in sorted(entry.keys() - _KEYS):
            yield document.problem((id_, key), f"unknown key {key!r}", "write reason, kind")
        for name in items(entry.get("kind")):
            if name not in KINDS:
                fix = f"write one of: {', '.join(KINDS)}"
                yield document.problem((id_, "kind"), f"unknown kind {name!r}", fix)


def _listed(kinds: Collection[str]) -> str:
    return ", ".join(name for name in KINDS if name in kinds)
