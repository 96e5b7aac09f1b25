"""The trace of a scenario, for people: phases, requests, replies with their bodies, the clock.

A secret is never shown: its name stands in its place.  Spec: security.no-leak.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from credpool_conformance.scenarios.clock import Clock
from credpool_conformance.scenarios.script import Sent

Headers = Sequence[tuple[str, str]]

_FIRST: Final = 24
_LAST: Final = 8
_REQUEST_SHOWN: Final = 160
_REPLY_SHOWN: Final = 600
_VALUE_SHOWN: Final = 200
_HEADERS_SHOWN: Final = 16
# What every client sends, and what says nothing of a pool.
_COMMON: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "date"}
    | {"host", "server", "transfer-encoding", "user-agent"}
)


class Trace:
    """Events in their order, each a line with what belongs to it below."""

    def __init__(self, clock: Clock, hide: Callable[[str], str] = str) -> None:
        """Begin without events; `hide` takes the secrets out of a text."""
        self._clock = clock
        self._hide = hide
        self._events: list[list[str]] = []
        self._lock = threading.Lock()

    @property
    def lines(self) -> tuple[str, ...]:
        """The trace, without its middle when it is too long."""
        with self._lock:
            events = [*self._events]
        left_out = len(events) - _FIRST - _LAST
        if left_out > 0:
            events[_FIRST:-_LAST] = [[f"… {left_out} events left out"]]
        return tuple(line for event in events for line in event)

    def phase(self, number: int, what: str) -> None:
        """Note the beginning of a phase."""
        self._add(f"phase {number}: {what}")

    def request(self, item: str, target: str, headers: Headers, body: str) -> None:
        """Note a request that reached the mock."""
        what = [*self._headers(headers), *self._body(body, _REQUEST_SHOWN)]
        self._add(f"→ {self._plain(target, _VALUE_SHOWN)} [{item}]", what)

    def reply(self, sent: Sent, source: str) -> None:
        """Note what the mock answered, and where that is written."""
        name = f"({sent.name})" + (f" from {source}" if source else "")
        if sent.drop and not sent.streamed:
            self._add(f"← connection dropped {name}")
            return
        what = [*self._headers(sent.headers), *self._body(sent.body, _REPLY_SHOWN)]
        self._add(f"← {sent.status} {name}", what + ["connection dropped"] * sent.drop)

    def held(self, hold: str) -> None:
        """Note that the mock keeps a reply back."""
        self._add(f"… reply held as {hold!r}")

    def waited(self, seconds: float, why: str) -> None:
        """Note that the testee asked to wait."""
        self._add(f"… waits {seconds:g} s ({why})")

    def result(self, call: str, outcome: str) -> None:
        """Note how a call ended, as the testee says."""
        self._add(f"= {call}: {outcome}")

    def _headers(self, headers: Headers) -> Iterator[str]:
        uncommon = [(name, value) for name, value in headers if name.lower() not in _COMMON]
        for name, value in uncommon[:_HEADERS_SHOWN]:
            yield f"{name.lower()}: {self._plain(value, _VALUE_SHOWN)}"
        if len(uncommon) > _HEADERS_SHOWN:
            yield f"… {len(uncommon) - _HEADERS_SHOWN} more headers"

    def _body(self, body: str, shown: int) -> list[str]:
        return [line for line in self._plain(body, shown).split("\n") if line.strip()]

    def _plain(self, said: str, shown: int) -> str:
        # Hidden before it is cut: half a secret would no longer be known as one.
        hidden = self._hide(said).replace("\r\n", "\n")
        cut = hidden if len(hidden) <= shown else f"{hidden[:shown]}… ({len(hidden)} characters)"
        return cut if cut.isprintable() else "".join(_visible(character) for character in cut)

    def _add(self, line: str, below: Sequence[str] = ()) -> None:
        with self._lock:
            at = f"+{self._clock.elapsed:<10.10g}"
            self._events.append([f"{at} {line}", *(f"{'':{len(at)}}   {more}" for more in below)])


def _visible(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
