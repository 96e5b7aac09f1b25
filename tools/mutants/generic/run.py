"""Run every small change against the scenarios that execute its line, and tell which survive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration, alterations
from tools.mutants.generic.lines import Line, Lines, joined
from tools.mutants.generic.trial import killer
from tools.mutants.reference_run import Suite, prepare, watched
from tools.mutants.workers import TOO_LONG, LostError, run_all

_DECIDES: Final = ("rules/*.py", "providers/*.py", "stores/auth_json/*.py", "model/state.py")
_SECONDS: Final = 120.0
_FEW: Final = 3
_SAMPLE: Final = 7
"""Where few scenarios are seen on a line, what it answered is kept, and one in so many runs too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one change."""

    alteration: Alteration
    killer: str | None
    """The check that noticed it, or how the run ended; None when nothing did."""


def decisive(library: Path) -> list[Path]:
    """List the modules that decide or read replies."""
    return [path for pattern in _DECIDES for path in sorted(library.glob(pattern))]


def trials(
    suite: Suite, paths: Sequence[Path], *, at_once: int, chosen: Callable[[Alteration], bool]
) -> Iterator[Trial]:
    """Try each change, and yield what became of it as it is known."""
    seen, modules = _lines(suite, paths, at_once)
    prepare(suite, modules)
    known = {a.name + f" #{a.number}": a for path in paths for a in alterations(path) if chosen(a)}
    jobs = [
        (name, partial(killer, suite, _runs(suite, seen, alteration), alteration))
        for name, alteration in known.items()
    ]
    for name, found in run_all(jobs, at_once=at_once, seconds=_SECONDS):
        if isinstance(found, LostError) and str(found) != TOO_LONG:
            raise found  # a change that was not made proves nothing
        result = f"the run {found}" if isinstance(found, LostError) else found
        yield Trial(alteration=known[name], killer=result)


def _lines(
    suite: Suite, paths: Sequence[Path], at_once: int
) -> tuple[Mapping[Line, frozenset[str]], list[str]]:
    shares = [suite.scenarios[number::at_once] for number in range(at_once)]
    jobs = [(str(n), partial(_watched, suite, share, paths)) for n, share in enumerate(shares)]
    found = [part for _, part in run_all(jobs, at_once=at_once, seconds=20 * _SECONDS)]
    lost = [part for part in found if isinstance(part, LostError)]
    if lost:
        raise lost[0]
    parts = [part for part in found if not isinstance(part, LostError)]
    modules = sorted({name for _, names in parts for name in names})
    return joined([lines for lines, _ in parts]), modules


def _watched(
    suite: Suite, share: Sequence[Scenario], paths: Sequence[Path]
) -> tuple[Mapping[Line, set[str]], frozenset[str]]:
    lines = Lines(paths)

    def begins(scenario: Scenario) -> None:
        lines.scenario = scenario.id

    with lines.watching():
        modules = watched(suite, share, begins)
    return dict(lines.seen), modules


def _runs(
    suite: Suite, seen: Mapping[Line, frozenset[str]], alteration: Alteration
) -> tuple[Scenario, ...]:
    """Choose the scenarios that come to the line."""
    there = seen.get((str(alteration.path), alteration.line), frozenset())
    sample = suite.scenarios[::_SAMPLE] if len(there) <= _FEW else ()
    ids = {*there, *(scenario.id for scenario in sample)}
    return tuple(scenario for scenario in suite.scenarios if scenario.id in ids)
