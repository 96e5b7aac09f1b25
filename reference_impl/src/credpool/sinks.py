"""Tell somebody outside the program what happens to a pool (spec: events): a command, or a web address.

    pool.listen(Sink(pool, Webhook("https://hooks.example.com/…")))

A sink is never in the way of a call: what it tells goes out in a thread of its own, within a time
limit, and what cannot be told is left out. It is told what the log is told, and so no secret.
"""

import json
import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any, Final, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from credpool import events
from credpool._process.forks import PerProcess, watch
from credpool.clock import Clock, SystemClock
from credpool.config.notify import EVENTS, QUIET, Notice
from credpool.events.changes import opened
from credpool.events.log import line
from credpool.events.report import report_event
from credpool.model.errors import BadInput
from credpool.model.secret import Secret
from credpool.pool import Pool, engine_of
from credpool.rules.given import checked_url

LIMIT: Final = 5.0
"""How many seconds one message may take, and a process that ends waits for the last one."""

MOST: Final = 100
"""How many messages wait, and how many events are remembered; what comes beyond is left out."""

_LOG: Final = logging.getLogger("credpool")


class Send(Protocol):
    """Tells one message, or raises; it has a time limit of its own."""

    def __call__(self, message: bytes, /) -> None:
        """Tell a message, a JSON object."""


class Failed(Exception):
    """A message could not be told; the text says why, and shows no address and no output."""


class Command:
    """Run a program, without a shell: the message is its standard input, `{text}` its line for people."""

    def __init__(self, *words: str, limit: float = LIMIT) -> None:
        """Take a program and its arguments; it is stopped at the time limit, in seconds."""
        if not words:
            raise BadInput("there is no command; give a program and its arguments, as texts")
        self._words, self._limit = words, limit

    def __repr__(self) -> str:
        return f"<Command {os.path.basename(self._words[0])}>"  # noqa: PTH119  a text, not a place

    def __call__(self, message: bytes) -> None:
        """Run the program, and everything that it starts, for no longer than the limit."""
        text = str(json.loads(message)["text"])
        words = [word.replace("{text}", text) for word in self._words]
        pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            ran = subprocess.Popen(  # noqa: S603  the operator's own program
                words, stdin=subprocess.PIPE, start_new_session=True, **pipes
            )
        except (OSError, ValueError) as err:
            raise Failed(f"it cannot be run: {type(err).__name__}") from None
        try:
            ran.communicate(message + b"\n", timeout=self._limit)
        except subprocess.TimeoutExpired:
            _stop(ran)
            raise Failed("it took too long, and was stopped") from None
        if ran.returncode:
            raise Failed(f"it ended with code {ran.returncode}")


