"""The summary of a report: the pool, the broken requirements, the worst first, and why.

Shared by the forms that people read.  It judges nothing: all of it is in the report.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from credpool_conformance.json_values import fields, items, text
from credpool_conformance.reporting.explanation import MARKS, outcome
from credpool_conformance.reporting.failing import Failing, needed
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.report import Report
from credpool_conformance.scenarios.profile import profile

WORST: Final = 3


class Digest:
    """A report, read for people."""

    def __init__(self, report: Report) -> None:
        """Read what is broken."""
        self.report = report
        self.failing = tuple(Failing.read(fields(raw)) for raw in items(report.footer["failing"]))

    @property
    def name(self) -> str:
        """The pool that was judged."""
        testee = fields(self.report.header["testee"])
        name = " ".join(filter(None, (text(testee.get("name")), text(testee.get("version")))))
        return name or "A testee that did not start"

    @property
    def verdict(self) -> str:
        """The report's verdict."""
        return text(self.report.footer["verdict"])

    @property
    def reasons(self) -> str:
        """Why it is that verdict."""
        return "; ".join(map(text, items(self.report.footer["reasons"])))

    @property
    def profile(self) -> str:
        """The limits of the profile that the verdict is about; empty for a whole one."""
        return "; ".join(profile(fields(self.report.header["testee"])).words)

    @property
    def needs(self) -> Counter[str]:
        """Of the checks that came to no conclusion: how many need which requirement first."""
        found = (needed(check) or (check["reason"] or "") for check in self.open)
        return Counter(found)

    @cached_property
    def open(self) -> tuple[CheckRecord, ...]:
        """The checks that came to no conclusion."""
        return tuple(check for check in self.report.checks if outcome(check) == "inconclusive")

    @cached_property
    def others(self) -> tuple[CheckRecord, ...]:
        """The checks that have to be looked at, and that no broken requirement shows."""
        shown = {id_ for found in self.failing for id_ in found.own}
        found = (check for check in self.report.checks if outcome(check) in MARKS)
        return tuple(check for check in found if check["id"] not in shown)

    @cached_property
    def checks(self) -> Mapping[str, CheckRecord]:
        """The checks by their ids."""
        return {check["id"]: check for check in self.report.checks}

    def example(self, found: Failing) -> CheckRecord | None:
        """Find the smallest check that shows a broken requirement, one of its own if there is any."""
        shown = [self.checks[id_] for id_ in found.own or found.beside if id_ in self.checks]
        return min(shown, key=lambda check: len(check["trace"]), default=None)

    def link(self, found: Failing) -> str | None:
        """Write the address of a requirement in the specification, if that is published."""
        site, chapter = self.report.site, found.chapter.removesuffix(".md")
        return (
            f"{site.rstrip('/')}/spec/{chapter}/#{found.requirement}" if site and chapter else None
        )
