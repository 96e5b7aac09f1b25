"""One of the two testees: play a history on it, and write down what was seen."""

from collections.abc import Iterator
from contextlib import contextmanager

from credpool_conformance.charging.safety import leaks
from credpool_conformance.fuzzing.ground import Ground, fitted
from credpool_conformance.fuzzing.history import History, Raw, phase_of, scenario_of
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.mock import Mock
from credpool_conformance.scenarios.scenario import Phase, Scenario
from credpool_conformance.specification.registry import Registry
from credpool_conformance.testee.observed import Observed, Progress
from credpool_conformance.testee.scenario_run import ScenarioRun
from credpool_conformance.testee.session import Manifest, Session
from credpool_conformance.testee.setup import Setup


class Play:
    """A history under way on one side."""

    def __init__(self, scenario: Scenario, setup: Setup, session: Session, mock: Mock) -> None:
        """Set the stage, and configure the testee."""
        self.scenario = scenario
        self.setup = setup
        self.last: Observed | None = None
        self._mock = mock
        self._session = session
        self._calls: dict[str, Progress] = {}
        self._run = ScenarioRun(scenario, setup, session, mock)
        self._number = 0
        session.said()
        mock.play(setup.stage(self._run.deliver))
        self._run.begin()

    def phase(self, raw: Raw) -> tuple[Phase, Observed]:
        """Play one phase.

        Raises: HarnessError when the testee breaks the protocol.
        """
        self._number += 1
        phase = phase_of(raw, self.scenario.given.provider)
        seen = self._run.play(self._number, phase)
        if seen.progress is not None:
            self._calls[seen.progress.call.name] = seen.progress
        self.last = seen
        return phase, seen

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can be played."""
        return self._run.is_over

    @property
    def held(self) -> tuple[str, ...]:
        """Name the replies that are held."""
        return self._mock.held

    @property
    def waiting(self) -> tuple[str, ...]:
        """Name the calls that wait for another call's refresh."""
        return tuple(name for name, call in self._calls.items() if call.waiting)

    @property
    def streaming(self) -> tuple[str, ...]:
        """Name the calls of which the caller has the first part."""
        return tuple(name for name, call in self._calls.items() if call.streaming)

    def end(self) -> list[str]:
        """Let everything go, and list what no testee may do whatever the other one does."""
        self._run.finish()  # calls that are still under way are no fault: the history ends here
        said = [*self._session.said(), self._session.output()]
        wrong = leaks(self.scenario, self.setup, self._mock.seen, said)
        return [f"{one.charge.kind}: {one.actual}" for one in wrong]


class Side:
    """A testee, and what it is played on."""

    def __init__(self, session: Session, mock: Mock, registry: Registry) -> None:
        """Take a session, which is started when it is needed."""
        self.session = session
        self.registry = registry
        self._mock = mock

    @property
    def manifest(self) -> Manifest:
        """The testee as it introduces itself.

        Raises: HarnessError when it does not start.
        """
        return self.session.ensure()

    @contextmanager
    def playing(self, history: History, ground: Ground) -> Iterator[Play]:
        """Begin a history, and leave nothing behind at its end.

        Raises: HarnessError when the testee breaks the protocol; it is then ended.
        """
        given = fitted(history.given, self.manifest, ground)
        own = History(
            seed=history.seed,
            features=history.features,
            given=given,
            upstream=history.upstream,
            phases=history.phases,
        )
        scenario = scenario_of(own, self.registry)
        setup = Setup(scenario, self.registry.provider(scenario.given.provider), self._mock.urls)
        try:
            yield Play(scenario, setup, self.session, self._mock)
        except HarnessError:
            self._mock.release_all()
            self.session.abandon()
            raise
        finally:
            setup.close()
