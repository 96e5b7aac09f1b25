"""Tell a check as its record has it: what it broke, what that means, what was seen, and how to see it again.

The console, pytest and every derived report tell it from here; none of them judges.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.json_values import Json, text
from credpool_conformance.reporting.record import CheckRecord, FindingRecord, cited
from credpool_conformance.specification.charges import table

MARKS: Final[Mapping[str, str]] = {
    "fail": "FAIL",
    "warn": "WARN",
    "harness-error": "HARNESS ERROR",
    "unexpected-pass": "UNEXPECTED PASS",
}
AFTERWARDS: Final = ("fail", "warn")
"""The outcomes whose reason says what happened after the fault that decided them."""

NOTE: Final = "about the adapter, not the pool"
_SHOWN_VALUE: Final = 500
_SHOWN_STDERR: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that was not as expected, in text."""

    where: str
    expected: str
    actual: str
    unless: str = ""
    """For which pool this is no breach, and what that one declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A requirement that a check found broken; without a name it is a note on the adapter."""

    requirement: str
    name: str
    severity: str
    text: str
    consequence: str
    own: bool
    """The check verifies it."""
    differences: tuple[Difference, ...]


def explanation(check: CheckRecord) -> list[str]:
    """Tell everything about a check that did not simply pass, line by line."""
    mark = MARKS.get(outcome(check), outcome(check))
    lines = [f"{mark} {check['id']}: {check['title']}"]
    reason = [f"  {check['reason']}"] if check["reason"] else []
    comes_after = outcome(check) in AFTERWARDS
    lines += [] if comes_after else reason
    found = broken(check)
    if not found:
        lines += [f"  {name} {sentence}".rstrip() for name, sentence in required(check)]
    for one in found:
        lines += _told(one)
    lines += reason if comes_after else []
    lines += [f"    {text(line)}" for line in check["trace"]]
    if stderr := check["stderr"].strip():
        lines.append("  stderr of the testee:")
        lines += [f"    {line}" for line in stderr[-_SHOWN_STDERR:].splitlines()]
    return [*lines, f"  {check['scenario']}", f"  replay: {check['replay']}"]


def headline(check: CheckRecord) -> str:
    """Tell a check in one line: how it ended, what it broke, and its id."""
    own = [f"{one.severity} {one.requirement}" for one in broken(check) if one.own]
    what = ", ".join(own) or (check["reason"] or "")
    return f"{MARKS.get(outcome(check), outcome(check))} {check['id']}: {what}"


def outcome(check: CheckRecord) -> str:
    """Tell how a check ended."""
    return check["outcome"]


def required(check: CheckRecord) -> list[tuple[str, str]]:
    """List the requirements a check verifies, with their sentences."""
    told = check["requirements"]
    return [
        (reference, known["text"] if (known := told.get(reference.partition("+")[0])) else "")
        for reference in check["verifies"]
    ]


def broken(check: CheckRecord) -> list[Broken]:
    """List what a check found broken: first what it verifies, then what it met beside it."""
    verified = cited(check)
    told = check["requirements"]
    grouped: dict[str, list[FindingRecord]] = {}
    for finding in check["findings"]:
        grouped.setdefault(finding["requirement"] or "", []).append(finding)
    found = [
        Broken(
            requirement=id_,
            name=told[id_]["reference"] if id_ in told else id_ or NOTE,
            severity=findings[0]["severity"],
            text=told[id_]["text"] if id_ in told else "",
            consequence=told[id_]["consequence"] if id_ in told else "",
            own=id_ in verified,
            differences=tuple(map(_difference, findings)),
        )
        for id_, findings in grouped.items()
    ]
    return sorted(found, key=lambda one: (not one.own, not one.requirement))


def _told(one: Broken) -> Iterator[str]:
    beside = "" if one.own or not one.requirement else "beside it, "
    severity = f"{one.severity} " if one.requirement else ""
    yield f"  {beside}{severity}{one.name} {one.text}".rstrip()
    if one.consequence:
        yield f"    If broken: {one.consequence}"
    for found in one.differences:
        expected, actual = _short(found.expected), _short(found.actual)
        yield from (f"    {found.where}", f"      expected {expected}", f"      actual   {actual}")
        if found.unless:
            yield f"      no breach if {found.unless}"


def _difference(finding: FindingRecord) -> Difference:
    return Difference(
        where=_where(finding),
        expected=_written(finding["expected"]),
        actual=_written(finding["actual"]),
        unless=finding.get("unless") or "",
    )


def _where(finding: FindingRecord) -> str:
    phase, kind = finding["phase"], finding["kind"]
    known = table().kinds.get(kind)
    what = f"{kind}: {known.means}" if known else kind
    return f"phase {phase}, {what}" if phase else what


def _written(value: Json) -> str:
    # A testee may say half a character, which no file and no screen takes.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"
