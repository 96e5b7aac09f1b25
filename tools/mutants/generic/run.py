"""Run every small change against the scenarios that execute its line, and tell which survive."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration, alterations
from tools.mutants.generic.choice import choice
from tools.mutants.generic.trial import Kill, killer
from tools.mutants.reference_run import Suite
from tools.mutants.workers import TOO_LONG, LostError, run_all

_DECIDES: Final = ("rules/*.py", "providers/*.py", "stores/auth_json/*.py", "model/state.py")
_DECIDES_NOT: Final = frozenset({"given.py"})
"""It looks at values that a program gives, and at no reply and no file: the library's tests do that."""

_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The end of one change."""

    alteration: Alteration
    killer: str | None
    """The check that noticed it, or how the run ended; None when nothing did."""
    test: str | None = None
    """The test of the library that noticed it, where no check did."""


def decisive(library: Path) -> list[Path]:
    """List the modules that decide or read replies."""
    found = [path for pattern in _DECIDES for path in sorted(library.glob(pattern))]
    return [path for path in found if path.name not in _DECIDES_NOT]


def changes(paths: Sequence[Path], chosen: Callable[[Alteration], bool]) -> list[Alteration]:
    """List the changes that were chosen."""
    return [a for path in paths for a in alterations(path) if chosen(a)]


def trials(
    suite: Suite, paths: Sequence[Path], made: Sequence[Alteration], *, at_once: int
) -> Iterator[Trial]:
    """Try each change, and yield what became of it as it is known."""
    known = {a.name: a for a in made}
    assert len(known) == len(made), "each change has a name of its own"
    chosen, late = choice(suite, paths, made, at_once), []

    def jobs() -> Iterator[tuple[str, Callable[[], Kill | None]]]:
        for name, alteration in known.items():
            yield name, partial(killer, suite, chosen.of(alteration), alteration)

    for name, found in run_all(jobs(), at_once=at_once, seconds=_SECONDS):
        if _is_late(found):
            late.append(known[name])
            continue
        if isinstance(found, LostError):
            raise found  # a change that was not made proves nothing
        if found:
            chosen.killed(known[name], found.check)
        yield Trial(alteration=known[name], killer=found.check if found else None)
    for alteration in late:
        yield _alone(suite, chosen.of(alteration), alteration)


def _alone(suite: Suite, scenarios: Sequence[Scenario], alteration: Alteration) -> Trial:
    """Try a change that ran out of time once more, with nothing beside it: it may have been the load."""
    job = (alteration.name, partial(killer, suite, scenarios, alteration))
    ((_, found),) = run_all([job], at_once=1, seconds=2 * _SECONDS)
    if isinstance(found, LostError):
        if str(found) != TOO_LONG:
            raise found
        return Trial(alteration=alteration, killer=f"the run {found}")
    return Trial(alteration=alteration, killer=found.check if found else None)


def _is_late(found: Kill | LostError | None) -> bool:
    if isinstance(found, LostError):
        return str(found) == TOO_LONG
    return found is not None and found.late
