"""A refresh and the call that began it: whatever becomes of the one, the other comes to its end."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import anyio
import httpx2
import pytest

from credpool import AuthType, Entry, Pool, Secret, StoreError
from credpool._calls.call import ActiveCall
from credpool._calls.refresh import Renewal
from credpool.httpx2 import PoolAuth
from credpool.model.messages import AwaitClaim, Exchange
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.providers.grant import NoReply, TokenRequest
from credpool.providers.reply import Reply
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock, FakeProvider, FakeReply

GIVE_UP = 30
LOOPS = ("asyncio", "trio")
CANCELLATIONS = Path(__file__).parent / "programs" / "cancellations.py"
LOGIN = Entry(
    id=EntryId("a"),
    auth_type=AuthType.OAUTH,
    secret=Secret("made-up-old"),
    refresh_token=Secret("made-up-grant"),
    token_url="https://auth.example/token",
    expires_at=1.0,
)
GRANTED = Reply(
    200,
    {},
    json.dumps(
        {"access_token": "made-up-new", "refresh_token": "made-up-next", "expires_in": 3600}
    ).encode(),
)


@dataclass(slots=True)
class Endpoint:
    """A token endpoint that answers when it is let."""

    reply: Reply | NoReply = GRANTED
    asked: Event = field(default_factory=Event)
    go: Event = field(default_factory=Event)
    forms: list[dict[str, str]] = field(default_factory=list)

    def post(self, asked: TokenRequest, _within: float) -> Reply | NoReply:
        """Take a request, and answer it."""
        self.forms.append(asked.form)
        self.asked.set()
        assert self.go.wait(GIVE_UP)
        return self.reply


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Return a token endpoint that waits until it is let."""
    made = Endpoint()
    yield made
    made.go.set()


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that nobody waits for."""
    return FakeClock()


@pytest.fixture
def pool(clock: FakeClock) -> Pool:
    """Return a pool of a login whose token is over."""
    return Pool.from_entries("generic", (LOGIN,), clock=clock)


def saved(pool: Pool) -> Event:
    """Return what is set as soon as the pool has learnt what came of a refresh."""
    told = Event()
    pool.listen(lambda _: told.set())
    return told


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancelled_call_loses_no_tokens(loop: str, pool: Pool, endpoint: Endpoint) -> None:
    """The call is cancelled, its loop is closed, and only then the endpoint answers."""
    told, renewal = saved(pool), Renewal(engine_of(pool), post=endpoint.post)

    async def begun() -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(
                    renewal.run_async, ActiveCall(engine_of(pool), lambda: None), LOGIN
                )
                while not endpoint.asked.is_set():
                    await anyio.lowlevel.checkpoint()
                scope.cancel()

    anyio.run(begun, backend=loop)
    before = pool.state.entries[0]
    endpoint.go.set()

    assert told.wait(GIVE_UP)
    assert before.secret == Secret("made-up-old")
    stored = pool.state.entries[0]
    assert (stored.secret, stored.refresh_token, stored.claim) == (
        *(Secret("made-up-new"), Secret("made-up-next")),
        None,
    )
    assert len(endpoint.forms) == 1


def test_the_claim_outlasts_a_cancelled_call(pool: Pool, endpoint: Endpoint) -> None:
    """While the request is under way nobody else presents the refresh token."""
    renewal = Renewal(engine_of(pool), post=endpoint.post)

    async def timed_out() -> None:
        waiting = renewal.run_async(ActiveCall(engine_of(pool), lambda: None), LOGIN)
        task = asyncio.ensure_future(waiting)
        await asyncio.to_thread(endpoint.asked.wait, GIVE_UP)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(timed_out())

    assert isinstance(ActiveCall(engine_of(pool), lambda: None).claim(LOGIN), AwaitClaim)


@pytest.mark.parametrize("sent", [False, True], ids=["that never left", "without an answer"])
def test_a_request(sent: bool, pool: Pool, endpoint: Endpoint) -> None:  # noqa: FBT001  a case
    """Only one that may have spent the refresh token keeps the claim."""
    endpoint.reply = NoReply(sent)
    endpoint.go.set()

    Renewal(engine_of(pool), post=endpoint.post).run(
        ActiveCall(engine_of(pool), lambda: None), LOGIN
    )

    left = pool.state.entries[0]
    assert (left.claim is not None) == sent
    assert left.cooldown is not None
    assert left.cooldown.message == NoReply(sent).message


def test_listeners_see_the_context_of_the_call(pool: Pool, endpoint: Endpoint) -> None:
    """A trace goes on in the thread that refreshes."""
    trace, seen = ContextVar("trace", default="none"), list[str]()
    pool.listen(lambda _: seen.append(trace.get()))
    trace.set("the call's")
    endpoint.go.set()

    Renewal(engine_of(pool), post=endpoint.post).run(
        ActiveCall(engine_of(pool), lambda: None), LOGIN
    )

    assert seen == ["the call's"]


def test_tokens_that_cannot_be_saved_are_saved_by_the_next_call(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    """The thread has them, the call fails, and no second request is made."""
    store = JsonFileStore(tmp_path / "auth.json", "generic")
    pool = Pool(store, clock=FakeClock())
    engine_of(pool).change(
        lambda state: type(state)(key="generic", provider="generic", entries=(LOGIN,))
    )
    renewal = Renewal(engine_of(pool), post=_broken(tmp_path / "auth.json", endpoint))

    with pytest.raises(StoreError):
        renewal.run(ActiveCall(engine_of(pool), lambda: None), LOGIN)
    (tmp_path / "auth.json").write_bytes((tmp_path / "stored.json").read_bytes())
    renewal.run(ActiveCall(engine_of(pool), lambda: None), LOGIN)

    assert len(endpoint.forms) == 1
    assert pool.state.entries[0].refresh_token == Secret("made-up-next")


def _broken(path: Path, endpoint: Endpoint):  # noqa: ANN202  as `post`
    def post(asked: TokenRequest, within: float) -> Reply | NoReply:
        path.with_name("stored.json").write_bytes(path.read_bytes())
        path.write_text("{")
        endpoint.go.set()
        return endpoint.post(asked, within)

    return post


def test_a_claim_is_as_long_as_its_request_may_take(pool: Pool) -> None:
    """Whatever the operator's number, the request ends first."""
    policies = [
        Pool.from_entries("generic", (), policy=type(pool.policy)(claim_ttl=seconds)).policy
        for seconds in (1, 29, 30, 60, 3600)
    ]

    assert all(p.exchange_time < p.claim_ttl for p in policies)
    assert [p.exchange_time for p in policies[2:]] == [20, 20, 20]


