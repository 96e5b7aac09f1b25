"""One testee, from `hello` to `stop`: commands go out, replies come back in any order.

It is started again after a fault, so that one crash costs one check.
It judges nothing; what breaks the protocol becomes a HarnessError.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from time import monotonic
from types import MappingProxyType
from typing import Final

from credpool_conformance import PROTOCOL_VERSION
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.inbox import Broke, Deliver, Event, Held, Inbox, Message, Said
from credpool_conformance.scenarios.profile import Profile, profile
from credpool_conformance.testee.connectors import Connector
from credpool_conformance.testee.protocol import check, excerpt

STREAM_GRACE: Final = 3.0
_MOST_STARTS: Final = 3
START_UP: Final = 60.0
"""Seconds in which a testee must have answered `hello`; it may import as much as it likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The testee's own description."""

    name: str
    version: str
    language: str
    spec: str
    features: frozenset[str]
    clock: str
    raw: Message

    @property
    def profile(self) -> Profile:
        """The pool's own description."""
        return profile(self.raw)


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked reply: its kind, and what it says."""

    kind: str
    content: Json


class Session:
    """The conversation with one testee."""

    def __init__(
        self,
        connector: Connector,
        timeout: float,
        grace: float | None = None,
        numbers: Iterator[int] | None = None,
        needs: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        """Begin without a process; `grace` is how long the rest of a stream is not asked for.

        `needs` says which features must be declared with which.
        """
        self.manifest: Manifest | None = None
        self.grace = STREAM_GRACE if grace is None else grace
        self._connector = connector
        self._timeout = timeout
        self._needs = needs
        self._inbox = Inbox()
        self._running = False
        self._numbers = numbers or count(1)
        self._peers: dict[str, Session] = {}
        self._last_words = ""
        self._asked: dict[int, str] = {}
        self._early: dict[int, Message] = {}
        self._said: list[str] = []
        self._failed_starts = 0
        self._why_not = ""

    @property
    def deliver(self) -> Deliver:
        """Where the mock reports what happens; it changes with each start."""
        return self._inbox.deliver

    def peer(self, name: str) -> "Session":
        """Return the session of another process of this testee; it is closed with this one."""
        if name not in self._peers:
            connector = self._connector.peer()
            own = (self._timeout, self.grace, self._numbers, self._needs)
            self._peers[name] = Session(connector, *own)
        return self._peers[name]

    def ensure(self) -> Manifest:
        """Start the testee unless it runs.

        Raises: HarnessError when it cannot be started or does not introduce itself.
        """
        if self._running and self.manifest is not None:
            return self.manifest
        if self._failed_starts >= _MOST_STARTS:
            what = f"the testee failed to start {_MOST_STARTS} times, and is not tried again"
            raise HarnessError(f"{what}: {self._why_not}")
        self._failed_starts += 1
        self._inbox = Inbox()
        self._asked, self._early = {}, {}
        try:
            self._connector.start(self._inbox.deliver)
            self._running = True
            answer = self._introduce()
            manifest = _manifest(answer.content)
            _check_needs(manifest.features, self._needs)
            self.manifest = manifest
        except HarnessError as error:
            self._why_not = error.what
            raise
        self._failed_starts = 0
        return self.manifest

    def _introduce(self) -> Answer:
        """Say hello, and wait as long as a start may take."""
        seq = self.send("hello", protocol=PROTOCOL_VERSION)
        limit = max(START_UP, self._timeout)
        while not isinstance(found := self.next(seq, limit), Answer):
            if found is None:
                raise HarnessError(f"no reply to hello within {limit:g} s")
        return found

    def ask(self, command: str, **arguments: Json) -> Answer:
        """Send a command and wait for the reply to it.

        Raises: HarnessError when the reply does not come or does not fit.
        """
        seq, held = self.send(command, **arguments), ""
        try:
            while not isinstance(found := self.next(seq), Answer):
                if isinstance(found, Held):
                    held = f", and a request of the testee waits for the reply {found.hold!r}"
        except HarnessError as error:
            raise HarnessError(error.what + held) from error
        return found

    def send(self, command: str, **arguments: Json) -> int:
        """Send a command, and tell the number by which its reply is known.

        Raises: HarnessError when it cannot be sent.
        """
        seq = next(self._numbers)
        self._asked[seq] = command
        self._connector.send({"cmd": command, "seq": seq, **arguments})
        return seq

    def next(self, seq: int, seconds: float | None = None) -> Answer | Event | None:
        """Wait for the reply to a command, or for an event of the mock's, whichever is first.

        With `seconds`, None means that nothing came; without, that is a fault.

        Raises: HarnessError when the testee breaks the protocol.
        """
        deadline = monotonic() + (self._timeout if seconds is None else seconds)
        while True:
            if seq in self._early:
                return self._answer(seq, self._early.pop(seq))
            event = self._inbox.take(deadline - monotonic())
            match event:
                case None if seconds is not None:
                    return None
                case None:
                    what = f"no reply to {self._asked[seq]} within {self._timeout:g} s"
                    raise HarnessError(what)
                case Broke(what):
                    raise HarnessError(what)
                case Said(message):
                    self._sort_in(message)
                case _:
                    return event

    def output(self) -> str:
        """Take what the testee wrote besides its messages, in all its processes."""
        words, self._last_words = self._last_words + self._connector.output(), ""
        return words + "".join(peer.output() for peer in self._peers.values())

    def said(self) -> list[str]:
        """Take all messages since this was last asked, as text."""
        said, self._said = self._said, []
        return said + [message for peer in self._peers.values() for message in peer.said()]

    def crash(self) -> None:
        """Kill the testee without warning."""
        self._running = False
        self._last_words += self._connector.output()
        self._connector.crash()

    def abandon(self) -> str:
        """End a testee that has broken the protocol, and return its last words."""
        self._running = False
        self._connector.kill()
        words, self._last_words = self._last_words + self._connector.output(), ""
        return words + "".join(peer.abandon() for peer in self._peers.values())

    def close(self) -> None:
        """Say stop, and end the testee."""
        for peer in self._peers.values():
            peer.close()
        if self._running:
            try:
                self.ask("stop")
            except HarnessError:
                self._connector.kill()
        self._running = False
        self._connector.stop()

    def _sort_in(self, message: Message) -> None:
        seq = message.get("seq")
        if not isinstance(seq, int) or seq not in self._asked or seq in self._early:
            raise HarnessError(f"a reply that nobody asked for: {excerpt(str(dict(message)))}")
        self._said.append(json.dumps(message, ensure_ascii=False))
        self._early[seq] = message

    def _answer(self, seq: int, message: Message) -> Answer:
        kind = check(self._asked.pop(seq), message)
        return Answer(kind, message[kind])


def _manifest(content: Json) -> Manifest:
    raw = fields(content)
    if raw.get("protocol") != PROTOCOL_VERSION:
        theirs = raw.get("protocol")
        raise HarnessError(f"the testee speaks protocol {theirs}, the suite {PROTOCOL_VERSION}")
    return Manifest(
        name=text(raw.get("name")),
        version=text(raw.get("version")),
        language=text(raw.get("language")),
        spec=text(raw.get("spec")),
        features=frozenset(text(name) for name in items(raw.get("features"))) | {"core"},
        clock=text(raw.get("clock")),
        raw=raw,
    )


def _check_needs(declared: frozenset[str], needs: Mapping[str, frozenset[str]]) -> None:
    """Refuse a feature without those it needs.

    Raises: HarnessError with the one, the others, and what to declare.
    """
    for name in sorted(declared):
        missing = sorted(needs.get(name, frozenset()) - declared)
        if missing:
            what = f"the testee declares the feature {name} without {' and '.join(missing)}"
            fix = f"declare {', '.join(missing)} too, or leave {name} out"
            raise HarnessError(f"{what}, which it needs: {fix} (see the table of features)")
