"""Tell the story of a check as its record has it: what was required, seen, and how to see it again.

The console, pytest and every derived report tell it from here; none of them judges.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from credpool_conformance.book.yaml_lines import Json, fields, items, text

MARKS: Final[Mapping[str, str]] = {
    "fail": "FAIL",
    "warn": "WARN",
    "harness-error": "HARNESS ERROR",
    "unexpected-pass": "UNEXPECTED PASS",
}
_SHOWN_VALUE: Final = 500
_SHOWN_STDERR: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One aspect that was not as expected, in text."""

    where: str
    expected: str
    actual: str


def story(check: Mapping[str, Json]) -> list[str]:
    """Tell everything about a check that did not simply pass, line by line."""
    lines = [
        f"{MARKS.get(outcome(check), outcome(check))} {text(check['id'])}: {text(check['title'])}"
    ]
    lines += [f"  {reference} {sentence}".rstrip() for reference, sentence in required(check)]
    lines.append(f"  If broken: {text(check['consequence'])}")
    if reason := text(check["reason"]):
        lines.append(f"  {reason}")
    for found in differences(check):
        expected, actual = _short(found.expected), _short(found.actual)
        lines += [f"  {found.where}", f"    expected {expected}", f"    actual   {actual}"]
    lines += [f"    {text(line)}" for line in items(check["trace"])]
    if stderr := text(check["stderr"]).strip():
        lines.append("  stderr of the testee:")
        lines += [f"    {line}" for line in stderr[-_SHOWN_STDERR:].splitlines()]
    return [*lines, f"  {text(check['scenario'])}", f"  replay: {text(check['replay'])}"]


def outcome(check: Mapping[str, Json]) -> str:
    """Tell how a check ended."""
    return text(check["outcome"])


def required(check: Mapping[str, Json]) -> list[tuple[str, str]]:
    """List the requirements a check verifies, with their sentences."""
    sentences = fields(check["requirements"])
    cited = [text(reference) for reference in items(check["verifies"])]
    return [(reference, text(sentences.get(reference))) for reference in cited]


def differences(check: Mapping[str, Json]) -> list[Difference]:
    """List what was not as expected."""
    return [
        Difference(
            where=_where(failure),
            expected=_written(failure.get("expected")),
            actual=_written(failure.get("actual")),
        )
        for failure in map(fields, items(check["findings"]))
    ]


def _where(failure: Mapping[str, Json]) -> str:
    phase = failure.get("phase")
    return f"phase {phase}, {text(failure.get('kind'))}" if phase else text(failure.get("kind"))


def _written(value: Json) -> str:
    # A testee may say half a character, which no file and no screen takes.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"
