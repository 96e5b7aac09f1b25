"""Let each call go on until it has a result, waits for another one, or its reply is held.

A held reply is waited for, never slept for.  What happens between calls is `scenario_run`'s.
"""

from collections.abc import Mapping
from typing import Final

from credpool_conformance.json_values import Json, fields
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.inbox import Held, Parked, Ranaway
from credpool_conformance.provider.mock import Mock
from credpool_conformance.scenarios.scenario import Call, Close, Login, Resume
from credpool_conformance.testee.login_user import LoginUser
from credpool_conformance.testee.observed import CallResult, Observed, Progress
from credpool_conformance.testee.session import Answer, Session
from credpool_conformance.testee.setup import Setup

_MOST_WAITS: Final = 50
_LONGEST_WAIT: Final = 400 * 86400.0


class Calls:
    """The calls of one scenario that are under way; logins go on as calls do."""

    def __init__(self, setup: Setup, session: Session, mock: Mock) -> None:
        """Begin without any; `session` is that of the process whose turn it is."""
        self.turn = session
        self.runaway: str | None = None
        """Why there is no end to a call."""
        self._setup = setup
        self._mock = mock
        self._clock = setup.clock
        self._trace = setup.trace
        self._calls: dict[str, Progress] = {}
        self._holds: dict[str, Progress] = {}
        self._user: LoginUser | None = None

    def begin(self, number: int, call: Call) -> Observed:
        """Send a request through the pool."""
        if call.stream:
            self._mock.close_streams()
        request = self._setup.request(call)
        seq = self.turn.send("call", now=self._clock.now, call=call.name, request=request.message)
        progress = Progress(call=call, session=self.turn, seq=seq, request=request)
        self._calls[call.name] = progress
        return self._settled(number, progress)

    def log_in(self, login: Login, user: LoginUser) -> tuple[Answer | None, list[float]]:
        """Let a person log in; return how that ended, if it did, and what was waited for."""
        self._user, waits = user, list[float]()
        seq = self.turn.send("login", now=self._clock.now, **user.command())
        progress = Progress(call=_as_call(login), session=self.turn, seq=seq, request=None)
        return self._settle(progress, waits), waits

    def release(self, number: int, hold: str) -> Observed:
        """Let a held reply go."""
        progress = self._holds.pop(hold, None)
        released = self._mock.release(hold)
        note = None if released else f"no request was waiting for {hold!r}"
        return self._settled(number, progress if released else None, note)

    def read_on(self, number: int, action: Resume | Close) -> Observed:
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

    def lose(self, session: Session) -> None:
        """Forget the calls of a process that is no more."""
        lost = [progress for progress in self._calls.values() if progress.session is session]
        for hold in [hold for hold, progress in self._holds.items() if progress in lost]:
            self._mock.cut(hold)
            del self._holds[hold]
        for progress in lost:
            del self._calls[progress.call.name]

    def _settled(self, number: int, progress: Progress | None, note: str | None = None) -> Observed:
        if progress is None:
            return Observed(number=number, outcome="nothing", note=note)
        waits: list[float] = []
        answer = self._settle(progress, waits)
        result = CallResult.read(fields(answer.content)) if answer else CallResult()
        outcome = result.outcome if answer else "pending"
        outcome = "waiting" if progress.waiting else outcome
        if outcome in ("delivered", "streaming"):
            outcome = f"{outcome} {result.status}"
        elif outcome == "raised":
            outcome = f"raised {result.error or 'an exception'}"
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
        self.turn = progress.session
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

    def _prompted(self, progress: Progress, prompt: Mapping[str, Json]) -> None:
        """Let the person do what is asked; a call has nobody to ask."""
        user = self._user
        if user is None:
            raise HarnessError("a prompt, and nobody is there to log in")
        user.look(prompt, self._mock.seen)
        self._resume(progress)
        user.visit()

    def _resume(self, progress: Progress, **how: Json) -> None:
        name, progress.waiting = progress.call.name, False
        self.turn = progress.session
        progress.seq = self.turn.send("resume", now=self._clock.now, call=name, **how)


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
