"""Show a run to a person: progress while it goes on, failures as they come, the worst of it at the end.

The report is the record; this only shows it on the screen.
"""

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Final

from credpool_conformance.data import shown
from credpool_conformance.reporting.explanation import MARKS, broken, explanation, headline, outcome
from credpool_conformance.reporting.failing import Failing, checks_in_words, needed, told
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.verdict import Summary, Verdict
from credpool_conformance.testee.session import Manifest

_PROGRAM: Final = shlex.join([sys.executable, "-m", "credpool_conformance"])


class Console:
    """One line that moves on a terminal; on anything else, a line now and then."""

    def __init__(self, out: IO[str], slowest: int = 0) -> None:
        """Remember the stream, which may be replaced later, and how many slow checks to name."""
        self._out = out
        self._slowest = slowest
        self._live = out.isatty()
        self._checks: dict[str, CheckRecord] = {}
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._profile: Sequence[str] = ()
        self._told: set[str] = set()

    def starting(self, connector: str, command: str) -> None:
        """Say what is being waited for."""
        self._line(f"starting through {connector}: {command}")

    def begin(self, total: int, manifest: Manifest) -> None:
        """Say what is about to be tested."""
        self._total = total
        self._profile = manifest.profile.words
        self._line(f"{checks_in_words(total)} of {manifest.name} {manifest.version}")

    def check(self, check: CheckRecord) -> None:
        """Show one check: the first of each fault in full, others in a line, the rest as progress."""
        self._checks[check["id"]] = check
        self._counts[outcome(check)] += 1
        if outcome(check) in MARKS or (self._total == 1 and outcome(check) != "pass"):
            self._line(self._shown(check))
        self._progress(check)

    def end(self, summary: Summary, report: Path, seconds: float) -> None:
        """Show the summary, which ends with what is broken, the worst first, and what to do next."""
        if self._live:
            self._out.write("\r\x1b[K")
        for found in summary.failing:
            if found.requirement not in self._told:
                title = f"Broken, and not told yet: {found.name}"
                self._line("\n".join(["", title, *explanation(self._example(found))]))
        self._line("")
        for line in (
            *self._numbers(summary),
            *self._worst(summary),
            *self._open(),
            *self._slow(),
            *self._ending(summary),
        ):
            self._line(f"  {line}".rstrip())
        self._line(f"  report: {shown(report)}\n  time: {seconds:.1f} s")
        if summary.failing:
            for line in self._next(summary.failing[0], report):
                self._line(f"  {line}".rstrip())

    def _shown(self, check: CheckRecord) -> str:
        """Write the whole story of what was not told before."""
        faults = {one.requirement for one in broken(check) if one.own} or {(check["reason"] or "")}
        if self._total > 1 and faults <= self._told:
            return headline(check)
        self._told |= faults
        return "\n".join(["", *explanation(check), ""])

    def _example(self, found: Failing) -> CheckRecord:
        return self._checks[(*found.own, *found.beside)[0]]

    def _numbers(self, summary: Summary) -> Iterator[str]:
        chapters: dict[str, Counter[str]] = {}
        for check in self._checks.values():
            chapters.setdefault(check["chapter"], Counter())[outcome(check)] += 1
        for chapter, row in chapters.items():
            yield f"{chapter:<16} " + ", ".join(f"{number} {name}" for name, number in row.items())
        coverage = summary.coverage
        yield ""
        yield (
            f"requirements: {len(coverage.exercised)} exercised, "
            f"{len(coverage.unexercised)} not exercised, "
            f"{len(coverage.not_applicable)} not applicable, {len(coverage.excluded)} excluded"
        )
        if summary.verdict not in (Verdict.FILTERED, Verdict.ERROR) and not self._given_up():
            for reference in coverage.unexercised:
                yield f"  not exercised: {reference}"

    def _worst(self, summary: Summary) -> Iterator[str]:
        if summary.failing:
            yield ""
        yield from told(summary.failing)

    def _open(self) -> Iterator[str]:
        needed_by = Counter(filter(None, map(needed, self._checks.values())))
        if not needed_by:
            return
        yield ""
        yield f"no conclusion in {checks_in_words(needed_by.total())}, which is no pass:"
        for needs, number in needed_by.most_common():
            yield f"  {number:>4} need {needs} first"

    def _ending(self, summary: Summary) -> Iterator[str]:
        yield ""
        if self._profile:
            yield f"profile: {'; '.join(self._profile)}"
        because = f" ({'; '.join(summary.reasons)})" if summary.reasons else ""
        yield f"verdict: {summary.verdict.value}{because}"
        if summary.prerequisites:
            number = checks_in_words(len(summary.prerequisites))
            yield f"beside them {number} ran on which their charges rest, and which count for nothing"
        yield from self._given_up()
        yield from summary.stale
        if summary.unlisted:
            yield "not on the list of known failures:"
            yield from (f"  {line}" for line in summary.unlisted)

    def _given_up(self) -> list[str]:
        """Say why the testee was given up, if it was."""
        left = (c for c in self._checks.values() if outcome(c) == "unverified")
        return [(c["reason"] or "") for c in islice(left, 1)]

    def _slow(self) -> Iterator[str]:
        """Name the checks that took the longest."""
        if not self._slowest:
            return
        took = {id_: float(str(check["duration"])) for id_, check in self._checks.items()}
        yield ""
        yield "the slowest checks:"
        for id_ in sorted(took, key=lambda id_: -took[id_])[: self._slowest]:
            yield f"  {took[id_]:>8.3f} s  {id_}"

    def _next(self, worst: Failing, report: Path) -> Iterator[str]:
        path = report.resolve()
        page, listed = (shlex.quote(str(path.with_suffix(end))) for end in (".html", ".known.yaml"))
        command = f"{_PROGRAM} report {shlex.quote(str(path))} --format"
        yield ""
        yield "next:"
        yield f"  the worst again:      {self._example(worst)['replay']}"
        yield f"  all on a page:        {command} html --output {page}"
        yield f"  a list of what fails: {command} known-failures --output {listed}"

    def _progress(self, check: CheckRecord) -> None:
        number, total = len(self._checks), self._total
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
