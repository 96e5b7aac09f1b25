"""The observations of a phase: facts from the wire first, then the testee's words.

Only data, which a testee's messages are read into once; `scenario_run` collects it and `judge` compares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from credpool_conformance.json_values import Json, fields, items, number, text
from credpool_conformance.provider.requests import Seen
from credpool_conformance.scenarios.scenario import Call
from credpool_conformance.testee.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request that a call made, by the pool's own account; without a failure it told no class."""

    entry: str
    failure: str | None
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that the pool told, with all its fields, known or not."""

    name: str
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Why an entry is out, and until when; null where that is not told."""

    failure: str | None = None
    until: float | None = None

    @classmethod
    def read(cls, raw: Mapping[str, Json]) -> Self:
        """Read it from a message."""
        return cls(failure=text(raw.get("class")) or None, until=number(raw.get("until")))

    def is_over(self, now: float) -> bool:
        """Tell whether its end has come."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """The pool's account of why no entry is left."""

    returns_at: float | None
    entries: Mapping[str, Cooldown]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call ended, or what it has so far; nothing where no call was made."""

    outcome: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()
    exhausted: Exhausted | None = None

    @classmethod
    def read(cls, raw: Mapping[str, Json]) -> Self:
        """Read it from the reply to a `call`; the names of headers are in lower case from here on."""
        status, attempts = raw.get("status"), map(fields, items(raw.get("attempts")))
        return cls(
            outcome=str(raw.get("outcome")),
            status=status if isinstance(status, int) else None,
            headers={k.lower(): text(value) for k, value in fields(raw.get("headers")).items()},
            body=text(raw.get("body")),
            error=text(raw.get("error")),
            attempts=tuple(map(_attempt, attempts)),
            events=tuple(_event(fields(event)) for event in items(raw.get("events"))),
            exhausted=_exhausted(raw.get("exhausted")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryState:
    """The state of one entry, as the pool tells it."""

    id: str
    status: str
    cooldown: Cooldown
    models: Mapping[str, Cooldown]
    request_count: float | None
    label: str | None
    source: str
    disabled: bool
    unusable: bool

    @classmethod
    def read(cls, raw: Mapping[str, Json]) -> Self:
        """Read it from the reply to `inspect`."""
        label = raw.get("label")
        return cls(
            id=text(raw.get("id")),
            status=text(raw.get("status")),
            cooldown=Cooldown.read(raw),
            models={k: Cooldown.read(fields(m)) for k, m in fields(raw.get("models")).items()},
            request_count=number(raw.get("request_count")),
            label=label if isinstance(label, str) else None,
            source=text(raw.get("source")),
            disabled=raw.get("disabled") is True,
            unusable="why" in raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """The state of a pool, as it tells it itself."""

    entries: tuple[EntryState, ...]
    returns_at: float | None
    tells_return: bool

    @classmethod
    def read(cls, raw: Mapping[str, Json]) -> Self:
        """Read it from the reply to `inspect`."""
        return cls(
            entries=tuple(EntryState.read(fields(entry)) for entry in items(raw.get("entries"))),
            returns_at=number(raw.get("returns_at")),
            tells_return="returns_at" in raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRequest:
    """The request that a caller makes through the pool."""

    method: str = "POST"
    path: str
    headers: Mapping[str, str]
    body: Json
    stream: bool
    follow_redirects: bool
    session: str | None = None

    @property
    def message(self) -> dict[str, Json]:
        """Write it for a `call`."""
        return {
            "method": self.method,
            "path": self.path,
            "headers": {**self.headers},
            "body": self.body,
            "stream": self.stream,
            "follow_redirects": self.follow_redirects,
            **({"session": self.session} if self.session else {}),
        }


@dataclass(slots=True, kw_only=True)
class Progress:
    """A call, from its first request to its end; it may span several phases.

    `before` counts its requests before the current phase.
    """

    call: Call
    session: Session
    seq: int
    request: CallerRequest | None
    """Null where a person logs in, who makes none."""
    streaming: bool = False
    waiting: bool = False
    done: bool = False
    requests: list[Seen] = field(default_factory=list)
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The whole visible outcome of one phase."""

    number: int
    now: float = 0.0
    wire: tuple[Seen, ...] = ()
    waits: tuple[float, ...] = ()
    outcome: str | None = None
    result: CallResult = field(default_factory=CallResult)
    progress: Progress | None = None
    state: PoolState | None = None
    stored: tuple[Json, Json] | None = None
    file_faults: tuple[str, ...] = ()
    message: str = ""
    listing: Mapping[str, Json] | None = None
    """A document of the specification's own schema, by which it is judged as it stands."""
    login_faults: tuple[str, ...] = ()
    note: str | None = None


def _attempt(raw: Mapping[str, Json]) -> Attempt:
    failure = text(raw.get("class")) or None
    return Attempt(entry=text(raw.get("entry")), failure=failure, action=text(raw.get("action")))


def _event(raw: Mapping[str, Json]) -> Event:
    more = {key: value for key, value in raw.items() if key != "event"}
    return Event(name=text(raw.get("event")), fields=more)


def _exhausted(raw: Json) -> Exhausted | None:
    if not isinstance(raw, dict):
        return None
    entries = {k: Cooldown.read(fields(why)) for k, why in fields(raw.get("entries")).items()}
    return Exhausted(returns_at=number(raw.get("returns_at")), entries=entries)
