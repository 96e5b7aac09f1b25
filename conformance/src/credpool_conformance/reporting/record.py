"""The record of a check: one line of a report, as `schemas/report.schema.json` has it."""

from typing import NotRequired, TypedDict

from credpool_conformance.charging.account import Finding
from credpool_conformance.charging.check import Check
from credpool_conformance.json_values import Json
from credpool_conformance.specification.requirements import Requirements


class FindingRecord(TypedDict):
    """A difference, and the requirement whose it is; a note on the adapter has none."""

    phase: int
    kind: str
    requirement: str | None
    others: list[str]
    severity: str
    expected: Json
    actual: Json
    unless: NotRequired[str | None]


class RequirementRecord(TypedDict):
    """A requirement that a check verifies, or was found broken in it."""

    reference: str
    text: str
    consequence: str
    chapter: str


class Ending(TypedDict):
    """How a check ended, and what it found broken."""

    id: str
    outcome: str
    verifies: list[str]
    reason: str | None
    findings: list[FindingRecord]


class CheckRecord(Ending):
    """Everything about a check."""

    record: str
    title: str
    chapter: str
    requirements: dict[str, RequirementRecord]
    features: list[str]
    consequence: str
    trace: list[str]
    stderr: str
    scenario: str
    replay: str
    duration: float


def ending(check: Check) -> Ending:
    """Tell how a check ended, and what it found broken."""
    return {
        "id": check.scenario.id,
        "outcome": check.outcome.value,
        "verifies": [*check.scenario.verifies],
        "reason": check.reason,
        "findings": [_finding(finding) for finding in check.findings],
    }


def check_record(check: Check, requirements: Requirements, replay: str) -> CheckRecord:
    """Tell everything about a check; `replay` is the command that begins a run like this one."""
    scenario = check.scenario
    return {
        "record": "check",
        "id": scenario.id,
        "title": scenario.title,
        "chapter": scenario.chapter,
        "outcome": check.outcome.value,
        "verifies": [*scenario.verifies],
        "requirements": _requirements(check, requirements),
        "features": [*scenario.features],
        "consequence": scenario.consequence,
        "reason": check.reason,
        "findings": [_finding(finding) for finding in check.findings],
        "trace": [*check.trace],
        "stderr": check.stderr,
        "scenario": f"{scenario.path}:{scenario.line}",
        "replay": f"{replay} --filter '{scenario.id}'",
        "duration": check.duration,
    }


def cited(check: Ending) -> set[str]:
    """List the ids of the requirements that a check verifies."""
    return {reference.partition("+")[0] for reference in check["verifies"]}


def _finding(finding: Finding) -> FindingRecord:
    return {
        "phase": finding.phase,
        "kind": finding.kind,
        "requirement": finding.requirement,
        "others": [*finding.others],
        "severity": finding.severity,
        "expected": finding.expected,
        "actual": finding.actual,
        "unless": finding.unless,
    }


def _requirements(check: Check, requirements: Requirements) -> dict[str, RequirementRecord]:
    broken = (finding.requirement or "" for finding in check.findings)
    cited = (reference.partition("+")[0] for reference in check.scenario.verifies)
    known = (requirements.known.get(id_) for id_ in dict.fromkeys((*cited, *broken)))
    return {
        found.id: {
            "reference": found.reference,
            "text": found.text,
            "consequence": found.consequence,
            "chapter": found.chapter,
        }
        for found in known
        if found
    }
