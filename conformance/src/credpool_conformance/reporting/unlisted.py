"""Say what is wrong in a run and on no list of known failures: why it does not end with 0."""

from collections.abc import Collection, Iterator
from typing import Final

from credpool_conformance.charging.check import Check, Outcome

_WRONG: Final = (Outcome.FAIL, Outcome.HARNESS_ERROR, Outcome.UNEXPECTED_PASS)
_MOST: Final = 20


def unlisted(
    checks: Collection[Check],
    waiting: Collection[Check],
    unknown: Collection[str],
    unreached: Collection[str],
) -> tuple[str, ...]:
    """Name it, check by check, and each requirement that no such check names."""
    lines = [*_lines(checks, waiting, unknown, unreached)]
    more = len(lines) - _MOST
    return (*lines[:_MOST], *([f"and {more} more"] if more > 0 else []))


def _lines(
    checks: Collection[Check],
    waiting: Collection[Check],
    unknown: Collection[str],
    unreached: Collection[str],
) -> Iterator[str]:
    named: set[str] = set()
    for check in checks:
        broken = list(dict.fromkeys(f.requirement for f in check.own if f.requirement))
        if check.outcome is Outcome.FAIL:
            named |= {*broken}
            kinds = sorted({f.kind for f in check.own})
            yield f"{check.scenario.id}: {', '.join(broken)} [{', '.join(kinds)}]"
        elif check.outcome in _WRONG:
            yield f"{check.scenario.id}: {check.outcome.value}, {check.reason}"
    for check in waiting:
        yield f"{check.scenario.id}: {check.outcome.value}, {check.reason}"
    for requirement in unknown:
        if requirement not in named:
            yield f"{requirement}: seen in a check of another requirement"
    for reference in unreached:
        yield f"{reference}: no check of it came to a conclusion"
