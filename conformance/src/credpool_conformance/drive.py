"""Drive one testee through one scenario and write down what can be seen.

The order of events is the scenario's alone: a held reply is waited for, never slept for.
Judging is `judge`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from credpool_conformance.aliases import Aliases
from credpool_conformance.book.yaml_lines import Json, fields, items, text
from credpool_conformance.clock import Clock
from credpool_conformance.events import Event, Held, Parked, Ranaway
from credpool_conformance.faults import HarnessError
from credpool_conformance.managing import managed
from credpool_conformance.match import ANY
from credpool_conformance.mock import Mock
from credpool_conformance.narration import describe
from credpool_conformance.observed import Observed, Progress
from credpool_conformance.person import Person, wrong_clients
from credpool_conformance.scenario import (
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
from credpool_conformance.session import Answer, Session
from credpool_conformance.situation import Situation
from credpool_conformance.trace import Trace

STRATEGIES: Final = frozenset({"fill_first", "round_robin", "least_used", "random"})
_MOST_WAITS: Final = 50
_LONGEST_WAIT: Final = 400 * 86400.0


class Drive:
    """One scenario under way."""

    def __init__(
        self, scenario: Scenario, situation: Situation, session: Session, mock: Mock
    ) -> None:
        """Set the stage; nothing is sent yet. `session` is that of the first process."""
        self.scenario = self._scenario = scenario
        self.situation = self._situation = situation
        first, *others = scenario.given.processes
        self._processes = {first: session} | {name: session.fellow(name) for name in others}
        self._turn = session
        self._mock = mock
        self._clock: Clock = situation.clock
        self._trace: Trace = situation.trace
        self._calls: dict[str, Progress] = {}
        self._holds: dict[str, Progress] = {}
        self._aliases = Aliases(scenario.given.entries)
        self._person: Person | None = None
        self._clients: dict[str, str] = {}
        self._refused: str | None = None
        self._refusal_message = ""
        self.runaway: str | None = None

    def deliver(self, event: Event) -> None:
        """Tell the process whose turn it is what happened at the mock."""
        self._turn.deliver(event)

    def phases(self) -> Iterator[tuple[Phase, Observed]]:
        """Configure the testee and play the phases.

        Raises: HarnessError when the testee breaks the protocol.
        """
        self._configure(self._situation.pool)
        for fellow in [*self._processes.values()][1:]:
            fellow.ensure()
            self._turn = fellow
            self._configure(self._situation.joined())
        for number, phase in enumerate(self._scenario.phases, 1):
            begun = len(self._mock.seen)
            if phase.advance:
                self._clock.advance(phase.advance)
            self._turn = self._processes[phase.process]
            self._trace.phase(number, describe(phase))
            seen = self._act(number, phase.action)
            observed = self._look(phase, seen, begun)
            yield phase, observed
            if self.runaway or self._refused is not None:
                return

    def finish(self) -> list[str]:
        """Let everything go that is still under way, and name the calls that had not ended.

        Raises: HarnessError when one of them does not come back.
        """
        self._mock.release_all()
        unfinished = [progress for progress in self._calls.values() if not progress.done]
        # A stream that nobody reads to its end is the caller's right.
        hanging = [progress.call.name for progress in unfinished if not progress.streaming]
        for progress in unfinished:
            if progress.streaming or progress.waiting:
                self._resume(progress)
            self._settle(progress, [])
        return hanging

    def _configure(self, pool: Json) -> None:
        randoms = self._situation.randoms
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
                return self._call(number, action)
            case Login():
                return self._log_in(number, action)
            case Release(hold):
                return self._release(number, hold)
            case Resume() | Close():
                return self._read_on(number, action)
            case Manage():
                return self._manage(number, action)
            case Write() | Rewrite():
                return self._elsewhere(number, action)
            case Plain():
                return self._plain(number, action)

    def _elsewhere(self, number: int, action: Write | Rewrite) -> Observed:
        """Let other programs write the pool's file, or their own."""
        if isinstance(action, Write):
            self._situation.write(action.content)
        else:
            self._situation.rewrite(action.files)
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
                self._situation.lock(held=action is Plain.LOCK)
            case Plain.LOOK:
                pass
        return Observed(number=number)

    def _release(self, number: int, hold: str) -> Observed:
        progress = self._holds.pop(hold, None)
        released = self._mock.release(hold)
        note = None if released else f"no request was waiting for {hold!r}"
        return self._settled(number, progress if released else None, note)

    def _read_on(self, number: int, action: Resume | Close) -> Observed:
        """Let the caller read the rest of a stream, or leave it unread."""
        name = action.call
        progress = self._calls.get(name)
        if progress is None or not (progress.streaming or progress.waiting):
            return self._settled(number, None, f"{name!r} is neither streaming nor waiting")
        if isinstance(action, Close):
            self._resume(progress, close=True)
        else:
            self._mock.open_streams()
            self._resume(progress)
        return self._settled(number, progress)

    def _crash(self) -> None:
        """Kill the process, and start another in its place."""
        lost = [progress for progress in self._calls.values() if progress.session is self._turn]
        for hold in [hold for hold, progress in self._holds.items() if progress in lost]:
            self._mock.cut(hold)
            del self._holds[hold]
        for progress in lost:
            del self._calls[progress.call.name]
        self._turn.crash()
        self._turn.ensure()
        self._configure(self._situation.joined())

    def _manage(self, number: int, action: Manage) -> Observed:
        told, now = self._situation.managed(action), self._clock.now
        answer = self._turn.ask("manage", now=now, do=action.verb, **told)
        observed = managed(number, action, answer, self._aliases)
        self._trace.result(action.verb, observed.outcome or "")
        return observed

    def _call(self, number: int, call: Call) -> Observed:
        if call.stream:
            self._mock.close_streams()
        request = self._situation.request(call)
        seq = self._turn.send("call", now=self._clock.now, call=call.name, request=request)
        progress = Progress(call=call, session=self._turn, seq=seq, request=request)
        self._calls[call.name] = progress
        return self._settled(number, progress)

    def _log_in(self, number: int, login: Login) -> Observed:
        self._mock.log_in(login.name)
        self._clients[login.name] = login.client_id
        self._person = person = Person(login, self._situation)
        begun, waits = len(self._mock.seen), list[float]()
        seq = self._turn.send("login", now=self._clock.now, **person.command())
        answer = self._settle(
            Progress(call=_as_call(login), session=self._turn, seq=seq, request={}), waits
        )
        wire, outcome = self._mock.seen[begun:], "pending"
        if answer is not None:
            refused = text(fields(answer.content).get("code"))
            outcome = "logged-in" if answer.kind == "ok" else f"refused {refused}"
        self._trace.result(login.name, outcome)
        found, faults = tuple(waits), tuple(person.faults(wire))
        return Observed(number=number, outcome=outcome, waits=found, login_faults=faults)

    def _prompted(self, progress: Progress, prompt: Mapping[str, Json]) -> None:
        """Let the person do what is asked; a call has nobody to ask."""
        person = self._person
        if person is None:
            raise HarnessError("a prompt, and nobody is there to log in")
        person.look(prompt, self._mock.seen)
        self._resume(progress)
        person.visit()

    def _resume(self, progress: Progress, **how: Json) -> None:
        name, progress.waiting = progress.call.name, False
        self._turn = progress.session
        progress.seq = self._turn.send("resume", now=self._clock.now, call=name, **how)

    def _settled(self, number: int, progress: Progress | None, note: str | None = None) -> Observed:
        if progress is None:
            return Observed(number=number, outcome="nothing", note=note)
        waits: list[float] = []
        answer = self._settle(progress, waits)
        result = fields(answer.content) if answer else {}
        status = result.get("status")
        outcome = "pending" if answer is None else str(result.get("outcome"))
        outcome = "waiting" if progress.waiting else outcome
        if outcome in ("delivered", "streaming"):
            outcome = f"{outcome} {status}"
        elif outcome == "raised":
            outcome = f"raised {text(result.get('error')) or 'an exception'}"
        self._trace.result(progress.call.name, outcome)
        return Observed(
            number=number,
            waits=tuple(waits),
            outcome=outcome,
            result=result,
            progress=progress,
            note=self.runaway,
        )

    def _settle(self, progress: Progress, waits: list[float]) -> Answer | None:
        """Go on with a call until it has a result, or until its reply is held."""
        grace: float | None = None
        self._turn = progress.session
        while True:
            match progress.session.next(progress.seq, grace):
                case Answer(kind="wait", content=content):
                    if not self._wait(progress, fields(content), waits):
                        return None
                case Answer(kind="prompt", content=content):
                    self._prompted(progress, fields(content))
                case Answer() as answer:
                    progress.streaming = fields(answer.content).get("outcome") == "streaming"
                    progress.done = not progress.streaming
                    return answer
                case Held(hold):
                    self._holds[hold] = progress
                    return None
                case Parked():
                    grace = progress.session.grace
                case Ranaway(requests):
                    self.runaway = f"{requests} requests, and no end"
                    return None
                case None:
                    # Whoever still reads has not handed the first chunk to the caller.
                    self._mock.open_streams()
                    self._settle(progress, [])
                    return None
                case _:
                    continue

    def _wait(self, progress: Progress, wait: dict[str, Json], waits: list[float]) -> bool:
        """Let a call wait, and go on with it; tell whether it went on.

        One that waits for another call's refresh is resumed when the scenario says so.
        """
        if wait.get("why") == "claim":
            progress.waiting = True
            return False
        until = wait.get("until")
        seconds = round(float(until) - self._clock.now, 6) if isinstance(until, int | float) else 0
        waits.append(seconds)
        self._trace.waited(seconds, str(wait.get("why")))
        if len(waits) > _MOST_WAITS or seconds > _LONGEST_WAIT:
            self.runaway = f"{len(waits)} waits, and no end"
            return False
        self._clock.move_to(self._clock.now + max(seconds, 0))
        self._resume(progress)
        return True

    def _look(self, phase: Phase, observed: Observed, begun: int) -> Observed:
        state: dict[str, Json] = {}
        # Looking makes some pools read the file again, which must not be what saves them.
        unasked = phase.expect.get("state") == ANY
        if self._refused is None and not self.runaway and not unasked:
            session = self._processes[phase.process]
            told = fields(session.ask("inspect", now=self._clock.now).content)
            self._aliases.learn(told)
            state = self._aliases.pool(told)
        wire = tuple(self._mock.seen[begun:])
        kept, wanted = self._situation.kept, phase.expect.get("store")
        stored, wrong = None, [] if kept is None else kept.faults()
        if kept is not None and wanted is not None:
            filled = kept.wanted(wanted)
            stored = (filled, kept.compared(filled))
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
    """Return a refusal's outcome; one of an unknown strategy must name those that there are."""
    code, message = refused.get("code"), text(refused.get("message"))
    unnamed = [name for name in sorted(strategies) if name not in message]
    if code == "unknown_strategy" and unnamed:
        return f"refused {code} without naming {', '.join(unnamed)}"
    return f"refused {code}"


def _as_call(login: Login) -> Call:
    """Return what a login is called when it is resumed."""
    return Call(
        name=login.name,
        model="",
        stream=False,
        follow_redirects=False,
        placeholder=False,
        headers={},
    )
