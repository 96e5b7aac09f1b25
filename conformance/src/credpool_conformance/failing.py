"""Say which requirements a run has found broken, the worst first: what a maintainer has to know.

It reads the records of a report, so that every form of it tells the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.judging.table import SEVERITIES

_OWN: Final = frozenset({"fail", "warn", "expected-fail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A requirement that is broken: how bad that is, in which checks it was seen, and as what."""

    requirement: str
    severity: str
    own: tuple[str, ...]
    """The checks that verify it and failed."""
    beside: tuple[str, ...]
    """The checks of other requirements that met it on their way."""
    kinds: tuple[str, ...]

    @property
    def counted(self) -> str:
        """Write in how many checks it was seen."""
        parts = [f"{len(self.own)} checks"] if self.own else []
        if self.beside:
            parts.append(f"seen in {len(self.beside)} more" if parts else f"seen in {len(self.beside)} checks")
        return ", ".join(parts)


def failing(checks: Iterable[Mapping[str, Json]]) -> tuple[Failing, ...]:
    """List what is broken, by severity, then by the number of checks that show it."""
    own: dict[str, dict[str, None]] = {}
    beside: dict[str, dict[str, None]] = {}
    kinds: dict[str, dict[str, str]] = {}
    for check in checks:
        ended = text(check["outcome"])
        verified = {text(reference).partition("+")[0] for reference in items(check["verifies"])}
        for finding in map(fields, items(check["findings"])):
            requirement = text(finding["requirement"])
            if not requirement:
                continue
            place = own if requirement in verified and ended in _OWN else beside
            place.setdefault(requirement, {})[text(check["id"])] = None
            kinds.setdefault(requirement, {})[text(finding["kind"])] = text(finding["severity"])
    found = [
        Failing(
            requirement=requirement,
            severity=_worst(tuple(severities.values())),
            own=tuple(own.get(requirement, ())),
            beside=tuple(beside.get(requirement, ())),
            kinds=tuple(severities),
        )
        for requirement, severities in kinds.items()
    ]
    return tuple(sorted(found, key=_rank))


def _worst(severities: Sequence[str]) -> str:
    return min(severities, key=SEVERITIES.index)


def _rank(found: Failing) -> tuple[int, int, int, str]:
    place = SEVERITIES.index(found.severity)
    return place, -len(found.own), -len(found.beside), found.requirement
