"""Put a run together: servers, connector, session, processes, report and console.

Everything that has to be opened once and closed again, and nothing else.  Several processes play ahead
of the one that judges, each with a testee and a mock provider of its own, which it keeps to its end.
"""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from multiprocessing.util import Finalize
from pathlib import Path
from time import perf_counter
from typing import IO, Final, TypeAlias, TypeVar

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.charging.needs import Needs
from credpool_conformance.problems import HarnessError, StartError
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.provider.mock import Mock
from credpool_conformance.reporting.console import Console
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.record import check_record
from credpool_conformance.reporting.report import Conditions, ReportWriter
from credpool_conformance.reporting.verdict import Summary, summarise
from credpool_conformance.runner import Runner
from credpool_conformance.scenarios.clock import EPOCH
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.registry import Registry
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.testee.connectors import Connector
from credpool_conformance.testee.connectors.inprocess import InProcessConnector
from credpool_conformance.testee.connectors.lean import lean, prepare
from credpool_conformance.testee.connectors.stdio import StdioConnector
from credpool_conformance.testee.session import Manifest, Session

_FAILURES: Final = (Outcome.FAIL, Outcome.HARNESS_ERROR, Outcome.UNEXPECTED_PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The user's choices."""

    testee: str
    connector: str
    timeout: float
    selection: str | None
    max_failures: int | None = None
    report: Path
    replay: str
    known: KnownFailures = field(default_factory=KnownFailures)
    slowest: int = 0
    begins: float = EPOCH
    jobs: int = 1


_BEFORE_ITS_FILES: Final = 10
"""The priority of what a process closes before it forgets its own files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A testee that has introduced itself, and a way to play a scenario on it."""

    manifest: Manifest
    play: Callable[[Scenario], Check]


T = TypeVar("T", Manifest, Check)

Ready: TypeAlias = Callable[[], AbstractContextManager[Player]]


class _Process:
    """One of several processes: its testee is started with the first thing that it is asked."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    @cached_property
    def player(self) -> Player:
        stack = ExitStack()
        player = stack.enter_context(self._ready())
        Finalize(None, stack.close, exitpriority=_BEFORE_ITS_FILES)
        return player


_inherited: list[_Process] = []
"""The part that a process takes over from the one that it is made of."""


@contextmanager
def players(ready: Ready, jobs: int, scenarios: Sequence[Scenario]) -> Iterator[Player]:
    """Play scenarios in so many processes, and whatever else is wanted in the meantime.

    A process is made of this one as it is; where that cannot be done, all is played in this one.

    Raises: StartError when a testee does not start.
    """
    if jobs == 1 or "fork" not in multiprocessing.get_all_start_methods():
        with ready() as player:
            yield player
        return
    prepare()
    _inherited.append(_Process(ready))
    fork, unstopped = multiprocessing.get_context("fork"), (signal.SIGINT, signal.SIG_IGN)
    executor = ProcessPoolExecutor(jobs, fork, signal.signal, unstopped)
    try:
        introduced = executor.submit(_told, _introduced)
        begun = {
            scenario.id: executor.submit(_told, partial(_played, scenario))
            for scenario in scenarios
        }
        manifest = _raised(introduced.result())

        def play(scenario: Scenario) -> Check:
            played = begun.get(scenario.id) or executor.submit(_told, partial(_played, scenario))
            # What has crossed from a process is equal, and not the same.
            return replace(_raised(played.result()), scenario=scenario)

        yield Player(manifest=manifest, play=play)
    finally:
        executor.shutdown(cancel_futures=True)
        _inherited.pop()


def _told(work: Callable[[], T]) -> T | tuple[str, str]:
    """Do it, or return what an error says: it is to be raised in another process."""
    try:
        return work()
    except StartError as error:
        return error.what, error.stderr


def _raised(told: T | tuple[str, str]) -> T:
    if isinstance(told, tuple):
        raise StartError(*told)
    return told


def _introduced() -> Manifest:
    return _inherited[-1].player.manifest


def _played(scenario: Scenario) -> Check:
    return _inherited[-1].player.play(scenario)


def run(
    scenarios: Sequence[Scenario],
    registry: Registry,
    requirements: Requirements,
    options: Options,
    out: IO[str] | None = None,
    *,
    all_: Sequence[Scenario] = (),
) -> Summary:
    """Run the scenarios, show and record what happens, and come to a verdict.

    Where only some are asked for, others are run too if the charge of one that fails rests on them.

    Raises: StartError when the testee does not start, BadInputError when no report can be written.
    """
    begun = perf_counter()
    console = Console(out or sys.stdout, slowest=options.slowest)
    console.starting(options.connector, options.testee)
    ready = partial(_ready, options, registry, requirements)
    with players(ready, options.jobs, scenarios) as player:
        manifest = player.manifest
        with ReportWriter(options.report) as report:
            report.header(_conditions(options, requirements, len(scenarios)), manifest)
            console.begin(len(scenarios), manifest)
            needs = Needs(player.play, all_ or scenarios)
            checks: list[Check] = []
            for check in _until_enough(map(needs.check, scenarios), options):
                checks.append(check)
                record = check_record(check, requirements, options.replay)
                report.check(record)
                console.check(record)
            summary = summarise(
                checks,
                requirements,
                manifest.features,
                filtered=options.selection is not None or len(checks) < len(scenarios),
                known=options.known,
                profile=manifest.profile,
                prerequisites=needs.prerequisites,
            )
            seconds = perf_counter() - begun
            report.footer(summary, seconds)
    console.end(summary, options.report, seconds)
    return summary


def _until_enough(checks: Iterator[Check], options: Options) -> Iterator[Check]:
    """Mark the checks that may fail, and stop when as many have failed as somebody wants to see."""
    failures = 0
    for check in checks:
        marked = options.known.mark(check)
        yield marked
        failures += marked.outcome in _FAILURES
        if options.max_failures is not None and failures >= options.max_failures:
            return


def introduction(session: Session) -> Manifest:
    """Start the testee.

    Raises: StartError when it does not introduce itself.
    """
    try:
        return session.ensure()
    except HarnessError as error:
        raise StartError(error.what, session.abandon()) from error


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


@contextmanager
def _ready(options: Options, registry: Registry, requirements: Requirements) -> Iterator[Player]:
    around = lean() if options.connector == "inprocess" else nullcontext()
    with around, opened(options, registry) as (mock, session):
        manifest = introduction(session)
        runner = Runner(session, mock, registry, requirements, begins=options.begins)
        yield Player(manifest=manifest, play=runner.check)


def _connector(options: Options, mock: Mock) -> Connector:
    if options.connector == "inprocess":
        return InProcessConnector(options.testee, mock)
    return StdioConnector(options.testee)


def _conditions(options: Options, requirements: Requirements, scenarios: int) -> Conditions:
    return Conditions(
        requirements=requirements,
        connector=options.connector,
        command=options.testee,
        selection=options.selection,
        scenarios=scenarios,
        known_failures=options.known.path,
    )
