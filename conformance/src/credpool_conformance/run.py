"""Put a run together: servers, connector, session, report and console.

Everything that has to be opened once and closed again, and nothing else.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO, Final

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.needs import reconsider
from credpool_conformance.json_values import Json
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.provider.mock import Mock
from credpool_conformance.reporting.console import Console
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.report import Conditions, ReportWriter, check_record
from credpool_conformance.reporting.verdict import Summary, summarise
from credpool_conformance.runner import Runner
from credpool_conformance.scenarios.profile import WHOLE
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.registry import Registry
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.testee.connectors import Connector
from credpool_conformance.testee.connectors.inprocess import InProcessConnector
from credpool_conformance.testee.connectors.stdio import StdioConnector
from credpool_conformance.testee.session import Manifest, Session

_FAILURES: Final = (Outcome.FAIL, Outcome.HARNESS_ERROR, Outcome.UNEXPECTED_PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user chose."""

    testee: str
    connector: str
    timeout: float
    selection: str | None
    max_failures: int | None = None
    report: Path
    replay: str
    known: KnownFailures = field(default_factory=KnownFailures)


def run(
    scenarios: Sequence[Scenario],
    registry: Registry,
    requirements: Requirements,
    options: Options,
    out: IO[str] | None = None,
) -> Summary:
    """Run the scenarios, show and record what happens, and come to a verdict.

    Raises: BadInputError when the report cannot be written.
    """
    begun = perf_counter()
    console = Console(out or sys.stdout)
    with ReportWriter(options.report) as report, opened(options, registry) as (mock, session):
        manifest = _introduction(session)
        report.header(_conditions(options, requirements, len(scenarios)), manifest)
        console.begin(len(scenarios), options.connector, options.testee, manifest)
        progress = _Progress(report, console, requirements, options)
        ran = progress.first(Runner(session, mock, registry, requirements).run(scenarios))
        checks = progress.after_all(ran)
        summary = summarise(
            checks,
            requirements,
            manifest.features if manifest else frozenset({"core"}),
            filtered=options.selection is not None or progress.is_enough,
            known=options.known,
            profile=manifest.profile if manifest else WHOLE,
        )
        seconds = perf_counter() - begun
        report.footer(summary, seconds)
    console.end(summary, options.report, seconds)
    return summary


class _Progress:
    """Tell each check to the report and to the console, until it is enough."""

    def __init__(
        self, report: ReportWriter, console: Console, requirements: Requirements, options: Options
    ) -> None:
        self._report, self._console = report, console
        self._requirements, self._options = requirements, options
        self._failures = 0

    @property
    def is_enough(self) -> bool:
        """Tell whether as much has failed as somebody wants to see."""
        most = self._options.max_failures
        return most is not None and self._failures >= most

    def first(self, checks: Iterable[Check]) -> list[Check]:
        """Tell the checks as they run, and return those that ran."""
        ran: list[Check] = []
        for check in checks:
            ran.append(check)
            marked = self._options.known.mark(check)
            self._failures += marked.outcome in _FAILURES
            self._console.check(self._write(marked))
            if self.is_enough:
                break
        return ran

    def after_all(self, ran: Sequence[Check]) -> list[Check]:
        """Tell again what ended otherwise, now that all have run; return the checks as they ended."""
        # One check alone shows nothing of what it rests on: a replay fails as the check did.
        reconsidered = reconsider(ran) if len(ran) > 1 else ran
        checks = [self._options.known.mark(check) for check in reconsidered]
        for check, first in zip(checks, map(self._options.known.mark, ran), strict=True):
            if check != first:
                self._console.again(self._write(check))
        return checks

    def _write(self, check: Check) -> Mapping[str, Json]:
        """Record a check; a later record of it takes the place of the first."""
        record = check_record(check, self._requirements, self._options.replay)
        self._report.check(record)
        return record


@contextmanager
def opened(options: Options, registry: Registry) -> Iterator[tuple[Mock, Session]]:
    """Open the servers and the session, and close both at the end."""
    with ExitStack() as stack:
        loopback = Loopback()
        stack.callback(loopback.close)
        connector = _connector(options, loopback.mock)
        session = Session(connector, options.timeout, needs=registry.needs)
        stack.callback(session.close)
        yield loopback.mock, session


def _connector(options: Options, mock: Mock) -> Connector:
    if options.connector == "inprocess":
        return InProcessConnector(options.testee, mock)
    return StdioConnector(options.testee)


def _introduction(session: Session) -> Manifest | None:
    try:
        return session.ensure()
    except HarnessError:
        # The first check tries again and tells the story.
        session.abandon()
        return None


def _conditions(options: Options, requirements: Requirements, scenarios: int) -> Conditions:
    return Conditions(
        requirements=requirements,
        connector=options.connector,
        command=options.testee,
        selection=options.selection,
        scenarios=scenarios,
        known_failures=options.known.path,
    )
