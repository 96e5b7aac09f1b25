"""The scenarios that a change is tried on, and their order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration
from tools.mutants.generic.differing import ENOUGH, Differing
from tools.mutants.generic.lines import Line, Lines, joined
from tools.mutants.generic.trial import PATIENCE, functions_there
from tools.mutants.patching import load_testee
from tools.mutants.reference_run import Suite, prepare, watched
from tools.mutants.workers import LostError, run_all

_SECONDS: Final = 3600.0
_FEW: Final = 3
_SAMPLE: Final = 7
"""Where few scenarios are seen on a line, what it answered is kept, and one in so many runs too."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A run of the reference as it is: who was on which line, how long, and what was imported."""

    on: Mapping[Line, frozenset[str]]
    took: Mapping[str, int]
    modules: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """In which scenarios a change makes a difference, and of which changes that is not known."""

    other: Mapping[str, frozenset[str]]
    unknown: frozenset[str]


class Choice:
    """Of the scenarios that come to a change's line, those in which it makes a difference.

    The first are those that killed neighbours, then those of chapters, then the quick ones.
    """

    def __init__(self, scenarios: Sequence[Scenario], seen: Seen, answers: Answers) -> None:
        self._scenarios = scenarios
        self._seen = seen
        self._answers = answers
        self._kills: Counter[tuple[str, str]] = Counter()

    def killed(self, alteration: Alteration, scenario: str) -> None:
        """Take note of a kill."""
        for place in _places(alteration):
            self._kills[place, scenario] += 1

    def of(self, alteration: Alteration) -> tuple[Scenario, ...]:
        """List the scenarios, the likeliest to be red first."""
        places = _places(alteration)
        other = self._answers.other.get(alteration.name, frozenset())

        def rank(scenario: Scenario) -> tuple[int, ...]:
            kills = (-self._kills[place, scenario.id] for place in places)
            made = ":" in scenario.id  # of an example or a row: there are many of a kind
            return (scenario.id not in other, *kills, made, self._seen.took.get(scenario.id, 0))

        return tuple(sorted(self._there(alteration, other), key=rank))

    def _there(self, alteration: Alteration, other: frozenset[str]) -> list[Scenario]:
        there = self._seen.on.get((str(alteration.path), alteration.line), frozenset())
        ids = {*there, *other}
        if len(there) <= _FEW:
            ids |= {scenario.id for scenario in self._scenarios[::_SAMPLE]}
        elif alteration.name not in self._answers.unknown and len(other) < ENOUGH:
            ids = {*other}
        return [scenario for scenario in self._scenarios if scenario.id in ids]


def choice(suite: Suite, paths: Sequence[Path], made: Sequence[Alteration], at_once: int) -> Choice:
    """Watch the reference as it is, and choose."""
    looks = _shared(suite, partial(_seen, suite, paths), at_once)
    seen = Seen(
        on=joined([look.on for look in looks]),
        took={name: took for look in looks for name, took in look.took.items()},
        modules=frozenset[str]().union(*(look.modules for look in looks)),
    )
    prepare(suite, sorted(seen.modules))
    functions_there()
    told = _shared(suite, partial(_answers, suite, made), at_once)
    names = {name for part in told for name in part.other}
    other = {n: frozenset[str]().union(*(p.other.get(n, ()) for p in told)) for n in names}
    unknown = frozenset[str]().union(*(part.unknown for part in told))
    return Choice(suite.scenarios, seen, Answers(other=other, unknown=unknown))


def _shared(
    suite: Suite, look: Callable[[Sequence[Scenario]], Result], at_once: int
) -> list[Result]:
    """Have each process look at its share of the scenarios."""
    shares = [suite.scenarios[number::at_once] for number in range(at_once)]
    jobs = [(str(number), partial(look, share)) for number, share in enumerate(shares)]
    parts = []
    for _, part in run_all(jobs, at_once=at_once, seconds=_SECONDS):
        if isinstance(part, LostError):
            raise part
        parts.append(part)
    return parts


def _seen(suite: Suite, paths: Sequence[Path], share: Sequence[Scenario]) -> Seen:
    lines = Lines(paths)
    with lines.watching():
        modules = watched(suite, share, lambda scenario: lines.begins(scenario.id), PATIENCE)
    return Seen(on=joined([lines.seen]), took=dict(lines.took), modules=modules)


def _answers(suite: Suite, made: Sequence[Alteration], share: Sequence[Scenario]) -> Answers:
    load_testee(suite.testee)
    differing = Differing(made)
    differing.watch()
    watched(suite, share, lambda scenario: differing.begins(scenario.id), PATIENCE)
    other = {name: frozenset(ids) for name, ids in differing.found.items()}
    return Answers(other=other, unknown=frozenset(differing.unknown))


def _places(alteration: Alteration) -> tuple[str, str, str]:
    path = str(alteration.path)
    return (f"{path}:{alteration.function}", path, "")
