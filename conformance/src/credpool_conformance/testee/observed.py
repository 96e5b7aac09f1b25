"""The observations of a phase: facts from the wire first, then the testee's words.

Only data; `scenario_run` collects it and `judge` compares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import Seen
from credpool_conformance.scenarios.scenario import Call
from credpool_conformance.testee.session import Session


@dataclass(slots=True, kw_only=True)
class Progress:
    """A call, from its first request to its end; it may span several phases.

    `before` counts its requests before the current phase.
    """

    call: Call
    session: Session
    seq: int
    request: Mapping[str, Json]
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
    result: Mapping[str, Json] = field(default_factory=dict)
    progress: Progress | None = None
    state: Mapping[str, Json] = field(default_factory=dict)
    stored: tuple[Json, Json] | None = None
    file_faults: tuple[str, ...] = ()
    message: str = ""
    listing: Mapping[str, Json] | None = None
    login_faults: tuple[str, ...] = ()
    note: str | None = None
