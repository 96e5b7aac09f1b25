"""The mock provider: it plays a scenario's script and writes down what reached it.

It knows nothing of sockets: `loopback` and `intercept` bring the requests.
What it writes down is a fact; nothing that a testee says can change it.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.provider.canary import Canaries, Canary, Kind
from credpool_conformance.provider.inbox import Deliver, Held, Parked, Ranaway
from credpool_conformance.provider.requests import MOVED_PATH, Request, Seen, wire_item
from credpool_conformance.provider.trace import Trace
from credpool_conformance.scenarios.clock import Clock
from credpool_conformance.scenarios.scenario import Entry, Origin, Redirect, Reply
from credpool_conformance.scenarios.script import Sent, render

_MOST_REQUESTS: Final = 100
_MOST_FORSAKEN: Final = 8
_KINDS: Final = {"access": Kind.ACCESS, "refresh": Kind.REFRESH, "device": Kind.CODE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The mock's material for one scenario."""

    entries: Mapping[str, Entry]
    scripts: Mapping[str, tuple[Reply, ...]]
    canaries: Canaries
    clock: Clock
    trace: Trace
    deliver: Deliver
    healthy: Reply


class ConnectionCutError(Exception):
    """The reply ends here: the connection is to be closed without another word."""


class StoppedError(ConnectionCutError):
    """The sender has to be stopped: it asks without end, or has ended without noticing."""


