"""Judge a run: whether the mutant was killed by the checks it names, for the reason it gives.

What else turns red is recorded, and held to two things: it must be refuted, not broken, and be little.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from credpool_conformance.charging.check import Outcome
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.mutant import Control, Mutant
from tools.mutants.mutant_files import named
from tools.mutants.reference_run import Red, RunResult

_REFUTED: Final = frozenset({Outcome.FAIL.value, Outcome.WARN.value})
_INCONCLUSIVE: Final = Outcome.INCONCLUSIVE.value
_FEW: Final = 10  # this many other checks may always be red, and a tenth of all


class Fate(Enum):
    """The fate of a change; the two good ones are `KILLED` and `ACCEPTED`."""

    KILLED = "killed"
    SURVIVED = "survived"
    WRONG_RED = "wrong-red"
    VOID = "void"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The fate of one change, which declared checks were red, which others, and what is wrong."""

    name: str
    fate: Fate
    killers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    ran: int = 0

    @property
    def good(self) -> bool:
        """Tell whether it is as it should be."""
        return self.fate in (Fate.KILLED, Fate.ACCEPTED)


def judge_mutant(
    mutant: type[Mutant], result: RunResult, scenarios: Sequence[Scenario]
) -> Judgement:
    """Compare what was red with what was declared."""
    ids = {scenario.id: scenario.verifies for scenario in scenarios}
    declared = [*dict.fromkeys(id_ for pattern in mutant.kills for id_ in named(pattern, ids))]
    killers = tuple(id_ for id_ in declared if id_ in result.red)
    failed = [id_ for id_, red in result.red.items() if red.outcome != _INCONCLUSIVE]
    others = tuple(id_ for id_ in ids if id_ in failed and id_ not in declared)
    alive = [id_ for id_ in declared if id_ not in failed]
    wrong = [
        *_wrong_reasons(mutant, killers, result.red),
        *_broken(others, result.red),
        *_coarse(others, len(ids)),
    ]
    if result.void is not None:
        fate, faults = Fate.VOID, [result.void]
    elif not result.red:
        fate, faults = Fate.SURVIVED, ["no check noticed"]
    elif alive or not killers:
        fate, faults = Fate.SURVIVED, [f"not noticed by {', '.join(alive or mutant.kills)}", *wrong]
    else:
        fate, faults = (Fate.WRONG_RED if wrong else Fate.KILLED), wrong
    return Judgement(
        name=mutant.__name__,
        fate=fate,
        killers=killers,
        others=others,
        faults=tuple(faults),
        ran=result.ran,
    )


def judge_control(control: type[Control], result: RunResult) -> Judgement:
    """Expect that nothing was red, and that the variation took place."""
    unused = [p.target for p in control.patches() if p.target not in result.used]
    if result.void is not None:
        fate, faults = Fate.VOID, [result.void]
    elif not result.ran or unused:
        fate = Fate.VOID
        faults = [f"never used: {', '.join(unused)}"] if unused else ["no check ran"]
    else:
        told = {**result.red, **result.passed_over}
        fate = Fate.REJECTED if told else Fate.ACCEPTED
        faults = [f"{id_} is {_told(red)}" for id_, red in told.items()]
    return Judgement(
        name=control.__name__,
        fate=fate,
        others=tuple(result.red),
        faults=tuple(faults),
        ran=result.ran,
    )


def _wrong_reasons(
    mutant: type[Mutant], killers: Sequence[str], reds: Mapping[str, Red]
) -> Iterator[str]:
    requirement = mutant.violates.partition("+")[0]
    for id_ in killers:
        red = reds[id_]
        if red.outcome not in _REFUTED or not red.kinds(requirement) & {*mutant.because.split()}:
            yield f"{id_} is {_told(red)}, not {requirement} because of {mutant.because}"


def _broken(others: Sequence[str], reds: Mapping[str, Red]) -> Iterator[str]:
    for id_ in others:
        if reds[id_].outcome not in _REFUTED:
            yield f"{id_} is {_told(reds[id_])}"


def _coarse(others: Sequence[str], checks: int) -> Iterator[str]:
    if len(others) > max(_FEW, checks // 10):
        yield f"too coarse: {len(others)} of {checks} checks are red besides those it names"


def _told(red: Red) -> str:
    charged = [f"{requirement} {kind}".strip() for requirement, kind in red.charged]
    return f"{red.outcome} ({', '.join(charged)})" if charged else red.outcome