def test_a_call_whose_entry_was_removed_goes_on_with_another(clock: FakeClock) -> None:
    """The tokens that arrive are nobody's, and the sibling answers."""
    key = Entry(id=EntryId("b"), secret=Secret("made-up-key"), priority=2)

    with FakeProvider() as provider:
        base = {"base_url": f"{provider.url}/v1"}
        pool = _removing(provider, base, key, clock)
        with httpx2.Client(auth=PoolAuth(pool)) as client:
            answer = client.post(f"{provider.url}/v1/x", json={})

    assert answer.status_code == 200
    assert [e.id for e in pool.state.entries] == ["b"]
    assert provider.secrets == ["made-up-grant", "made-up-key"]


def _removing(provider: FakeProvider, base: dict[str, str], key: Entry, clock: FakeClock) -> Pool:
    """Return a pool whose login is removed while its token endpoint answers."""
    fields = {"token_url": f"{provider.url}/token", **base}
    login = Entry(
        id=LOGIN.id,
        auth_type=AuthType.OAUTH,
        secret=LOGIN.secret,
        refresh_token=LOGIN.refresh_token,
        expires_at=1.0,
        **fields,
    )
    other = Entry(id=key.id, secret=key.secret, priority=2, **base)
    pool = Pool.from_entries("generic", (login, other), clock=clock)

    def answer() -> Iterator[bytes]:
        engine_of(pool).change(
            lambda state: type(state)(key="generic", provider="generic", entries=(other,))
        )
        yield GRANTED.body

    provider._scripts["made-up-grant"] = iter([FakeReply(body=answer())])  # noqa: SLF001
    return pool


@pytest.mark.parametrize("how", ["tasks", "threads", "processes"])
def test_cancelled_at_any_moment_no_login_is_lost(how: str, tmp_path: Path) -> None:
    """A server that rotates, and that revokes a login whose token comes twice, sees each once."""
    ran = subprocess.run(  # noqa: S603  a program of ours
        [sys.executable, str(CANCELLATIONS), how, "24", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["dead"], told["twice"]) == (0, 0)
    assert told["cancelled"] > 0


def test_a_claim_is_given_to_one(pool: Pool) -> None:
    """A call that asks first refreshes; the next one waits."""
    first = ActiveCall(engine_of(pool), lambda: None).claim(LOGIN)
    second = ActiveCall(engine_of(pool), lambda: None).claim(LOGIN)

    assert (type(first), type(second)) == (Exchange, AwaitClaim)
