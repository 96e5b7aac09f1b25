"""A check: a scenario with its result."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from credpool_conformance.charging.account import Finding
from credpool_conformance.scenarios.scenario import Scenario

Phases: TypeAlias = tuple[tuple[str, ...], ...]
"""Something of each phase, in words."""


class Outcome(Enum):
    """How a check ended.  The last two are given by a list of known failures only."""

    PASS = "pass"  # noqa: S105 (not a password)
    FAIL = "fail"
    WARN = "warn"
    NOT_APPLICABLE = "not-applicable"
    UNVERIFIED = "unverified"
    INCONCLUSIVE = "inconclusive"
    HARNESS_ERROR = "harness-error"
    EXCLUDED = "excluded"
    EXPECTED_FAIL = "expected-fail"
    UNEXPECTED_PASS = "unexpected-pass"  # noqa: S105 (nor is this)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A scenario and what became of it."""

    scenario: Scenario
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    followed: frozenset[str] = frozenset()
    """The classes of the replies after which the testee did what was planned."""
    wires: Phases = ()
    """The requests of each phase, by the entry whose secret they carried."""
    states: Phases = ()
    """The words of the pool on each entry at the end of each phase."""
    reached: bool = True
    """Whether everything was compared, to the end of the scenario."""
    strategy: str = "default"
    """The strategy that the pool was asked for."""
    trace: tuple[str, ...] = field(default_factory=tuple)
    stderr: str = ""
    duration: float = 0.0

    @property
    def verified(self) -> frozenset[str]:
        """The ids of the requirements that the check verifies."""
        return frozenset(reference.partition("+")[0] for reference in self.scenario.verifies)

    @property
    def own(self) -> tuple[Finding, ...]:
        """The aspects of a requirement that the check verifies."""
        return tuple(found for found in self.findings if found.requirement in self.verified)
