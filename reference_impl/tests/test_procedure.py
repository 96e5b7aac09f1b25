"""Random calls through a client: their steps follow one another as the specification numbers them.

What may follow what is in `spec/tables/procedure.yaml`. The steps are told by what can be seen: the
choices and decisions that a pool is asked for, the requests that the client gets, and their replies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import httpx2
import yaml

from credpool import AuthType, Pool, PoolExhausted
from credpool._engine.engine import Engine
from credpool._engine.leases import Lease
from credpool.clock import Why
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Cooldown, Entry
from credpool.model.messages import (
    AwaitClaim,
    Claimed,
    Decision,
    Exchange,
    Failed,
    GiveUp,
    Message,
    Refresh,
    Resumed,
    Send,
    Started,
    Wait,
)
from credpool.model.recovery import RECOVERY, Step
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.stores import MemoryStore
from credpool.testing import FakeClock, FakeProvider, FakeReply, FakeRequest

TABLE: Final = Path(__file__).parents[2] / "spec/tables/procedure.yaml"
WORLDS, CALLS = 150, 5
START: Final = 1_800_000_000.0
URL: Final = "https://api.openai.com/v1/chat/completions"
ERRORS: Final = (
    *[(429, {"error": {"code": "rate_limit_exceeded", "message": "Rate limit reached"}})] * 3,
    (429, {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}),
    (401, {"error": {"code": "invalid_api_key", "message": "Incorrect API key provided"}}),
    (403, {"error": {"message": "no"}}),
    (503, {"error": {"message": "overloaded"}}),
)

Pair = tuple[str, str]


def numbered() -> set[Pair]:
    """Return which step can follow which, by the specification."""
    steps = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["steps"]
    return {(step["step"], after) for step in steps for after in step["next"]}


def test_every_step_follows_as_numbered() -> None:
    """No call goes from one step to another but as the specification says."""
    assert observed() - numbered() == set()


def test_every_order_that_is_numbered_happens() -> None:
    """Each way from one step to the next is taken by some call."""
    assert numbered() - observed() == set()


@cache
def observed() -> frozenset[Pair]:
    """Return every two steps of a call that followed one another."""
    dice = Random(1)  # noqa: S311 (to be repeated)
    with TokenEndpoint(dice) as endpoint:
        return frozenset(pair for _ in range(WORLDS) for pair in _world(dice, endpoint.url))


def _world(dice: Random, url: str) -> Iterator[Pair]:
    """Yield what follows what in the calls of one pool."""
    clock = Clock(dice)
    entries = tuple(_entries(dice, url))
    state = PoolState(key="openai", provider="openai", entries=entries)
    pool = Pool(MemoryStore(state), clock=clock)
    watched = pool._engine = Watched(MemoryStore(state), clock)  # noqa: SLF001
    clock.pool = watched
    for _ in range(CALLS):
        watched.trace = ["begin"]
        _call(pool, watched, dice)
        yield from pairwise([*watched.trace, "end"])
        clock.advance(dice.choice([0.0, 0.0, 40.0, 100.0, 4000.0]))
        if dice.random() < 0.3:
            pool.reset()


def _entries(dice: Random, url: str) -> list[Entry]:
    keys = [Entry(id=EntryId(n), secret=Secret(f"sk-{n}")) for n in "ab"[: dice.choice([1, 2])]]
    login = Entry(
        id=EntryId("login"),
        auth_type=AuthType.OAUTH,
        secret=Secret("at-0"),
        refresh_token=Secret("rt-0"),
        token_url=f"{url}/token",
        expires_at=START + dice.choice([33.0, 100.0]),
        refresh_failed_at=START if dice.random() < 0.5 else None,
    )
    return dice.choice([[login, *keys], [*keys, login], [login]])


def _call(pool: Pool, watched: "Watched", dice: Random) -> None:
    """Make one call, as a client would: take a request, give it a reply, until there is no more."""
    asked = httpx2.Request("POST", URL, json={"model": "gpt-5"})
    flow = PoolAuth(pool).sync_auth_flow(asked)
    try:
        sent = next(flow)
        while True:
            watched.trace.append("send")
            sent = (
                flow.send(_reply(watched, dice, sent))
                if dice.random() < 0.95
                else _broken(watched, flow)
            )
    except (StopIteration, PoolExhausted, httpx2.ConnectError):
        return


def _reply(watched: "Watched", dice: Random, sent: httpx2.Request) -> httpx2.Response:
    if dice.random() < 0.3:
        watched.trace.append("success")
        return httpx2.Response(200, request=sent, json={})
    status, body = dice.choice(ERRORS)
    hint = {"retry-after": "5"} if dice.random() < 0.6 else {}
    return httpx2.Response(status, request=sent, json=body, headers=hint)


def _broken(watched: "Watched", flow: "Iterator[httpx2.Request]") -> httpx2.Request:
    watched.trace.append("no-reply")
    return flow.throw(httpx2.ConnectError("refused"))  # type: ignore[attr-defined]


class Clock(FakeClock):
    """A clock whose waits are noted, and during which something can happen to the pool."""

    def __init__(self, dice: Random) -> None:
        super().__init__(START)
        self._dice = dice
        self.pool: Watched | None = None

    def sleep(self, until: float, why: Why, /) -> None:
        """Be at that moment; somebody else may have taken an entry out meanwhile."""
        super().sleep(until, why)
        assert self.pool is not None
        self.pool.trace.append("wait")
        if self._dice.random() < 0.3:
            self.pool.interfere(self.now())


class TokenEndpoint(FakeProvider):
    """A token endpoint that refuses now and then, and gives tokens of any life."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self._dice, self._serial = dice, 0

    def answer(self, _request: FakeRequest, /) -> FakeReply:
        """Answer one request for tokens."""
        status = self._dice.choice([200, 200, 200, 503, 503, 400])
        if status != 200:
            return FakeReply.json({"error": "invalid_grant"}, status=status)
        self._serial += 1
        tokens = {"access_token": f"at-{self._serial}", "refresh_token": f"rt-{self._serial}"}
        return FakeReply.json({**tokens, "expires_in": self._dice.choice([20, 33, 110, 3600])})


