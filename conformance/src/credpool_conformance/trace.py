"""The story of a scenario for people: phases, requests, replies, and the clock.

Entries are named by their ids, so a trace never holds a secret.
"""

import threading
from typing import Final

from credpool_conformance.clock import Clock

_SHOWN: Final = 30


class Trace:
    """Lines in the order in which things happened."""

    def __init__(self, clock: Clock) -> None:
        """Begin without lines."""
        self._clock = clock
        self._lines: list[str] = []
        self._lock = threading.Lock()

    @property
    def lines(self) -> tuple[str, ...]:
        """What happened, the middle left out when it was too much."""
        with self._lock:
            lines = tuple(self._lines)
        left_out = len(lines) - 2 * _SHOWN
        if left_out <= 0:
            return lines
        return (*lines[:_SHOWN], f"… {left_out} lines left out", *lines[-_SHOWN:])

    def phase(self, number: int, what: str) -> None:
        """Note the beginning of a phase."""
        self._add(f"phase {number}: {what}")

    def request(self, item: str, method: str, path: str) -> None:
        """Note a request that reached the mock; a query may hold a secret and is left out."""
        self._add(f"→ {method} {path.partition('?')[0]} [{item}]")

    def reply(self, name: str, status: int, *, drop: bool) -> None:
        """Note what the mock answered."""
        self._add(f"← connection dropped ({name})" if drop else f"← {status} ({name})")

    def held(self, hold: str) -> None:
        """Note that the mock keeps a reply back."""
        self._add(f"… reply held as {hold!r}")

    def waited(self, seconds: float, why: str) -> None:
        """Note that the testee asked to wait."""
        self._add(f"… waits {seconds:g} s ({why})")

    def result(self, call: str, outcome: str) -> None:
        """Note how a call ended, as the testee says."""
        self._add(f"= {call}: {outcome}")

    def _add(self, line: str) -> None:
        with self._lock:
            self._lines.append(f"+{self._clock.elapsed:<10.10g} {line}")
