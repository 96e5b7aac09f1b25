"""Read which checks a testee is known to fail, and mark their outcomes.

A list for people who fix one thing after another: it moves the exit code, never the verdict.
A stale entry fails, and so does a name that no check has.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Final

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.json_values import fields, items, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.specification.charges import table
from credpool_conformance.specification.documents import Document
from credpool_conformance.specification.registry import read

KINDS: Final[tuple[str, ...]] = tuple(table().kinds)
_KEYS: Final = {"reason", "kind"}
_GLOB: Final = frozenset("*?[")
_RAN: Final = (Outcome.PASS, Outcome.FAIL, Outcome.EXPECTED_FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """One entry of the list: why the check fails, and in which kinds if that was said."""

    where: str
    reason: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailures:
    """The list: by the ids of checks, by globs of them, and by the ids of requirements."""

    path: str | None = None
    entries: Mapping[str, KnownFailure] = field(default_factory=lambda: MappingProxyType({}))
    requirements: Collection[str] = frozenset()
    """Those of the entries that name a requirement: it is broken wherever that is seen."""
    verifying: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Of each check there is, also one that does not run now, the requirements that it verifies."""

    def mark(self, check: Check) -> Check:
        """Turn a failure that is listed into an expected one, and a stale entry into a failure."""
        known = self.entries.get(check.scenario.id)
        if known is not None and check.outcome is Outcome.PASS:
            reason = f"{known.where} lists it as failing ({known.reason}); remove the entry"
            return replace(check, outcome=Outcome.UNEXPECTED_PASS, reason=reason)
        known = known or self._covering(check)
        if known is None or check.outcome is not Outcome.FAIL:
            return check
        failed = frozenset(finding.kind for finding in check.own)
        if known.kinds and known.kinds != failed:
            reason = f"{known.where} knows it to fail in {_listed(known.kinds)}"
            return replace(check, reason=f"{reason}, and it failed in {_listed(failed)}")
        return replace(check, outcome=Outcome.EXPECTED_FAIL, reason=f"known: {known.reason}")

    def covers(self, requirement: str) -> bool:
        """Tell whether an entry says that a requirement is broken: by its name, or by a check of it."""
        if requirement in self.requirements:
            return True
        checks = (id_ for id_, verified in self.verifying.items() if requirement in verified)
        return any(id_ in self.entries or self._glob_of(id_) for id_ in checks)

    def stale(self, checks: Collection[Check], *, whole: bool = True) -> tuple[str, ...]:
        """List the globs and requirements of which nothing failed, though they were tried.

        What is broken shows in any check, so only a whole run tells what is not.
        """
        if not whole:
            return ()
        seen = {f.requirement for check in checks for f in check.findings}
        cited = {
            ref.partition("+")[0]
            for c in checks
            if c.outcome in _RAN
            for ref in c.scenario.verifies
        }
        found = [id_ for id_ in self.requirements if id_ in cited and id_ not in seen]
        for pattern in self._globs():
            ended = [c.outcome for c in checks if fnmatchcase(c.scenario.id, pattern)]
            if Outcome.PASS in ended and not {Outcome.EXPECTED_FAIL, Outcome.FAIL} & {*ended}:
                found.append(pattern)
        return tuple(f"{self.entries[id_].where}: {id_} is not broken; remove it" for id_ in found)

    def _covering(self, check: Check) -> KnownFailure | None:
        """Find the entry that covers a failing check without its name."""
        if pattern := self._glob_of(check.scenario.id):
            return self.entries[pattern]
        broken = [finding.requirement or "" for finding in check.own]
        if broken and all(id_ in self.requirements for id_ in broken):
            return self.entries[broken[0]]
        return None

    def _glob_of(self, id_: str) -> str | None:
        return next((pattern for pattern in self._globs() if fnmatchcase(id_, pattern)), None)

    def _globs(self) -> list[str]:
        return [id_ for id_ in self.entries if _GLOB & {*id_}]


def load(
    path: Path,
    ids: Collection[str],
    requirements: Collection[str] = (),
    verifying: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> KnownFailures:
    """Read a list in YAML or JSON; `ids` are those of all checks, `requirements` of all requirements.

    `verifying` says of each check which requirements it verifies.

    Raises: BadInputError with everything that is wrong.
    """
    document = read(path)
    problems = list(_problems(document, ids, requirements))
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
    named = frozenset(entries) & frozenset(requirements)
    return KnownFailures(
        path=document.path, entries=entries, requirements=named, verifying=verifying
    )


def _problems(
    document: Document, ids: Collection[str], requirements: Collection[str]
) -> Iterator[Problem]:
    if document.data is not None and not isinstance(document.data, dict):
        fix = "write `check-id: {reason: why it fails}`"
        yield document.problem((), "not a map of check ids", fix)
    for id_, raw in fields(document.data).items():
        entry = fields(raw)
        if not (id_ in {*ids, *requirements} or _is_glob_of(id_, ids)):
            fix = "name an id that `credpool-conformance list` shows, or remove the entry"
            yield document.problem((id_,), f"no check or requirement is called {id_!r}", fix)
        if not text(entry.get("reason")).strip():
            fix = f"write `{id_}: {{reason: why it fails}}`"
            yield document.problem((id_,), f"{id_} has no reason", fix)
        for key in sorted(entry.keys() - _KEYS):
            yield document.problem((id_, key), f"unknown key {key!r}", "write reason, kind")
        for name in items(entry.get("kind")):
            if name not in KINDS:
                fix = f"write one of: {', '.join(KINDS)}"
                yield document.problem((id_, "kind"), f"unknown kind {name!r}", fix)


def _is_glob_of(pattern: str, ids: Collection[str]) -> bool:
    return bool(_GLOB & {*pattern}) and any(fnmatchcase(id_, pattern) for id_ in ids)


def _listed(kinds: Collection[str]) -> str:
    return ", ".join(name for name in KINDS if name in kinds)
