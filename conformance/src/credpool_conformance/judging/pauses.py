"""Forgive short pauses before a request is sent again, and say by how much they move the clock.

Spec: recover.rate-limited.jitter.
"""

from collections.abc import Sequence
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.judging.plan import attempts
from credpool_conformance.scenarios.scenario import Phase, Scenario

_AGAIN: Final = ("retry", "rotate", "try-next")
_PATIENCE: Final = 10.0  # max_retry_wait, where the operator sets no other


def forgiven(scenario: Scenario, phase: Phase, actual: Sequence[float]) -> float | None:
    """Return the seconds by which the waits of a phase exceed the planned ones, each within its MAY.

    Returns null when they are not what may be: one too short, too long, or for no retry.
    """
    expected = [] if phase.expect.waits is None else phase.expect.waits
    if not isinstance(expected, list):
        return 0.0
    patience = scenario.given.policy.get("max_retry_wait", _PATIENCE)
    most = float(patience) if isinstance(patience, int | float) else _PATIENCE
    told = isinstance(phase.expect.attempts, list | dict)
    again = sum(step.action in _AGAIN for step in attempts(phase)) if told else _steps(phase)
    if len(actual) > max(again, len(expected)):
        return None
    return _beyond([*expected], actual, most)


def _beyond(expected: list[Json], actual: Sequence[float], most: float) -> float | None:
    beyond = 0.0
    for seconds in actual:
        planned = expected[0] if expected else 0.0
        wanted = float(planned) if isinstance(planned, int | float) else seconds
        if expected and -0.001 <= seconds - wanted <= most:
            expected.pop(0)
            beyond += max(seconds - wanted, 0.0)
        elif 0 <= seconds <= most:
            beyond += seconds
        else:
            return None
    return None if expected else beyond


def _steps(phase: Phase) -> int:
    wire = phase.expect.wire
    return len(wire) if isinstance(wire, list) else 0  # a call that was held goes on with the first
