"""Show a run to a person: progress while it goes on, failures as they come, a summary at the end.

The report is the record; this is only its shadow on the screen.
"""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from typing import IO, Final

from credpool_conformance.book.yaml_lines import Json
from credpool_conformance.judge import Failure
from credpool_conformance.requirements import Requirements
from credpool_conformance.runner import Check, Outcome
from credpool_conformance.session import Manifest
from credpool_conformance.verdict import Summary, Verdict

_MARKS: Final = {Outcome.FAIL: "FAIL", Outcome.WARN: "WARN", Outcome.HARNESS_ERROR: "HARNESS ERROR"}
_SHOWN_VALUE: Final = 500
_SHOWN_STDERR: Final = 2000


class Console:
    """One line that moves on a terminal; on anything else, a line now and then."""

    def __init__(self, out: IO[str], requirements: Requirements, replay: str) -> None:
        """Remember the stream, which may be replaced later."""
        self._out = out
        self._live = out.isatty()
        self._requirements = requirements
        self._replay = replay
        self._counts: Counter[str] = Counter()

    def begin(self, total: int, connector: str, command: str, manifest: Manifest | None) -> None:
        """Say what is about to be tested."""
        who = f"{manifest.name} {manifest.version}" if manifest else "a testee that does not start"
        self._line(f"{total} checks of {who} through {connector}: {command}")

    def check(self, check: Check, number: int, total: int) -> None:
        """Show one check: the failures in full, the rest as progress."""
        self._counts[check.outcome.value] += 1
        if check.outcome in _MARKS:
            self._line(self._story(check))
        self._progress(check, number, total)

    def end(self, checks: Sequence[Check], summary: Summary, report: str, seconds: float) -> None:
        """Show the summary."""
        if self._live:
            self._out.write("\r\x1b[K")
        self._line("")
        for chapter, row in _by_chapter(checks).items():
            counted = ", ".join(f"{number} {name}" for name, number in row.items())
            self._line(f"  {chapter:<16} {counted}")
        coverage = summary.coverage
        self._line(
            f"\n  requirements: {len(coverage.exercised)} exercised, "
            f"{len(coverage.unexercised)} not exercised, "
            f"{len(coverage.not_applicable)} not applicable, {len(coverage.excluded)} excluded"
        )
        if summary.verdict is not Verdict.FILTERED:
            for reference in coverage.unexercised:
                self._line(f"    not exercised: {reference}")
        because = f" ({'; '.join(summary.reasons)})" if summary.reasons else ""
        self._line(f"  verdict: {summary.verdict.value}{because}")
        self._line(f"  report: {report}\n  time: {seconds:.1f} s")

    def _story(self, check: Check) -> str:
        scenario = check.scenario
        lines = [f"\n{_MARKS[check.outcome]} {scenario.id}: {scenario.title}"]
        for reference in scenario.verifies:
            found = self._requirements.get(reference)
            lines.append(f"  {reference} {found.text if found else ''}".rstrip())
        lines.append(f"  If broken: {scenario.consequence}")
        if check.reason:
            lines.append(f"  {check.reason}")
        lines += [_difference(failure) for failure in check.failures]
        lines += [f"    {line}" for line in check.trace]
        if check.stderr.strip():
            lines.append("  stderr of the testee:")
            lines += [f"    {line}" for line in check.stderr[-_SHOWN_STDERR:].splitlines()]
        lines.append(f"  {scenario.path}:{scenario.line}")
        lines.append(f"  replay: {self._replay} --filter '{scenario.id}'\n")
        return "\n".join(lines)

    def _progress(self, check: Check, number: int, total: int) -> None:
        counted = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        line = f"{number}/{total}  {counted}  {check.scenario.id}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._out.write(f"\r\x1b[K{line[:width]}")
            self._out.flush()
        elif number == total or number % 50 == 0:
            self._line(f"{number}/{total}  {counted}")

    def _line(self, line: str) -> None:
        start = "\r\x1b[K" if self._live else ""
        self._out.write(f"{start}{line}\n")
        self._out.flush()


def _difference(failure: Failure) -> str:
    where = f"phase {failure.phase}, " if failure.phase else ""
    return (
        f"  {where}{failure.aspect}\n"
        f"    expected {_value(failure.expected)}\n"
        f"    actual   {_value(failure.actual)}"
    )


def _value(value: Json) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _SHOWN_VALUE else f"{written[:_SHOWN_VALUE]}…"


def _by_chapter(checks: Sequence[Check]) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {}
    for check in checks:
        rows.setdefault(check.scenario.chapter, Counter())[check.outcome.value] += 1
    return rows
