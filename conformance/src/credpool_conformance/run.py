"""Put a run together: servers, connector, session, report and console.

Everything that has to be opened once and closed again, and nothing else.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import IO, Final

from credpool_conformance.connectors import Connector
from credpool_conformance.connectors.inprocess import InProcessConnector
from credpool_conformance.connectors.stdio import StdioConnector
from credpool_conformance.console import Console
from credpool_conformance.faults import HarnessError
from credpool_conformance.judging.needs import reconsider
from credpool_conformance.known_failures import KnownFailures
from credpool_conformance.loopback import Loopback
from credpool_conformance.mock import Mock
from credpool_conformance.registry import Registry
from credpool_conformance.report import Conditions, ReportWriter, check_record
from credpool_conformance.requirements import Requirements
from credpool_conformance.runner import Check, Outcome, Runner
from credpool_conformance.scenario import Scenario
from credpool_conformance.session import Manifest, Session
from credpool_conformance.verdict import Summary, summarise

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
        ran: list[Check] = []
        left = options.max_failures
        for check in Runner(session, mock, registry, requirements).run(scenarios):
            ran.append(check)
            marked = options.known.mark(check)
            record = check_record(marked, requirements, options.replay)
            report.check(record)
            console.check(record, len(ran), len(scenarios))
            if left and not (left := left - (marked.outcome in _FAILURES)):
                break
        # One check alone shows nothing of what it rests on: a replay fails as the check did.
        after_all = reconsider(ran) if len(ran) > 1 else ran
        checks = [options.known.mark(check) for check in after_all]
        for check, first in zip(checks, map(options.known.mark, ran), strict=True):
            if check != first:  # a later record takes the place of the first
                record = check_record(check, requirements, options.replay)
                report.check(record)
                console.again(record)
        features = manifest.features if manifest else frozenset({"core"})
        filtered = options.selection is not None or left == 0
        summary = summarise(checks, requirements, features, filtered=filtered, known=options.known)
        seconds = perf_counter() - begun
        report.footer(summary, seconds)
    console.end(summary, options.report, seconds)
    return summary


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
