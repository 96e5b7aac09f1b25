"""Read which requirement answers for which difference, and how much it harms a user.

Source: `charges.yaml`, beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.specification.registry import read

SEVERITY_MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "secret": "a secret goes where it may not go",
        "loss": "money, quota, a prompt or a login is lost",
        "stuck": "the caller gets no answer although there is one",
        "waste": "requests or time are spent for nothing",
        "telling": "the pool says something untrue of itself",
    }
)
SEVERITIES: Final = tuple(SEVERITY_MEANS)
"""How much a difference harms a user, the worst first."""

_ELSEWHERE: Final = frozenset({"sent", "said", "mixed", "bare", "request", "header", "log"})
"""Differences that no requirement of a stranger's own can own, since the specification has one for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of difference; `owner` is null where the step decides whose it is."""

    name: str
    means: str
    owner: str | None
    severity: str | None
    unless: str | None = None
    """For which pool this is no breach, and what it declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The aspects that decide the requirements of one row, and how severe each is."""

    ids: tuple[str, ...]
    severity: str
    decides: frozenset[str]
    worse: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """The requirements that some check has to see kept before a breach of these says anything."""
    late: bool = False
    """Whether only the last phase of a scenario decides these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The kinds of difference, and the rules in their order."""

    kinds: Mapping[str, Kind]
    rules: tuple[Rule, ...]
    found: dict[str, Rule] = field(default_factory=dict, compare=False, repr=False)
    """The rows that were found before, by the ids of requirements."""

    def rule(self, requirement: str) -> Rule:
        """Find the row of a requirement's id; whose id has none is broken by whatever differs."""
        if requirement not in self.found:
            self.found[requirement] = self._rule(requirement)
        return self.found[requirement]

    def _rule(self, requirement: str) -> Rule:
        for rule in self.rules:
            if any(fnmatchcase(requirement, pattern) for pattern in rule.ids):
                return rule
        return Rule(ids=("*",), severity="waste", decides=frozenset(self.kinds) - _ELSEWHERE)

    def decides(self, requirement: str, kind: str) -> bool:
        """Tell whether a requirement can be broken by a difference of this kind."""
        return kind in self.rule(requirement).decides

    def severity(self, requirement: str, kind: str) -> str:
        """Tell how bad a difference of this kind is for a requirement."""
        rule = self.rule(requirement)
        if kind in rule.worse:
            return rule.worse[kind]
        own = self.kinds[kind].severity
        return (
            max(own, rule.severity, key=SEVERITIES.index)
            if own == "telling"
            else own or rule.severity
        )


@cache
def table() -> Table:
    """Read the table, once."""
    raw = fields(read(Path(__file__).with_name("charges.yaml")).data)
    sets = {
        name: [text(kind) for kind in items(kinds)] for name, kinds in fields(raw["sets"]).items()
    }
    return Table(
        kinds={name: _kind(name, fields(kind)) for name, kind in fields(raw["kinds"]).items()},
        rules=tuple(_rule(fields(row), sets) for row in items(raw["requirements"])),
    )


def _kind(name: str, raw: Mapping[str, Json]) -> Kind:
    return Kind(
        name=name,
        means=text(raw.get("means")),
        owner=text(raw.get("owner")) or None,
        severity=text(raw.get("severity")) or None,
        unless=text(raw.get("unless")) or None,
    )


def _rule(raw: Mapping[str, Json], sets: Mapping[str, list[str]]) -> Rule:
    names = [text(name) for name in items(raw["decides"])]
    return Rule(
        ids=tuple(text(id_) for id_ in items(raw["ids"])),
        severity=text(raw["severity"]),
        decides=frozenset(kind for name in names for kind in sets.get(name, [name])),
        needs=tuple(text(id_) for id_ in items(raw.get("needs"))),
        late=raw.get("late") is True,
        worse={kind: text(severity) for kind, severity in fields(raw.get("worse")).items()},
    )
