"""Judge one testee by what the other one showed, with the suite's own judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from credpool_conformance.fuzzing.expectation import expectation
from credpool_conformance.fuzzing.ground import Ground, strays
from credpool_conformance.fuzzing.history import History, Raw
from credpool_conformance.fuzzing.side import Play, Side
from credpool_conformance.json_values import Json
from credpool_conformance.judging.judge import judge
from credpool_conformance.judging.pauses import forgiven
from credpool_conformance.problems import HarnessError
from credpool_conformance.scenarios.match import Matcher
from credpool_conformance.scenarios.phases import expected
from credpool_conformance.scenarios.scenario import Phase
from credpool_conformance.testee.observed import Observed

_FORGETTING = ("restart", "crash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """In what two testees differ, or what one of them does that nobody may."""

    phase: int
    aspects: tuple[str, ...]
    expected: tuple[Json, ...] = ()
    actual: tuple[Json, ...] = ()
    alone: str | None = None
    """The side that is wrong whatever the other one does: `A` or `B`."""

    @property
    def signature(self) -> tuple[str | None, tuple[str, ...]]:
        """By which one difference is told from another while it is made smaller."""
        return self.alone, self.aspects[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A history as the first side has played it: what it showed, and what is wrong with it alone."""

    history: History
    expected: tuple[Raw, ...]
    fault: Difference | None = None


Chooser: TypeAlias = Callable[[Play], Raw | None]


def counts_are_known(phases: Sequence[Raw]) -> bool:
    """Tell whether request counts must be the same: they may lag behind in what was durable."""
    return not any(key in phase for phase in phases for key in (*_FORGETTING, "process"))


def first(history: History, side: Side, ground: Ground, choose: Chooser) -> Played:
    """Play a history on the first side; `choose` says what happens next, or nothing at its end."""
    phases: list[Raw] = []
    expected: list[Raw] = []
    fault: Difference | None = None
    try:
        with side.playing(history, ground) as play:
            while not play.is_over and (raw := choose(play)) is not None:
                phase, seen = play.phase(raw)
                if strays(seen, ground):
                    break
                phases.append(raw)
                counted = counts_are_known(phases) and "count" in ground.tells
                told = expectation(play.scenario, phase, seen, counted=counted)
                expected.append(told)
                fault = fault or _judged(play, phase, seen, told, alone="A")
            fault = fault or _ended(play, "A")
    except HarnessError as error:
        fault = _broken(len(phases), error, "A")
    return Played(
        history=replace(history, phases=tuple(phases)), expected=tuple(expected), fault=fault
    )


def second(played: Played, side: Side, ground: Ground) -> Difference | None:
    """Play it on the other side, up to the first difference."""
    number = 0
    try:
        with side.playing(played.history, ground) as play:
            for raw, told in zip(played.history.phases, played.expected, strict=False):
                number += 1
                phase, seen = play.phase(raw)
                found = _judged(play, phase, seen, told, alone=None)
                if found or play.is_over or strays(seen, ground):
                    play.end()
                    return None if strays(seen, ground) else found
            return _ended(play, "B")
    except HarnessError as error:
        return _broken(number, error, "B")


def again(history: History) -> Chooser:
    """Choose the phases that a history has."""
    phases = iter(history.phases)
    return lambda _: next(phases, None)


def _ended(play: Play, alone: str) -> Difference | None:
    faults = play.end()
    number = play.last.number if play.last else 0
    if not faults:
        return None
    return Difference(phase=number, aspects=("end",), actual=tuple(faults), alone=alone)


def _broken(number: int, error: HarnessError, alone: str) -> Difference:
    return Difference(phase=number, aspects=("broken",), actual=(error.what,), alone=alone)


def _judged(
    play: Play, phase: Phase, seen: Observed, told: Mapping[str, Json], alone: str | None
) -> Difference | None:
    asked = replace(phase, expect=expected(told))
    beyond = forgiven(play.scenario, asked, seen.waits) or 0.0
    matcher = Matcher(early=beyond)
    found = judge(play.scenario, play.setup, asked, seen, matcher)
    if not found:
        return None
    return Difference(
        phase=seen.number,
        aspects=tuple(one.aspect for one in found),
        expected=tuple(one.expected for one in found),
        actual=tuple(one.actual for one in found),
        alone=alone,
    )
