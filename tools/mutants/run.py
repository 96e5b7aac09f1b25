"""Run everything: the reference as it is first, then every mutant, then every control."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, TypeAlias

from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.judgement import Fate, Judgement, judge_control, judge_mutant
from tools.mutants.mutant import Change, Mutant
from tools.mutants.mutant_files import MutantSet, named
from tools.mutants.patching import LIBRARY
from tools.mutants.reach import EVERYWHERE, Reach, is_sure
from tools.mutants.reference_run import RunResult, Suite, attempt, baseline, prepare
from tools.mutants.workers import LostError, run_all

_SECONDS_PER_RUN: Final = 240.0
_SAMPLE: Final = 2
"""Of what a mutant is not about, one scenario in so many is run where only a run can tell."""

_Seen: TypeAlias = tuple[RunResult, dict[str, set[str]], set[str]]
Say: TypeAlias = Callable[[str], None]


class BaselineError(Exception):
    """The reference itself is not green, so that no red proves anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The fates of all changes."""

    checks: int
    mutants: tuple[Judgement, ...]
    controls: tuple[Judgement, ...]
    ran: int
    seconds: float

    @property
    def good(self) -> bool:
        """Tell whether all is as declared, and there was anything to judge."""
        judged = (*self.mutants, *self.controls)
        return bool(judged) and self.ran > 0 and all(judgement.good for judgement in judged)


def run_mutants(
    suite: Suite, mutant_set: MutantSet, *, at_once: int, everything: bool, say: Say
) -> Results:
    """Run and judge; `everything` runs each check for each change.

    Otherwise those are left out on which the change makes no difference.  Where only a run could
    tell that, a sample is run of what is not about what a mutant violates, the first case for a
    table; and for a control the first and the last case of each.

    Raises: BaselineError when the reference as it is fails a check.
    """
    begun = perf_counter()
    changes: dict[str, type[Change]] = {**mutant_set.mutants, **mutant_set.controls}
    ran, differs = _baseline(suite, changes, at_once)
    say(f"baseline: {ran} checks green, without a change ({perf_counter() - begun:.1f} s)")
    jobs = [
        (name, partial(attempt, suite, chosen, change))
        for name, change in changes.items()
        for chosen in [suite.scenarios if everything else _chosen(suite, change, differs[name])]
    ]
    trials: dict[str, RunResult] = {}
    judged: dict[str, Judgement] = {}
    for name, result in run_all(jobs, at_once=at_once, seconds=_SECONDS_PER_RUN):
        trials[name] = RunResult(void=str(result)) if isinstance(result, LostError) else result
        judged[name] = _judged(mutant_set, name, trials[name], suite.scenarios)
        for line in _told(judged[name]):
            say(line)
    return Results(
        checks=ran,
        mutants=tuple(judged[name] for name in mutant_set.mutants),
        controls=tuple(judged[name] for name in mutant_set.controls),
        ran=sum(result.ran for result in trials.values()),
        seconds=perf_counter() - begun,
    )


def _baseline(
    suite: Suite, changes: dict[str, type[Change]], at_once: int
) -> tuple[int, dict[str, set[str]]]:
    shares = [suite.scenarios[number::at_once] for number in range(at_once)]
    jobs = [(str(number), partial(_seen, suite, s, changes)) for number, s in enumerate(shares)]
    ran = 0
    differs: dict[str, set[str]] = {name: set() for name in changes}
    imported: set[str] = set()
    for _, seen in run_all(jobs, at_once=at_once, seconds=_SECONDS_PER_RUN):
        if isinstance(seen, LostError):
            raise BaselineError(f"the run without a change {seen}")
        result, found, modules = seen
        imported |= modules
        if result.red:
            raise BaselineError(f"red without a change: {', '.join(result.red)}")
        ran += result.ran
        for name, ids in found.items():
            differs[name] |= ids
    if not ran:
        raise BaselineError("no check ran")
    prepare(suite, sorted(imported))
    return ran, differs


def _seen(suite: Suite, share: Sequence[Scenario], changes: dict[str, type[Change]]) -> _Seen:
    reach = Reach(changes, suite.testee)
    result = baseline(suite, share, reach)
    imported = {name for name in sys.modules if name.partition(".")[0] == LIBRARY}
    return result, reach.differs, imported


def _chosen(suite: Suite, change: type[Change], differs: set[str]) -> tuple[Scenario, ...]:
    everywhere = EVERYWHERE in differs
    found = tuple(s for s in suite.scenarios if everywhere or s.id in differs)
    if is_sure(change):
        return found
    ids = {scenario.id: None for scenario in found}
    first = {id_.partition(":")[0]: id_ for id_ in reversed(ids)}
    if not issubclass(change, Mutant):
        last = {id_.partition(":")[0]: id_ for id_ in ids}
        return tuple(s for s in found if s.id in {*first.values(), *last.values()})
    stored = {id_ for pattern in change.kills for id_ in named(pattern, ids)}
    stored.update([*first.values()][::_SAMPLE])
    return tuple(s for s in found if s.id in stored or change.violates in s.verifies)


def _judged(
    mutant_set: MutantSet, name: str, result: RunResult, scenarios: Sequence[Scenario]
) -> Judgement:
    mutant = mutant_set.mutants.get(name)
    if mutant is not None:
        return judge_mutant(mutant, result, scenarios)
    return judge_control(mutant_set.controls[name], result)


def _told(judgement: Judgement) -> Iterator[str]:
    by = ""
    if judgement.fate is Fate.KILLED:
        killers, others = len(judgement.killers), len(judgement.others)
        by = f" by {killers} checks of {judgement.ran}, {others} more are red"
    yield f"{judgement.fate.value:<10} {judgement.name}{by}"
    for fault in judgement.faults:
        yield f"           - {fault}"