@dataclass
class _Renewing:
    """Whether a call is at a refresh, and whether it has waited for one."""

    entry: EntryId | None = None
    waited: bool = field(default=False)


class Watched(Engine):
    """An engine that writes down the steps of the one call that uses it."""

    trace: list[str]
    _at: _Renewing

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self.trace, self._at = [], _Renewing()
        super().__init__(store, clock, lambda: 0.0, lambda _: None, None)

    def interfere(self, now: float) -> None:
        """Take out whatever entry comes first, as another call would."""
        out = Cooldown(failure=FailureClass.OUT_OF_CREDIT, since=now, until=now + 5000)
        self.change(lambda s: s.change({s.entries[0].id: replace(s.entries[0], cooldown=out)}))

    def choose(
        self, model: Callable[[], str | None], now: float, home: EntryId | None = None
    ) -> Entry | None:
        """Choose, and note that this was done."""
        self.trace.append("select")
        return super().choose(model, now, home)

    def apply(self, event: Message, lease: Lease | None = None) -> Decision:
        """Decide, and note the steps that this shows."""
        made = super().apply(event, lease)
        if isinstance(event, Resumed | Claimed) and self.trace[-1] == "wait":
            self.trace.pop()  # whoever waited looks again now
        self.trace += self._steps(event, made)
        return made

    def _steps(self, event: Message, made: Decision) -> list[str]:
        match event:
            case Started():
                return ["nobody-left"] if made.call.probe or isinstance(made.action, GiveUp) else []
            case Failed():
                return ["failure", *_after_failure(made)]
            case Resumed(entry=entry):
                return ["look-again", *_elsewhere(entry, made)]
            case Claimed(entry=entry):
                return self._claimed(entry, made)
            case _:
                return []

    def _claimed(self, entry: EntryId, made: Decision) -> list[str]:
        """Return the steps of a refresh; it begins with the first claim."""
        begun = [] if self._at.entry == entry else ["refresh"]
        if isinstance(made.action, Exchange | AwaitClaim):
            self._at = _Renewing(entry, waited=True)
            return begun
        waited, self._at = self._at.waited, _Renewing()
        gone = _elsewhere(entry, made)
        return [*begun, *(["look-again"] if waited or gone else []), *gone]


def _after_failure(made: Decision) -> list[str]:
    """Return where a failure leads, when that is another selection."""
    attempt = made.call.attempts[-1]
    assert attempt.failure is not None
    if attempt.step in (Step.ROTATE, Step.TRY_NEXT):
        return ["select"]
    ends = RECOVERY[attempt.failure].step is Step.DELIVER or made.call.probe
    return ["select", "nobody-left"] if attempt.step is Step.DELIVER and not ends else []


def _elsewhere(entry: EntryId, made: Decision) -> list[str]:
    """Return the steps of a call that cannot go on with the entry."""
    match made.action:
        case Send(Entry(id=one)) | Wait(Entry(id=one)) | Refresh(Entry(id=one)):
            return [] if one == entry else ["select"]
        case _:
            return ["select", "nobody-left"]
