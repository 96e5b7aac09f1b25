"""Say which requirements a run has found broken, the worst first: what a maintainer has to know.

It reads the records of a report, so that every form of it tells the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from credpool_conformance.json_values import Json, items, text
from credpool_conformance.reporting.record import Ending, cited
from credpool_conformance.specification.charges import SEVERITIES

_OWN: Final = frozenset({"fail", "warn", "expected-fail"})
_NEEDS: Final = re.compile(r"needs (\S+) first")


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
    reference: str = ""
    """The id with its revision."""
    text: str = ""
    consequence: str = ""
    chapter: str = ""
    binding: bool = True
    """It is a MUST."""
    known: bool = False
    """A list of known failures has it."""

    @property
    def counted(self) -> str:
        """Write in how many checks it was seen."""
        if not self.own:
            return f"seen in {checks_in_words(len(self.beside))}"
        return checks_in_words(len(self.own)) + (
            f", seen in {len(self.beside)} more" if self.beside else ""
        )

    @property
    def name(self) -> str:
        """The id, with its revision if the specification has it."""
        return self.reference or self.requirement

    @property
    def record(self) -> dict[str, Json]:
        """Write it for the footer of a report."""
        return {
            name: [*told] if isinstance(told, tuple) else told
            for name, told in asdict(self).items()
        }

    @classmethod
    def read(cls, raw: Mapping[str, Json]) -> "Failing":
        """Read it from the footer of a report."""
        words = ("requirement", "severity", "reference", "text", "consequence", "chapter")
        return cls(
            **{name: text(raw[name]) for name in words},
            own=tuple(map(text, items(raw["own"]))),
            beside=tuple(map(text, items(raw["beside"]))),
            kinds=tuple(map(text, items(raw["kinds"]))),
            binding=raw["binding"] is True,
            known=raw["known"] is True,
        )


def failing(checks: Iterable[Ending]) -> tuple[Failing, ...]:
    """List what is broken, by severity, then by the number of checks that show it."""
    own: dict[str, dict[str, None]] = {}
    beside: dict[str, dict[str, None]] = {}
    kinds: dict[str, dict[str, str]] = {}
    for check in checks:
        ended = check["outcome"]
        verified = cited(check)
        for finding in check["findings"]:
            requirement = finding["requirement"] or ""
            if not requirement:
                continue
            place = own if requirement in verified and ended in _OWN else beside
            place.setdefault(requirement, {})[check["id"]] = None
            kinds.setdefault(requirement, {})[finding["kind"]] = finding["severity"]
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


def told(found: Sequence[Failing]) -> Iterator[str]:
    """List what is broken, line by line, with what it means for a user."""
    if not found:
        return
    width = max(len(one.name) for one in found)
    yield f"{len(found)} broken requirement{'s' * (len(found) != 1)}, the worst first:"
    for one in found:
        notes = ["" if one.binding else "a SHOULD", "known" if one.known else ""]
        note = "".join(f" ({said})" for said in notes if said)
        yield f"  {one.severity:<7} {one.name:<{width}}  {one.counted}{note}"
        if one.consequence:
            yield f"          {one.consequence}"


def needed(check: Ending) -> str | None:
    """Name the requirement without which a check came to no conclusion."""
    found = _NEEDS.fullmatch(check["reason"] or "") if check["outcome"] == "inconclusive" else None
    return found[1] if found else None


def checks_in_words(number: int) -> str:
    """Write a number of checks."""
    return f"{number} check{'s' * (number != 1)}"


def _worst(severities: Sequence[str]) -> str:
    return min(severities, key=SEVERITIES.index)


def _rank(found: Failing) -> tuple[int, int, int, str]:
    place = SEVERITIES.index(found.severity)
    return place, -len(found.own), -len(found.beside), found.requirement