class Webhook:
    """Post a message to a web address; redirects are not followed."""

    def __init__(self, url: str, *, limit: float = LIMIT) -> None:
        """Take an address, which may hold a secret; each step of a request has the time limit.

        Raises:
            BadInput: nothing can be posted there.
        """
        checked = checked_url("address", url)
        if checked is None:
            raise BadInput("there is no address; write it whole, as in https://example.com/hook")
        self._url, self._limit = Secret(checked), limit
        self._open = build_opener(_Stay).open

    def __repr__(self) -> str:
        return "<Webhook ***>"

    def __call__(self, message: bytes) -> None:
        """Post the message as JSON."""
        headers = {"content-type": "application/json"}
        request = Request(self._url.reveal(), message, headers)  # noqa: S310  http or https
        try:
            self._open(request, timeout=self._limit).close()
        except HTTPError as err:
            err.close()
            raise Failed(f"status {err.code}") from None
        except (OSError, ValueError) as err:
            raise Failed(type(err).__name__) from None


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Let a redirect be an error."""


@dataclass(slots=True)
class _Outbox:
    """The messages that wait in one process, and those that were told lately."""

    lock: Lock = field(default_factory=Lock)
    idle: Flag = field(default_factory=Flag)
    waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=MOST))
    told: dict[tuple[object, ...], float] = field(default_factory=dict)
    left_out: int = 0
    busy: bool = False
    complained: bool = False

    def start(self, tell: Callable[["_Outbox"], None]) -> None:
        """Tell what waits, in a thread that ends with it."""
        Thread(target=tell, args=(self,), name="credpool-sink", daemon=True).start()


class Sink:
    """A listener that tells what it hears of a pool elsewhere: rate-limited, and never an error."""

    def __init__(
        self,
        pool: Pool,
        send: Send,
        *,
        events: Collection[str] | None = None,
        every: float = QUIET,
        clock: Clock | None = None,
    ) -> None:
        """Tell somebody.

        Args:
            pool: whose events they are.
            send: tells one message; a `Command`, a `Webhook` or a function.
            events: the names of those that are told; what the log has as a warning if not given.
            every: for how many seconds the same event of the same entry is not told again.
            clock: where the time comes from.

        Raises:
            BadInput: an event is unknown.
        """
        if events is not None and not EVENTS.issuperset(events):
            raise BadInput(f"an event is unknown; known are {', '.join(sorted(EVENTS))}")
        self._engine, self._send, self._every = engine_of(pool), send, every
        self._events = None if events is None else frozenset(events)
        self._clock = clock or SystemClock()
        self._own = PerProcess(_Outbox)
        watch(self)

    def __call__(self, event: events.Event) -> None:
        """Let an event be told soon, unless it was told a short while ago."""
        now = self._clock.now()
        level, text = line(event, self._engine.known, now)
        if level < logging.WARNING if self._events is None else event.name not in self._events:
            return
        out, told = self._own.value, report_event(event)
        with out.lock:
            if self._repeats(out, told, now) or len(out.waiting) == MOST:
                out.left_out += 1
                return
            message = {"text": f"{event.pool}: {text}", "pool": event.pool, **told}
            out.waiting.append(json.dumps(message | {"left_out": out.left_out}).encode())
            out.left_out = 0
            if out.busy:
                return
            out.busy = True
            out.idle.clear()
        out.start(self._tell)

    def wait(self, limit: float = LIMIT) -> None:
        """Wait until everything is told, or for so many seconds."""
        out = self._own.value
        if out.busy:
            out.idle.wait(limit)

    def ended(self) -> None:
        """Wait a little for the last messages, as the process ends."""
        self.wait()

    def _repeats(self, out: _Outbox, told: Mapping[str, object], now: float) -> bool:
        """Whether the same was told a short while ago; what was is remembered."""
        names = ("event", "entry", "class", "model", "from", "to", "owner")
        key = tuple(told.get(name) for name in names)
        if 0 <= now - out.told.get(key, -self._every) < self._every:
            return True
        out.told.pop(key, None)
        out.told[key] = now
        while len(out.told) > MOST:
            out.told.pop(next(iter(out.told)))
        return False

    def _tell(self, out: _Outbox) -> None:
        """Tell what waits, until nothing does."""
        while True:
            with out.lock:
                if not out.waiting:
                    out.busy = False
                    out.idle.set()
                    return
                message = out.waiting.popleft()
            try:
                self._send(message)
            except Exception as err:  # noqa: BLE001  whatever it is, no call may hear of it
                self._complain(out, str(err) if isinstance(err, Failed) else type(err).__name__)
            else:
                out.complained = False

    def _complain(self, out: _Outbox, why: str) -> None:
        """Say once that a message could not be told; what waits behind it is left out."""
        with out.lock:
            out.left_out += 1 + len(out.waiting)
            out.waiting.clear()
        if not out.complained:
            out.complained = True
            _LOG.warning("%s: %r was told nothing: %s", self._engine.key, self._send, why)


def attach(pool: Pool, notices: Sequence[Notice], clock: Clock | None) -> None:
    """Let those whom a configuration names be told of a pool, and of what is wrong as it opens."""
    for notice in notices:
        send: Send = Webhook(notice.webhook) if notice.webhook else Command(*notice.command)
        sink = Sink(pool, send, events=notice.events, every=notice.every, clock=clock)
        pool.listen(sink)
        for event in opened(pool.state):  # which nobody could hear of while it was opened
            sink(replace(event, pool=pool.key))


def _stop(ran: "subprocess.Popen[bytes]") -> None:
    """End a program, and with it all that it has started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(ran.pid, signal.SIGKILL)
        else:
            ran.kill()
    ran.communicate()
