"""A scenario: a situation, a script for the provider, and phases.

Format: `schemas/scenario.schema.json`.  Reading the files is `loader`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from credpool_conformance.json_values import Json

MAIN: Final = "main"
"""The process in which everything happens that is not said to happen elsewhere."""


class Origin(Enum):
    """The two hosts that the mock provider plays."""

    MAIN = "main"
    OTHER = "other"


class Redirect(Enum):
    """Where a scripted 307 points."""

    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A credential of the pool under test."""

    id: str
    label: str
    auth_type: str
    priority: int
    owner: str | None = None
    payer: str | None = None
    serves: tuple[str, ...] = ()
    """The models that it is for; none: all."""
    claims: Mapping[str, Json] = field(default_factory=dict)
    refreshable: bool = False
    expires_in: float | None = None
    same_secret_as: str | None = None
    origin: Origin = Origin.MAIN
    has_secret: bool = True
    secret_as: str = "$secret"  # noqa: S105 (a form)
    """How the secret is given, `$secret` being what the mock knows it by."""
    base_url: str | None = None
    source: str | None = None
    """Where the testee is to find it by itself; it is then not given."""

    @property
    def secret_id(self) -> str:
        """The entry by whose secret the mock knows this one."""
        return self.same_secret_as or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The pool that a scenario begins with."""

    provider: str
    entries: tuple[Entry, ...]
    strategy: str | None = None
    policy: Mapping[str, Json] = field(default_factory=dict)
    randoms: tuple[float, ...] = ()
    store: Json = None
    store_mode: str | None = None
    store_is_link: bool = False
    lock_timeout: float | None = None
    processes: tuple[str, ...] = (MAIN,)
    key: str | None = None
    environment: Mapping[str, Json] | None = None
    home: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted reply; its placeholders are filled in when it is sent."""

    name: str
    status: int
    headers: Mapping[str, Json]
    body: Json
    pad: int = 0
    stream: tuple[str, ...] = ()
    hold: str | None = None
    redirect: Redirect | None = None
    drop: bool = False
    always: bool = False
    calendar: bool = False
    """Whether its hint is a place in the calendar, such as the end of the month."""
    source: str = ""
    """The file and line that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Send a request through the pool."""

    name: str
    model: str
    stream: bool
    follow_redirects: bool
    placeholder: bool | str
    headers: Mapping[str, str]
    path: str | None = None
    query: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Let a person log in: with `name` the new entry is known, `entry` is to be logged in again."""

    name: str
    flow: str
    entry: str | None
    answer: str

    @property
    def client_id(self) -> str:
        """The operator's own client, another one for each login."""
        return f"client-of-{self.name}"


@dataclass(frozen=True, slots=True)
class Release:
    """Let a held reply go."""

    hold: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Read the rest of a stream."""

    call: str


@dataclass(frozen=True, slots=True)
class Close:
    """Read no further in a stream."""

    call: str


@dataclass(frozen=True, slots=True)
class Write:
    """Let another program write the file in which the pool is kept."""

    content: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Manage:
    """Let an operator do something to the pool; `newcomer` is the entry that is added."""

    verb: str
    arguments: Mapping[str, Json]
    newcomer: Entry | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Let other tools write files of the home; null removes one."""

    files: Mapping[str, Json]


class Plain(Enum):
    """The actions without particulars; `LOOK` is inspection, which follows every phase anyway.

    `CRASH` ends a process without warning, and starts another on the same store.
    """

    LOOK = "inspect"
    RESTART = "restart"
    CRASH = "crash"
    CONFIGURE = "configure"
    LOCK = "lock"
    UNLOCK = "unlock"


Action: TypeAlias = Call | Login | Release | Resume | Close | Write | Rewrite | Manage | Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """When a call is made that shows what nobody tells: how long an entry is out.

    The moment counts from the beginning of the last phase that was written down if it is `early`, for
    the cooldown may have begun there, and else from its end.
    """

    at: float
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The whole visible outcome of a phase, part by part; null where nothing is said of a part.

    The parts are JSON, because each may leave room in the language of `match`.
    """

    attempts: Json = None
    wire: Json = None
    waits: Json = None
    outcome: Json = None
    reply: Json = None
    headers: Mapping[str, Json] = field(default_factory=dict)
    exhausted: Json = None
    events: Json = None
    state: Json = None
    store: Json = None
    sent: Mapping[str, Json] = field(default_factory=dict)
    counts: Mapping[str, Json] = field(default_factory=dict)
    labels: Mapping[str, Json] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    listing: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One thing that happens, and the whole visible outcome of it."""

    advance: float
    action: Action
    expect: Expected
    process: str = MAIN
    back: Back | None = None
    """Set where the suite asks by itself (`coming_back`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One check."""

    id: str
    title: str
    chapter: str
    verifies: tuple[str, ...]
    features: tuple[str, ...]
    consequence: str
    given: Given
    upstream: Mapping[str, tuple[Reply, ...]]
    phases: tuple[Phase, ...]
    path: str
    line: int
    decides: tuple[str, ...] = ()
    """Kinds of difference that decide what is verified here, besides those of the table."""
    uses: tuple[str, ...] = ()
    """Requirements that the script needs on its way and does not verify, by their ids."""
    still: bool = False
    """Whether no time may pass between one thing and the next."""

    @property
    def ids(self) -> tuple[str, ...]:
        """List the ids of what is verified."""
        return tuple(reference.partition("+")[0] for reference in self.verifies)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """List all the entries there are at any time: the given ones, and those that are added."""
        actions = [phase.action for phase in self.phases]
        added = [action.newcomer for action in actions if isinstance(action, Manage)]
        return (*self.given.entries, *(entry for entry in added if entry is not None))
