"""Messages that can arrive while a call is under way, and the inbox for them.

The runner waits for these and for nothing else: there is no sleeping and no polling.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeAlias

from credpool_conformance.json_values import Json

Message: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Said:
    """The testee wrote a message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Broke:
    """The testee can say nothing more: it ended, or what it wrote is no message."""

    what: str


@dataclass(frozen=True, slots=True)
class Held:
    """A request has reached the mock, which holds the reply to it."""

    hold: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Somebody reads on in a stream whose rest is not there yet."""


@dataclass(frozen=True, slots=True)
class Ranaway:
    """More requests have arrived than any rule could ask for."""

    requests: int


Event: TypeAlias = Said | Broke | Held | Parked | Ranaway
Deliver: TypeAlias = Callable[[Event], None]


class Inbox:
    """A queue of events that threads fill and the runner empties."""

    def __init__(self) -> None:
        """Begin empty."""
        self._queue: SimpleQueue[Event] = SimpleQueue()

    def deliver(self, event: Event) -> None:
        """Put an event in; any thread may."""
        self._queue.put(event)

    def take(self, seconds: float) -> Event | None:
        """Wait for the next event, at most this long on the wall clock."""
        try:
            return self._queue.get(timeout=max(seconds, 0))
        except Empty:
            return None