class Mock:
    """One provider with two origins, reset for each scenario."""

    def __init__(self, urls: Mapping[Origin, str]) -> None:
        """Begin with nothing to play."""
        self.urls = urls
        self.seen: list[Seen] = []
        self._stage: Stage | None = None
        self._forsaken: deque[Canaries] = deque(maxlen=_MOST_FORSAKEN)
        self._scripts: dict[str, deque[Reply]] = {}
        self._latest: dict[str, Reply] = {}
        self._gates: dict[str, threading.Event] = {}
        self._cut: set[str] = set()
        self._stream_gate = threading.Event()
        self._over = False
        self._login = "-"
        self._lock = threading.Lock()

    def play(self, stage: Stage) -> None:
        """Begin a scenario."""
        if self._cut:
            self.forsake()  # whoever waited for such a reply in process may still try again
        with self._lock:
            self._stage = stage
            self._scripts = {key: deque(replies) for key, replies in stage.scripts.items()}
            self.seen = []
            self._latest = {}
            self._gates = {}
            self._cut = set()
            self._over = False
            self._stream_gate = threading.Event()
            self._stream_gate.set()

    def forsake(self) -> None:
        """Stop whoever still asks with a secret of this scenario: its testee is no more.

        A thread of a testee in process outlives it, and its requests are none of the next check.
        """
        if self._stage is not None:
            self._forsaken.append(self._stage.canaries)

    def heal(self) -> None:
        """Answer everybody well from here on."""
        with self._lock:
            self._scripts, self._latest = {}, {}

    def log_in(self, login: str) -> None:
        """Expect a login of this name: whoever asks for a device code is it."""
        self._login = login

    def close_streams(self) -> None:
        """Keep the rest of every stream back until `open_streams`."""
        self._stream_gate.clear()

    def open_streams(self) -> None:
        """Let the rest of every stream go."""
        self._stream_gate.set()

    def release(self, hold: str) -> bool:
        """Let a held reply go; tell whether a request was waiting for it."""
        with self._lock:
            gate = self._gates.get(hold)
        if gate is None or gate.is_set():
            return False
        gate.set()
        return True

    @property
    def held(self) -> tuple[str, ...]:
        """Name the replies that a request is waiting for."""
        with self._lock:
            return tuple(name for name, gate in self._gates.items() if not gate.is_set())

    def cut(self, hold: str) -> None:
        """Never let a held reply go: whoever waits for it is no more."""
        self._cut.add(hold)

    def release_all(self) -> None:
        """Let everything go, so that no thread is left waiting when a scenario is over."""
        self._stream_gate.set()
        with self._lock:
            self._over = True
            gates = list(self._gates.values())
        for gate in gates:
            gate.set()

    def receive(self, request: Request) -> Sent:
        """Take a request and find the reply to it, which may be held for a while.

        Raises: ConnectionCutError when the connection is to be closed without a reply.
        """
        stage = self._stage
        if stage is None:
            raise ConnectionCutError
        found = tuple(stage.canaries.find(request.texts()))
        if not found and any(left.find(request.texts()) for left in self._forsaken):
            raise StoppedError
        with self._lock:
            key = self._script_key(request, found, stage)
            reply = self._next(key) or self._again(key, stage)
            seen = _arrival(stage, request, found)
            if request.is_device:
                seen.item = f"device:{self._login}"
            self.seen.append(seen)
            arrived = len(self.seen)
            gate = self._gate(reply)
        if arrived >= _MOST_REQUESTS:
            stage.deliver(Ranaway(arrived))
            raise StoppedError
        if gate and reply.hold:
            stage.trace.held(reply.hold)
            stage.deliver(Held(reply.hold))
            gate.wait()
            if reply.hold in self._cut:
                raise StoppedError
        sent = self._answer(stage, seen, reply)
        if sent.drop and not sent.streamed:
            raise ConnectionCutError
        return sent

    def stray(self, host: str, request: Request) -> None:
        """Write down a request that was meant for somebody who has no part in the scenario."""
        stage = self._stage
        if stage is None:
            return
        found = tuple(stage.canaries.find(request.texts()))
        seen = _arrival(stage, request, found)
        seen.item = f"elsewhere:{host}"
        with self._lock:
            self.seen.append(seen)

    def chunks(self, sent: Sent) -> Iterator[bytes]:
        """Yield the body; of a stream, the rest only when it is due.

        Raises: ConnectionCutError when the stream breaks.
        """
        stage, gate = self._stage, self._stream_gate
        first, *rest = sent.chunks or (b"",)
        yield first
        if sent.streamed and not gate.is_set() and stage is not None:
            stage.deliver(Parked())
            gate.wait()
        yield from rest
        if sent.drop:
            raise ConnectionCutError

    def _script_key(self, request: Request, found: Iterable[Canary], stage: Stage) -> str:
        if request.is_device:
            return f"device:{self._login}"
        owner = next(
            (canary.owner for canary in found if canary.kind is not Kind.PLACEHOLDER), None
        )
        if request.is_token:
            return f"token:{owner or '-'}"
        entry = None if owner is None else stage.entries.get(owner)
        if owner and request.origin is (entry.origin if entry else Origin.MAIN):
            return owner
        return "other" if request.origin is Origin.OTHER else "-"

    def _next(self, key: str) -> Reply | None:
        script = self._scripts.get(key)
        if not script:
            return None
        self._latest[key] = reply = script[0] if script[0].always else script.popleft()
        return reply

    def _again(self, key: str, stage: Stage) -> Reply:
        """Answer more requests than scripted: as the last time, or as a healthy provider would."""
        latest = self._latest.get(key)
        if latest is not None and latest.redirect is None:
            return replace(latest, hold=None, name=f"{latest.name}, again")
        if key in stage.entries:
            return stage.healthy
        return _REFUSALS.get(key.partition(":")[0], _UNKNOWN)

    def _gate(self, reply: Reply) -> threading.Event | None:
        if reply.hold is None or self._over:
            return None
        return self._gates.setdefault(reply.hold, threading.Event())

    def _answer(self, stage: Stage, seen: Seen, reply: Reply) -> Sent:
        asks = self._login if seen.request.is_device else "-"
        owner = next((canary.owner for canary in seen.canaries), asks)
        location = _location(seen.request, reply, self.urls)
        seen.sent = sent = render(reply, stage.clock.now, _minter(stage, owner), location)
        stage.trace.reply(sent, reply.source)
        return sent


def _refusal(status: int, code: str) -> Reply:
    headers: Mapping[str, Json] = {"content-type": "application/json"}
    return Reply(name="nothing scripted", status=status, headers=headers, body={"error": code})


_UNKNOWN: Final = _refusal(401, "invalid_api_key")
_REFUSALS: Final = {
    "token": _refusal(400, "invalid_grant"),
    "device": _refusal(400, "invalid_grant"),
    "other": _refusal(404, "not_found"),
}


def _arrival(stage: Stage, request: Request, found: tuple[Canary, ...]) -> Seen:
    item = wire_item(request, found, stage.canaries)
    target = f"{request.method} {request.path}"
    stage.trace.request(item, target, request.headers, request.body)
    return Seen(item=item, at=stage.clock.now, request=request, canaries=found)


def _location(request: Request, reply: Reply | None, urls: Mapping[Origin, str]) -> str | None:
    if reply is None or reply.redirect is None:
        return None
    here, there = request.origin, _FOREIGN[request.origin]
    return urls[here if reply.redirect is Redirect.SAME else there] + MOVED_PATH


_FOREIGN: Final = {Origin.MAIN: Origin.OTHER, Origin.OTHER: Origin.MAIN}


def _minter(stage: Stage, owner: str) -> Callable[[str], str]:
    return lambda kind: stage.canaries.mint(owner, _KINDS[kind]).value
