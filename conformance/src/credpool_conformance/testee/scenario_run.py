"""Take one testee through one scenario and write down what can be seen.

The order of events is the scenario's alone.  How a call goes on is `calls`'s, and judging `judge`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.provider.inbox import Event
from credpool_conformance.provider.mock import Mock
from credpool_conformance.provider.trace import Trace
from credpool_conformance.scenarios.clock import Clock
from credpool_conformance.scenarios.match import ANY
from credpool_conformance.scenarios.scenario import (
    Action,
    Call,
    Close,
    Login,
    Manage,
    Phase,
    Plain,
    Release,
    Resume,
    Rewrite,
    Scenario,
    Write,
)
from credpool_conformance.testee.aliases import Aliases
from credpool_conformance.testee.calls import Calls
from credpool_conformance.testee.login_user import LoginUser, wrong_clients
from credpool_conformance.testee.managing import managed
from credpool_conformance.testee.narration import describe
from credpool_conformance.testee.observed import Observed, PoolState
from credpool_conformance.testee.session import Session
from credpool_conformance.testee.setup import Setup

STRATEGIES: Final = frozenset({"fill_first", "round_robin", "least_used", "random"})


class ScenarioRun:
    """One scenario under way."""

    def __init__(self, scenario: Scenario, setup: Setup, session: Session, mock: Mock) -> None:
        """Set the stage; nothing is sent yet. `session` is that of the first process."""
        self.scenario = self._scenario = scenario
        self.setup = self._setup = setup
        first, *others = scenario.given.processes
        self._processes = {first: session} | {name: session.peer(name) for name in others}
        self._calls = Calls(setup, session, mock)
        self._mock = mock
        self._clock: Clock = setup.clock
        self._trace: Trace = setup.trace
        self._aliases = Aliases(scenario.given.entries)
        self._clients: dict[str, str] = {}
        self._refused: str | None = None
        self._refusal_message = ""
        self._begun = self._ended = self._clock.now
        self._looked = 0
        """How many requests have been looked at; what comes between two phases is the later one's."""

    @property
    def runaway(self) -> str | None:
        """Say why there is no end to a call, if there is none."""
        return self._calls.runaway

    @property
    def _turn(self) -> Session:
        return self._calls.turn

    def deliver(self, event: Event) -> None:
        """Tell the process whose turn it is what happened at the mock."""
        self._turn.deliver(event)

    def phases(self) -> Iterator[tuple[Phase, Observed]]:
        """Configure the testee and play the phases.

        Raises: HarnessError when the testee breaks the protocol.
        """
        self.begin()
        for number, phase in enumerate(self._scenario.phases, 1):
            yield phase, self.play(number, phase)
            if self.is_over:
                return

    def begin(self) -> None:
        """Configure the testee, in each of its processes.

        Raises: HarnessError when the testee breaks the protocol.
        """
        self._configure(self._setup.pool)
        for peer in [*self._processes.values()][1:]:
            peer.ensure()
            self._calls.turn = peer
            self._configure(self._setup.joined())

    def play(self, number: int, phase: Phase) -> Observed:
        """Play one phase, and look at what it has made visible.

        Raises: HarnessError when the testee breaks the protocol.
        """
        self._advance(phase)
        self._calls.turn = self._processes[phase.process]
        self._trace.phase(number, describe(phase))
        seen = self._act(number, phase.action)
        observed = self._look(phase, seen)
        if phase.back is None:
            self._ended = self._clock.now
        return observed

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more can be played: a call without end, or a refused pool."""
        return self.runaway is not None or self._refused is not None

    def finish(self) -> list[str]:
        """Let everything go that is still under way, and name the calls that had not ended.

        Raises: HarnessError when one of them does not come back.
        """
        return self._calls.finish()

    def _advance(self, phase: Phase) -> None:
        if phase.back:
            self._mock.heal()
            self._clock.move_to((self._begun if phase.back.early else self._ended) + phase.back.at)
            return
        self._clock.advance(phase.advance)
        self._begun = self._clock.now

    def _configure(self, pool: Json) -> None:
        # a list of its own for each process: one that is a Python object takes numbers out of it
        randoms: Json = [*self._setup.randoms]
        answer = self._turn.ask("configure", now=self._clock.now, pool=pool, randoms=randoms)
        if answer.kind == "refused":
            self._refused = _refusal(fields(answer.content), self._strategies())
            self._refusal_message = text(fields(answer.content).get("message"))
            self._trace.result("configure", self._refused)

    def _strategies(self) -> frozenset[str]:
        manifest = self._turn.manifest
        declared = manifest.raw.get("strategies") if manifest else None
        return STRATEGIES if declared is None else frozenset(map(text, items(declared)))

    def _act(self, number: int, action: Action) -> Observed:
        if self._refused is not None:
            return Observed(number=number, outcome=self._refused, message=self._refusal_message)
        match action:
            case Call():
                return self._calls.begin(number, action)
            case Login():
                return self._log_in(number, action)
            case Release(hold):
                return self._calls.release(number, hold)
            case Resume() | Close():
                return self._calls.read_on(number, action)
            case Manage():
                return self._manage(number, action)
            case Write() | Rewrite():
                return self._elsewhere(number, action)
            case Plain():
                return self._plain(number, action)

    def _elsewhere(self, number: int, action: Write | Rewrite) -> Observed:
        """Let other programs write the pool's file, or their own."""
        if isinstance(action, Write):
            self._setup.write(action.content)
        else:
            self._setup.rewrite(action.files)
        return Observed(number=number)

    def _plain(self, number: int, action: Plain) -> Observed:
        match action:
            case Plain.CONFIGURE:
                return Observed(number=number, outcome="configured")
            case Plain.RESTART:
                self._turn.ask("restart", now=self._clock.now)
            case Plain.CRASH:
                self._crash()
            case Plain.LOCK | Plain.UNLOCK:
                self._setup.lock(held=action is Plain.LOCK)
            case Plain.LOOK:
                pass
        return Observed(number=number)

    def _crash(self) -> None:
        """Kill the process, and start another in its place."""
        self._calls.lose(self._turn)
        self._turn.crash()
        self._turn.ensure()
        self._configure(self._setup.joined())

    def _manage(self, number: int, action: Manage) -> Observed:
        told, now = self._setup.managed(action), self._clock.now
        answer = self._turn.ask("manage", now=now, do=action.verb, **told)
        observed = managed(number, action, answer, self._aliases)
        self._trace.result(action.verb, observed.outcome or "")
        return observed

    def _log_in(self, number: int, login: Login) -> Observed:
        self._mock.log_in(login.name)
        self._clients[login.name] = login.client_id
        user = LoginUser(login, self._setup)
        begun = len(self._mock.seen)
        answer, waits = self._calls.log_in(login, user)
        wire, outcome = self._mock.seen[begun:], "pending"
        if answer is not None:
            refused = text(fields(answer.content).get("code"))
            outcome = "logged-in" if answer.kind == "ok" else f"refused {refused}"
        self._trace.result(login.name, outcome)
        found, faults = tuple(waits), tuple(user.faults(wire))
        return Observed(number=number, outcome=outcome, waits=found, login_faults=faults)

    def _look(self, phase: Phase, observed: Observed) -> Observed:
        state: PoolState | None = None
        # Looking makes some pools read the file again, which must not be what saves them.
        unasked = phase.expect.state == ANY
        if self._refused is None and not self.runaway and not unasked:
            session = self._processes[phase.process]
            answer = session.ask("inspect", now=self._clock.now)
            told = PoolState.read(fields(answer.content))
            self._aliases.learn(told)
            state = self._aliases.pool(told)
        wire = tuple(self._mock.seen[self._looked :])
        self._looked += len(wire)
        file, wanted = self._setup.pool_file, phase.expect.store
        stored, wrong = None, [] if file is None else file.faults()
        if file is not None and wanted is not None:
            filled = file.wanted(wanted)
            stored = (filled, file.compared(filled))
        if observed.progress:
            observed.progress.before = len(observed.progress.requests)
            observed.progress.requests += wire
        return replace(
            observed,
            now=self._clock.now,
            wire=wire,
            result=self._aliases.result(observed.result),
            state=state,
            stored=stored,
            file_faults=tuple(wrong),
            login_faults=(*observed.login_faults, *wrong_clients(wire, self._clients)),
        )


def _refusal(refused: Mapping[str, Json], strategies: frozenset[str]) -> str:
    """Return a refusal's outcome; one of an unknown strategy must name the known ones."""
    code, message = refused.get("code"), text(refused.get("message"))
    unnamed = [name for name in sorted(strategies) if name not in message]
    if code == "unknown_strategy" and unnamed:
        return f"refused {code} without naming {', '.join(unnamed)}"
    return f"refused {code}"
