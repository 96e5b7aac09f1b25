"""Run every small change against the scenarios that execute its line, and tell which survive."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration, alterations
from tools.mutants.generic.lines import Line, Lines, joined
from tools.mutants.generic.trial import PATIENCE, Kill, killer
from tools.mutants.reference_run import Suite, prepare, watched
from tools.mutants.workers import TOO_LONG, LostError, run_all

_DECIDES: Final = ("rules/*.py", "providers/*.py", "stores/auth_json/*.py", "model/state.py")
_SECONDS: Final = 600.0
_FEW: Final = 3
_SAMPLE: Final = 7
"""Where few scenarios are seen on a line, what it answered is kept, and one in so many runs too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one change."""

    alteration: Alteration
    killer: str | None
    """The check that noticed it, or how the run ended; None when nothing did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A run of the reference as it is: who was on which line, how long, and what was imported."""

    seen: Mapping[Line, frozenset[str]]
    took: Mapping[str, int]
    modules: frozenset[str]


@dataclass(slots=True)
class Order:
    """Which scenarios to try first: those that killed neighbours, then the quick ones."""

    took: Mapping[str, int]
    _kills: Counter[tuple[str, str]] = field(default_factory=Counter)

    def killed(self, alteration: Alteration, scenario: str) -> None:
        """Take note of a kill."""
        for place in _places(alteration):
            self._kills[place, scenario] += 1

    def of(self, alteration: Alteration, scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
        """Put the likeliest first."""
        places = _places(alteration)

        def rank(scenario: Scenario) -> tuple[int, ...]:
            kills = (-self._kills[place, scenario.id] for place in places)
            return (*kills, self.took.get(scenario.id, 0))

        return tuple(sorted(scenarios, key=rank))


def decisive(library: Path) -> list[Path]:
    """List the modules that decide or read replies."""
    return [path for pattern in _DECIDES for path in sorted(library.glob(pattern))]


def changes(paths: Sequence[Path], chosen: Callable[[Alteration], bool]) -> list[Alteration]:
    """List the changes that were chosen."""
    return [a for path in paths for a in alterations(path) if chosen(a)]


def trials(
    suite: Suite, paths: Sequence[Path], made: Sequence[Alteration], *, at_once: int
) -> Iterator[Trial]:
    """Try each change, and yield what became of it as it is known."""
    known = {a.name: a for a in made}
    assert len(known) == len(made), "each change has a name of its own"
    watched_run = _watched_run(suite, paths, at_once)
    prepare(suite, sorted(watched_run.modules))
    order, late = Order(watched_run.took), []

    def jobs() -> Iterator[tuple[str, Callable[[], Kill | None]]]:
        for name, alteration in known.items():
            scenarios = order.of(alteration, _there(suite, watched_run.seen, alteration))
            yield name, partial(killer, suite, scenarios, alteration)

    for name, found in run_all(jobs(), at_once=at_once, seconds=_SECONDS):
        if _is_late(found):
            late.append(known[name])
            continue
        if isinstance(found, LostError):
            raise found  # a change that was not made proves nothing
        if found:
            order.killed(known[name], found.check)
        yield Trial(alteration=known[name], killer=found.check if found else None)
    for alteration in late:
        yield _alone(suite, _there(suite, watched_run.seen, alteration), alteration)


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


def _places(alteration: Alteration) -> tuple[str, str, str]:
    path = str(alteration.path)
    return (f"{path}:{alteration.function}", path, "")


def _watched_run(suite: Suite, paths: Sequence[Path], at_once: int) -> Watched:
    shares = [suite.scenarios[number::at_once] for number in range(at_once)]
    jobs = [(str(n), partial(_watched, suite, share, paths)) for n, share in enumerate(shares)]
    parts = []
    for _, part in run_all(jobs, at_once=at_once, seconds=4 * _SECONDS):
        if isinstance(part, LostError):
            raise part
        parts.append(part)
    return Watched(
        seen=joined([part.seen for part in parts]),
        took={name: took for part in parts for name, took in part.took.items()},
        modules=frozenset[str]().union(*(part.modules for part in parts)),
    )


def _watched(suite: Suite, share: Sequence[Scenario], paths: Sequence[Path]) -> Watched:
    lines = Lines(paths)
    with lines.watching():
        modules = watched(suite, share, lambda scenario: lines.begins(scenario.id), PATIENCE)
    return Watched(seen=joined([lines.seen]), took=dict(lines.took), modules=modules)


def _there(
    suite: Suite, seen: Mapping[Line, frozenset[str]], alteration: Alteration
) -> tuple[Scenario, ...]:
    """Choose the scenarios that come to the line."""
    there = seen.get((str(alteration.path), alteration.line), frozenset())
    sample = suite.scenarios[::_SAMPLE] if len(there) <= _FEW else ()
    ids = {*there, *(scenario.id for scenario in sample)}
    return tuple(scenario for scenario in suite.scenarios if scenario.id in ids)
