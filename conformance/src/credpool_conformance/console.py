"""Show a run to a person: progress while it goes on, failures as they come, a summary at the end.

The report is the record; this is only its shadow on the screen.
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from typing import IO, TypeAlias

from credpool_conformance.book.yaml_lines import Json, text
from credpool_conformance.session import Manifest
from credpool_conformance.story import MARKS, outcome, story
from credpool_conformance.verdict import Summary, Verdict

Record: TypeAlias = Mapping[str, Json]


class Console:
    """One line that moves on a terminal; on anything else, a line now and then."""

    def __init__(self, out: IO[str]) -> None:
        """Remember the stream, which may be replaced later."""
        self._out = out
        self._live = out.isatty()
        self._counts: Counter[str] = Counter()
        self._chapters: dict[str, Counter[str]] = {}

    def begin(self, total: int, connector: str, command: str, manifest: Manifest | None) -> None:
        """Say what is about to be tested."""
        who = f"{manifest.name} {manifest.version}" if manifest else "a testee that does not start"
        self._line(f"{total} checks of {who} through {connector}: {command}")

    def check(self, check: Record, number: int, total: int) -> None:
        """Show one check: the failures in full, the rest as progress."""
        self._counts[outcome(check)] += 1
        chapter = self._chapters.setdefault(text(check["chapter"]), Counter())
        chapter[outcome(check)] += 1
        if outcome(check) in MARKS:
            self._line("\n".join(["", *story(check), ""]))
        self._progress(check, number, total)

    def end(self, summary: Summary, report: str, seconds: float) -> None:
        """Show the summary."""
        if self._live:
            self._out.write("\r\x1b[K")
        self._line("")
        for chapter, row in self._chapters.items():
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

    def _progress(self, check: Record, number: int, total: int) -> None:
        counted = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        line = f"{number}/{total}  {counted}  {check['id']}"
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
