"""`PoolAuth` on a loopback server, through both client libraries, blocking and asynchronous."""

import asyncio
import copy
import gzip
import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from threading import Event
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import httpx
import httpx2
import pytest

import credpool.httpx
import credpool.httpx2
from credpool import Attempt, AuthType, Entry, FailureClass, Pool, PoolExhausted, Secret, Status
from credpool._calls.flow import EXHAUSTION
from credpool.errors import WrongOrigin
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.testing import FakeClock, FakeProvider, FakeReply

ONE, TWO, THREE = "sk-made-up-one", "sk-made-up-two", "sk-made-up-three"
ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}
PATH = "/v1/chat/completions"

Message = Any  # a request or a response of either library
Headers = Any  # what either library takes for headers
Field = Any  # of an entry

RATE_LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
PLAN_USED_UP = FakeReply.error(429, "usage_limit_reached", "The usage limit has been reached")
NO_QUOTA = FakeReply.error(429, "insufficient_quota", "You exceeded your current quota.")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
REFUSED = FakeReply.error(401, "invalid_api_key", "Incorrect API key provided")
UNEXPLAINED = FakeReply.error(403, None, "no")
DROPPED = FakeReply(dropped=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client library, used in one of its two ways."""

    library: ModuleType
    auth: Callable[..., Any]
    asynchronous: bool
    attempts: list[Attempt] = field(default_factory=list)

    def send(
        self,
        pool: Pool,
        url: str,
        *,
        options: Mapping[str, Any] | None = None,
        headers: Headers = None,
        content: Iterable[bytes] | None = None,
    ) -> Message:
        """Post to the URL through the pool, and return the reply with its body read."""
        settings = self._settings(pool, options)
        body: dict[str, object] = {"json": ASKED} if content is None else {"content": content}
        if not self.asynchronous:
            with self.library.Client(**settings) as client:
                return client.post(url, headers=headers, **body)
        if content is not None:
            body = {"content": _each(content)}

        async def send() -> Message:
            async with self.library.AsyncClient(**settings) as client:
                return await client.post(url, headers=headers, **body)

        return asyncio.run(send())

    def stream(self, pool: Pool, url: str, each: Callable[[bytes], None]) -> Message:
        """Post to the URL, hand each piece of the reply's body to `each`, return the reply."""
        settings = self._settings(pool, None)
        if not self.asynchronous:
            with (
                self.library.Client(**settings) as client,
                client.stream("POST", url, json=ASKED) as response,
            ):
                for piece in response.iter_raw():
                    each(piece)
                return response

        async def stream() -> Message:
            async with (
                self.library.AsyncClient(**settings) as client,
                client.stream("POST", url, json=ASKED) as response,
            ):
                async for piece in response.aiter_raw():
                    each(piece)
                return response

        return asyncio.run(stream())

    def hooks(self, see: Callable[[Message], None]) -> Mapping[str, Any]:
        """Return client options under which `see` is given every request and every reply."""

        async def see_async(message: Message) -> None:
            see(message)

        hook = see_async if self.asynchronous else see
        return {"event_hooks": {"request": [hook], "response": [hook]}}

    def _settings(self, pool: Pool, options: Mapping[str, Any] | None) -> dict[str, Any]:
        auth = self.auth(pool, observe=self.attempts.append)
        # Verification would only load certificates: no test speaks TLS.
        return {"auth": auth, "verify": False, "trust_env": False, **(options or {})}


async def _each(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


@pytest.fixture(
    params=[
        pytest.param((library, auth, asynchronous), id=f"{library.__name__}-{way}")
        for library, auth in (
            (httpx2, credpool.httpx2.PoolAuth),
            (httpx, credpool.httpx.PoolAuth),
        )
        for asynchronous, way in ((False, "sync"), (True, "async"))
    ]
)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Return each client library, used in each of its two ways."""
    library, auth, asynchronous = request.param
    return Caller(library=library, auth=auth, asynchronous=asynchronous)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that nobody waits for."""
    return FakeClock()


def pool_of(provider: FakeProvider, *secrets: str, clock: FakeClock) -> Pool:
    """Return a pool of keys for the fake provider."""
    return Pool.from_keys("generic", secrets, base_url=f"{provider.url}/v1", clock=clock)


def entry(secret: str, **fields: Field) -> Entry:
    """Return an entry whose id is its secret's last word."""
    return Entry(id=EntryId(secret.rpartition("-")[2]), secret=Secret(secret), **fields)


def statuses(pool: Pool) -> list[str]:
    """Return what each entry is, and why."""
    now = engine_of(pool).clock.now()
    return [
        f"{e.status(now).value} {e.cooldown.failure.value}" if e.cooldown else e.status(now).value
        for e in pool.state.entries
    ]


# Rotation


def test_a_second_rate_limit_rotates(caller: Caller, clock: FakeClock) -> None:
    """Two 429s in a row to one key are followed by the next key, within one call."""
    with FakeProvider({ONE: [RATE_LIMITED, RATE_LIMITED]}) as provider:
        pool = pool_of(provider, ONE, TWO, THREE, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets == [ONE, ONE, TWO]
    assert statuses(pool) == ["exhausted rate_limited", "ok", "ok"]
    assert clock.waits == []


def test_each_attempt_sends_the_same_request(caller: Caller, clock: FakeClock) -> None:
    """Every attempt has the caller's method, path, body and headers, and one key."""
    with FakeProvider({ONE: [RATE_LIMITED, RATE_LIMITED]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.send(pool, f"{provider.url}{PATH}?debug=1", headers={"x-trace": "7"})

    first, *others = [
        replace(r, headers=tuple(h for h in r.headers if h[0] != "authorization"))
        for r in provider.requests
    ]
    assert others == [first, first]
    assert first.method == "POST"
    assert first.path == f"{PATH[1:]}?debug=1"
    assert first.header("x-trace") == "7"


def test_the_retry_waits_for_a_short_hint(caller: Caller, clock: FakeClock) -> None:
    """A hint of two seconds is waited for, once, before the same key is tried again."""
    hinted = replace(RATE_LIMITED, headers={"retry-after": "2"})
    with FakeProvider({ONE: [hinted]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE, ONE]
    assert clock.waits == [2.0]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param(PLAN_USED_UP, "exhausted usage_limited", id="a plan's cap"),
        pytest.param(NO_QUOTA, "exhausted out_of_credit", id="no quota in a 429"),
        pytest.param(NO_MONEY, "exhausted out_of_credit", id="402"),
        pytest.param(REFUSED, "exhausted auth_rejected", id="401"),
        pytest.param(UNEXPLAINED, "ok", id="403 for this call only"),
        pytest.param(
            replace(RATE_LIMITED, headers={"retry-after": "3600"}),
            "exhausted rate_limited",
            id="429 with a long hint",
        ),
    ],
)
def test_rotates_at_once(reply: FakeReply, status: str, caller: Caller, clock: FakeClock) -> None:
    """What a retry would not cure is followed by the next key, without a wait."""
    with FakeProvider({ONE: [reply]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets == [ONE, TWO]
    assert statuses(pool) == [status, "ok"]
    assert clock.waits == []


@pytest.mark.parametrize("status", [400, 404, 422, 500, 502, 503, 529])
def test_a_fault_that_is_not_the_keys_is_delivered(
    status: int, caller: Caller, clock: FakeClock
) -> None:
    """The reply reaches the caller as it is, nobody is benched, and no SDK is told not to retry."""
    with FakeProvider({ONE: [FakeReply.error(status, None, "no")]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == status
    assert response.json()["error"]["message"] == "no"
    assert "x-should-retry" not in response.headers
    assert provider.secrets == [ONE]
    assert statuses(pool) == ["ok", "ok"]


def test_ten_throttled_keys_are_all_tried(caller: Caller, clock: FakeClock) -> None:
    """Ten keys are tried twice each: as many requests as a client allows by default."""
    keys = [f"sk-made-up-{n}" for n in range(10)]
    with FakeProvider({key: repeat(RATE_LIMITED) for key in keys}) as provider:
        pool = pool_of(provider, *keys, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 429
    assert provider.secrets == [key for key in keys for _ in range(2)]


def test_more_keys_need_a_client_that_allows_it(caller: Caller, clock: FakeClock) -> None:
    """Clients count our attempts as redirects: `max_redirects` makes room for eleven keys."""
    keys = [f"sk-made-up-{n}" for n in range(11)]
    with FakeProvider({key: repeat(RATE_LIMITED) for key in keys}) as provider:
        pool = pool_of(provider, *keys, clock=clock)

        room = {"auth": caller.auth(pool, max_sends=23), "max_redirects": 22}
        response = caller.send(pool, provider.url + PATH, options=room)

    assert response.status_code == 429
    assert provider.secrets == [key for key in keys for _ in range(2)]


def test_a_hundred_keys_are_all_tried(caller: Caller, clock: FakeClock) -> None:
    """In a client that allows it one call asks a hundred empty accounts, and says that all are out."""
    keys = [f"sk-made-up-{n}" for n in range(100)]
    with FakeProvider({key: repeat(NO_MONEY) for key in keys}) as provider:
        pool = pool_of(provider, *keys, clock=clock)

        room = {"auth": caller.auth(pool, max_sends=101), "max_redirects": 100}
        response = caller.send(pool, provider.url + PATH, options=room)

    assert provider.secrets == keys
    assert len(response.extensions[EXHAUSTION].entries) == 100
    assert response.headers["x-should-retry"] == "false"


def test_a_call_ends_before_the_client_breaks_it_off(caller: Caller, clock: FakeClock) -> None:
    """At the client's limit the caller gets the last reply, and the next call goes on from there."""
    keys = [f"sk-made-up-{n}" for n in range(11)]
    with FakeProvider({key: repeat(RATE_LIMITED) for key in keys}) as provider:
        pool = pool_of(provider, *keys, clock=clock)

        first = caller.send(pool, provider.url + PATH)
        second = caller.send(pool, provider.url + PATH)

    assert [first.status_code, second.status_code] == [429, 429]
    assert "x-should-retry" not in first.headers
    left = [out.id for out in first.extensions[EXHAUSTION].entries if out.available]
    assert left == [entry.id for entry in pool.state.entries[10:]]
    assert second.headers["x-should-retry"] == "false"
    assert len(provider.secrets) == 22


def test_the_observer_is_told_every_attempt(caller: Caller, clock: FakeClock) -> None:
    """When the call ends, `observe` has been given each attempt with its class and what followed."""
    with FakeProvider({ONE: [RATE_LIMITED, RATE_LIMITED]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.send(pool, provider.url + PATH)

    assert [(a.entry, a.failure, a.step.value, a.answered) for a in caller.attempts] == [
        ("key-1", FailureClass.RATE_LIMITED, "retry", True),
        ("key-1", FailureClass.RATE_LIMITED, "rotate", True),
        ("key-2", None, "deliver", True),
    ]


def test_a_body_that_is_generated_survives_a_retry(caller: Caller, clock: FakeClock) -> None:
    """A request body that can be read only once is sent whole with every attempt."""

    def pieces() -> Iterator[bytes]:
        yield b'{"model": '
        yield b'"gpt-5"}'

    with FakeProvider({ONE: [RATE_LIMITED, RATE_LIMITED]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH, content=pieces())

    assert response.status_code == 200
    assert [r.body for r in provider.requests] == [b'{"model": "gpt-5"}'] * 3


def test_a_broken_connection_is_the_callers(caller: Caller, clock: FakeClock) -> None:
    """A connection that breaks is reported as the library does, and changes no entry."""
    with FakeProvider({ONE: [DROPPED]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        with pytest.raises(caller.library.RemoteProtocolError):
            caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE]
    assert statuses(pool) == ["ok", "ok"]
    assert [(a.entry, a.failure, a.answered) for a in caller.attempts] == [("key-1", None, False)]


# Exhaustion


def test_the_last_reply_is_delivered(caller: Caller, clock: FakeClock) -> None:
    """When every key is out, the caller gets the last reply byte for byte, not to be retried."""
    last = FakeReply.error(402, None, "the last of them", headers={"x-should-retry": "true"})
    with FakeProvider({ONE: [NO_MONEY], TWO: [last]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 402
    assert response.content == last.body
    assert response.headers.get_list("x-should-retry") == ["false"]
    exhaustion = response.extensions[EXHAUSTION]
    assert exhaustion.returns_at == clock.now() + 86_400
    assert [out.failure for out in exhaustion.entries] == [FailureClass.OUT_OF_CREDIT] * 2


def test_an_exhausted_pool_sends_nothing(caller: Caller, clock: FakeClock) -> None:
    """With every key out, a call raises `PoolExhausted`, which says why and until when."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        pool = pool_of(provider, ONE, clock=clock)
        caller.send(pool, provider.url + PATH)

        with pytest.raises(PoolExhausted, match=r"key-1 out_of_credit.*returns in 1 d") as raised:
            caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE]
    assert raised.value.returns_at == clock.now() + 86_400


def test_the_pool_is_used_again_when_a_cooldown_ends(caller: Caller, clock: FakeClock) -> None:
    """From the moment a key's cooldown ends, calls are sent with it again."""
    with FakeProvider({ONE: [PLAN_USED_UP]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)
        caller.send(pool, provider.url + PATH)
        clock.advance(3599)
        caller.send(pool, provider.url + PATH)
        clock.advance(1)

        caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE, TWO, TWO, ONE]


# Refreshing a login


def login(provider: FakeProvider, **fields: Field) -> Entry:
    """Return a login whose token endpoint is the fake provider's."""
    return entry(
        ONE,
        auth_type=AuthType.OAUTH,
        refresh_token=Secret("made-up-grant"),
        token_url=f"{provider.url}/oauth/token",
        base_url=f"{provider.url}/v1",
        **fields,
    )


def pool_with_login(provider: FakeProvider, clock: FakeClock) -> Pool:
    """Return a pool of a login and a key."""
    entries = [login(provider, priority=1), entry(TWO, priority=2, base_url=f"{provider.url}/v1")]
    return Pool.from_entries("generic", entries, clock=clock)


def test_an_expired_login_is_refreshed(caller: Caller, clock: FakeClock) -> None:
    """A 401 is followed by one exchange of the grant, and the same login with its new token."""
    with FakeProvider({ONE: [REFUSED]}) as provider:
        pool = pool_with_login(provider, clock)

        response = caller.send(pool, provider.url + PATH, headers={"x-trace": "7"})

    _, exchange, again = provider.requests
    assert response.status_code == 200
    assert provider.secrets == [ONE, "made-up-grant", "made-up-grant-access"]
    assert exchange.path == "oauth/token"
    assert parse_qs(exchange.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["made-up-grant"],
    }
    assert exchange.header("x-trace") is None
    assert again.path == PATH[1:]
    stored = pool.state.entries[0]
    assert stored.secret == Secret("made-up-grant-access")
    assert stored.expires_at == clock.now() + 3600


def test_the_exchange_is_not_the_callers_business(caller: Caller, clock: FakeClock) -> None:
    """The caller's hooks and the reply's history never see the exchange of a grant."""
    seen: list[str] = []
    with FakeProvider({ONE: [REFUSED]}) as provider:
        pool = pool_with_login(provider, clock)

        hooks = caller.hooks(lambda message: seen.append(str(getattr(message, "url", ""))))
        response = caller.send(pool, provider.url + PATH, options=hooks)

    assert seen == [provider_path for provider_path in seen if provider_path.endswith(PATH)]
    assert len(seen) == 4
    assert [str(r.url).endswith(PATH) for r in response.history] == [True]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param(
            FakeReply.json({"error": "invalid_grant"}, status=400),
            "dead auth_revoked",
            id="the grant is gone",
        ),
        pytest.param(FakeReply.error(503), "exhausted auth_expired", id="503"),
        pytest.param(FakeReply.error(429), "exhausted auth_expired", id="429"),
        pytest.param(DROPPED, "exhausted auth_expired", id="no reply"),
        pytest.param(FakeReply(body=b"<html>"), "exhausted auth_expired", id="200 without a token"),
        pytest.param(
            FakeReply(headers={"content-encoding": "gzip"}, body=b"not gzip"),
            "exhausted auth_expired",
            id="a body that cannot be decoded",
        ),
    ],
)
def test_a_refresh_that_fails_rotates(
    reply: FakeReply, status: str, caller: Caller, clock: FakeClock
) -> None:
    """Without a new token the next entry answers, and only a grant that is gone is dead."""
    with FakeProvider({ONE: [REFUSED], "made-up-grant": [reply]}) as provider:
        pool = pool_with_login(provider, clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets == [ONE, "made-up-grant", TWO]
    assert statuses(pool) == [status, "ok"]


@pytest.mark.parametrize(
    "flaw",
    [
        {"token_url": "http://127.0.0.1:port/"},
        {"token_url": "https://" + "a" * 70 + ".example/t"},
        {"refresh_token": Secret("rt-\ud800")},
        {"extra": {"client_id": "\ud800"}},
    ],
    ids=["a port in letters", "a name too long", "half a token", "half a client"],
)
def test_a_refresh_that_cannot_be_sent_rotates(
    flaw: dict[str, Field], caller: Caller, clock: FakeClock
) -> None:
    """What no request can be made of is a refresh that fails, and no error names the grant."""
    with FakeProvider({ONE: [REFUSED]}) as provider:
        base = f"{provider.url}/v1"
        broken = replace(login(provider), **flaw)
        entries = [broken, entry(TWO, priority=2, base_url=base)]
        pool = Pool.from_entries("generic", entries, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets == [ONE, TWO]


# Streams


def test_a_streamed_success_arrives_as_it_is_sent(caller: Caller, clock: FakeClock) -> None:
    """Each piece reaches the caller before the provider makes the next one."""
    received = [Event(), Event()]

    def pieces() -> Iterator[bytes]:
        for number, event in enumerate(received):
            yield b"piece %d" % number
            assert event.wait(timeout=10), "the caller has not received the piece"

    got: list[bytes] = []

    def note(piece: bytes) -> None:
        got.append(piece)
        received[len(got) - 1].set()

    with FakeProvider({ONE: [FakeReply(body=pieces())]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.stream(pool, provider.url + PATH, note)

    assert got == [b"piece 0", b"piece 1"]


def test_a_stream_that_breaks_is_not_sent_again(caller: Caller, clock: FakeClock) -> None:
    """After the first byte a fault is the caller's to see: nothing is sent a second time."""

    def pieces() -> Iterator[bytes]:
        yield b"the first"
        raise ConnectionResetError

    got: list[bytes] = []
    with FakeProvider({ONE: [FakeReply(body=pieces())]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        with pytest.raises(caller.library.RemoteProtocolError):
            caller.stream(pool, provider.url + PATH, got.append)

    assert got == [b"the first"]
    assert provider.secrets == [ONE]
    assert statuses(pool) == ["ok", "ok"]


def test_a_stream_rotates_before_its_first_byte(caller: Caller, clock: FakeClock) -> None:
    """A refusal is read and followed by the next key, whose stream the caller gets."""
    got: list[bytes] = []
    with FakeProvider({ONE: [NO_MONEY], TWO: [FakeReply(body=(b"a", b"b"))]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.stream(pool, provider.url + PATH, got.append)

    assert response.status_code == 200
    assert b"".join(got) == b"ab"
    assert provider.secrets == [ONE, TWO]


def test_a_compressed_refusal_is_understood(caller: Caller, clock: FakeClock) -> None:
    """The body of a refusal is decoded before it is classified."""
    assert isinstance(NO_QUOTA.body, bytes)
    packed = replace(
        NO_QUOTA, headers={"content-encoding": "gzip"}, body=gzip.compress(NO_QUOTA.body)
    )
    with FakeProvider({ONE: [packed]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.send(pool, provider.url + PATH)

    assert statuses(pool) == ["exhausted out_of_credit", "ok"]


# Origins and redirects

FOLLOW = {"follow_redirects": True}


@pytest.mark.parametrize("provider_name", ["generic", "anthropic", "gemini"])
@pytest.mark.parametrize("stranger_says", [200, 401, 402, 429])
def test_a_redirect_elsewhere_carries_no_secret(
    provider_name: str, stranger_says: int, caller: Caller, clock: FakeClock
) -> None:
    """Another origin gets no credential in any header, and its reply marks nobody."""
    with FakeProvider({"": [FakeReply(status=stranger_says)]}) as stranger:
        away = FakeReply(status=307, headers={"location": stranger.url + PATH})
        with FakeProvider({ONE: [away]}) as provider:
            keys = [ONE, TWO]
            pool = Pool.from_keys(provider_name, keys, base_url=provider.url, clock=clock)

            response = caller.send(
                pool, provider.url + PATH, options=FOLLOW, headers={"x-api-key": "placeholder"}
            )

    assert response.status_code == stranger_says
    assert provider.secrets == [ONE]
    assert [request.credentials for request in stranger.requests] == [()]
    assert ONE not in repr(stranger.requests)
    assert statuses(pool) == ["ok", "ok"]


def test_a_redirect_within_the_origin_works(caller: Caller, clock: FakeClock) -> None:
    """At the new address the request is made again with the secret, once, and its body."""
    moved = FakeReply(status=307, headers={"location": "/v1/moved/chat/completions"})
    with FakeProvider({ONE: [moved]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH, options=FOLLOW)

    assert response.status_code == 200
    assert [(r.path, r.secret) for r in provider.requests] == [
        (PATH[1:], ONE),
        ("v1/moved/chat/completions", ""),
        ("v1/moved/chat/completions", ONE),
    ]
    assert len({r.body for r in provider.requests}) == 1
    assert [len(r.credentials) for r in provider.requests] == [1, 0, 1]
    assert statuses(pool) == ["ok", "ok"]


def test_a_refusal_behind_a_redirect_is_the_keys(caller: Caller, clock: FakeClock) -> None:
    """When the new address refuses the secret itself, its reply counts and the call rotates."""
    moved = FakeReply(status=307, headers={"location": "/v1/moved/chat/completions"})
    with FakeProvider({ONE: [moved, NO_MONEY]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH, options=FOLLOW)

    assert response.status_code == 200
    assert provider.secrets == [ONE, "", ONE, TWO]
    assert statuses(pool) == ["exhausted out_of_credit", "ok"]


@pytest.mark.parametrize("status", [401, 402, 429])
def test_a_reply_to_no_secret_marks_nobody(status: int, caller: Caller, clock: FakeClock) -> None:
    """A redirect that turns a POST into a GET carries no secret, so no key is to blame."""
    see_other = FakeReply(status=303, headers={"location": "/v1/result"})
    refused = FakeReply.error(status, None, "who are you?")
    with FakeProvider({ONE: [see_other], "": [refused]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH, options=FOLLOW)

    assert response.status_code == status
    assert provider.secrets == [ONE, ""]
    assert statuses(pool) == ["ok", "ok"]


def test_a_redirect_that_is_not_followed_is_delivered(caller: Caller, clock: FakeClock) -> None:
    """A client that does not follow redirects gets the redirect, and nobody is marked."""
    moved = FakeReply(status=307, headers={"location": "http://127.0.0.1:1/elsewhere"})
    with FakeProvider({ONE: [moved]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        response = caller.send(pool, provider.url + PATH)

    assert response.status_code == 307
    assert response.next_request is not None
    assert ONE not in str(response.next_request.headers.raw)
    assert statuses(pool) == ["ok", "ok"]


def test_another_origin_is_refused(caller: Caller, clock: FakeClock) -> None:
    """A request to a host that is none of the pool's is not sent; the error names both."""
    with FakeProvider() as stranger, FakeProvider() as provider:
        pool = pool_of(provider, ONE, clock=clock)

        with pytest.raises(WrongOrigin, match=stranger.url) as raised:
            caller.send(pool, stranger.url + PATH)

        assert raised.value.allowed == provider.url
    assert stranger.requests == provider.requests == []


def test_key_and_address_change_together(caller: Caller, clock: FakeClock) -> None:
    """An entry with an address of its own is used there, path, query and `Host` included."""
    with FakeProvider() as other, FakeProvider({ONE: [NO_MONEY]}) as provider:
        first = entry(ONE, priority=1, base_url=f"{provider.url}/v1")
        second = entry(TWO, priority=2, base_url=f"{other.url}/compatible/v1/")
        pool = Pool.from_entries("generic", [first, second], clock=clock)

        response = caller.send(pool, f"{provider.url}{PATH}?debug=1")

    assert response.status_code == 200
    assert provider.secrets == [ONE]
    assert [(r.path, r.secret) for r in other.requests] == [
        ("compatible/v1/chat/completions?debug=1", TWO)
    ]
    assert other.requests[0].header("host") == response.request.url.netloc.decode()


# Headers


def test_the_callers_headers_are_kept(caller: Caller, clock: FakeClock) -> None:
    """Headers that are no credential arrive unchanged, in order, repeated ones included."""
    own = [("OpenAI-Organization", "org-1"), ("X-Trace", "a"), ("X-Trace", "b")]
    with FakeProvider() as provider:
        pool = pool_of(provider, ONE, clock=clock)

        caller.send(pool, provider.url + PATH, headers=own)

    received = provider.requests[0].headers
    wanted = [(name.lower(), value) for name, value in own]
    assert [pair for pair in received if pair in wanted] == wanted


@pytest.mark.parametrize(
    ("provider_name", "placed", "arrives"),
    [
        pytest.param("generic", "Authorization", "authorization", id="Bearer for Bearer"),
        pytest.param("generic", "x-api-key", "authorization", id="Bearer for x-api-key"),
        pytest.param("generic", "api-key", "authorization", id="Bearer for api-key"),
        pytest.param("gemini", "x-goog-api-key", "x-goog-api-key", id="Gemini's header"),
        pytest.param("gemini", "Authorization", "x-goog-api-key", id="Gemini's for Bearer"),
        pytest.param("anthropic", "X-Api-Key", "x-api-key", id="Anthropic's header"),
        pytest.param("anthropic", "Authorization", "authorization", id="Anthropic's newer one"),
        pytest.param("anthropic", "x-nothing", "x-api-key", id="Anthropic's by default"),
    ],
)
def test_one_credential_in_place_of_the_callers(
    provider_name: str, placed: str, arrives: str, caller: Caller, clock: FakeClock
) -> None:
    """The caller's placeholder is replaced by one credential, in the header it belongs in."""
    with FakeProvider() as provider:
        pool = Pool.from_keys(provider_name, [ONE], base_url=provider.url, clock=clock)

        caller.send(pool, provider.url + PATH, headers={placed: "Bearer placeholder"})

    assert provider.requests[0].credentials == ((arrives, ONE),)


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        pytest.param(None, "oauth-2025-04-20", id="none"),
        pytest.param("tools-1", "tools-1,oauth-2025-04-20", id="another"),
        pytest.param("a, oauth-2025-04-20,b", "a,oauth-2025-04-20,b", id="already there"),
    ],
)
def test_a_logins_beta_flag_is_joined(
    own: str | None, sent: str, caller: Caller, clock: FakeClock
) -> None:
    """An Anthropic login adds its flag to the caller's `anthropic-beta`, and takes none away."""
    with FakeProvider() as provider:
        plan = entry(ONE, auth_type=AuthType.OAUTH, base_url=provider.url)
        pool = Pool.from_entries("anthropic", [plan], clock=clock)

        headers = {"x-api-key": "placeholder"} | ({"anthropic-beta": own} if own else {})
        caller.send(pool, f"{provider.url}/v1/messages", headers=headers)

    assert provider.requests[0].header("anthropic-beta") == sent
    assert provider.requests[0].credentials == (("authorization", ONE),)


def test_a_key_behind_a_login_carries_nothing_of_the_logins(
    caller: Caller, clock: FakeClock
) -> None:
    """In a mixed pool the flag of a login does not stay in the headers when a key takes over."""
    spent = FakeReply.error(400, "invalid_request_error", "You're out of extra usage.")
    with FakeProvider({ONE: [spent]}) as provider:
        plan = entry(ONE, auth_type=AuthType.OAUTH, base_url=provider.url)
        key = entry(TWO, base_url=provider.url)
        pool = Pool.from_entries("anthropic", [plan, key], clock=clock)

        caller.send(pool, f"{provider.url}/v1/messages", headers={"x-api-key": "placeholder"})

    first, second = provider.requests
    assert first.credentials == (("authorization", ONE),)
    assert second.credentials == (("x-api-key", TWO),)
    assert not second.header("anthropic-beta")


# Secrets

LEAKS = (ONE, TWO, "made-up-grant", "made-up-grant-access")


def leaked(text: str) -> list[str]:
    """Return the secrets that are in the text."""
    return [secret for secret in LEAKS if secret in text]


def everything_seen_of(message: Message) -> str:
    """Return what a program would print of a request or a reply, and of what hangs on it."""
    request: Message = getattr(message, "request", message)
    seen = [message, request, message.headers, request.headers, *request.headers.multi_items()]
    seen += [dict(request.headers), request.headers.copy(), list(request.headers.values())]
    seen += [copy.copy(request.headers).raw, copy.deepcopy(request.headers).raw]
    seen += [type(request.headers).__mro__[1](request.headers).raw]
    return f"{seen!r} {request.headers} {pickle.dumps(request)!r}"


def traceback_of(error: BaseException) -> str:
    """Return the traceback with every frame's variables, as error trackers send it.

    The test's own frames are left out: it knows the secrets.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    shown = error.with_traceback(trace)
    return "".join(traceback.TracebackException.from_exception(shown, capture_locals=True).format())


def test_a_refreshed_and_rotated_call_shows_no_secret(caller: Caller, clock: FakeClock) -> None:
    """No secret is in what hooks, the reply, its history, the pool or the log can show."""
    seen: list[str] = []
    with FakeProvider({ONE: [REFUSED], "made-up-grant-access": [NO_MONEY]}) as provider:
        pool = pool_with_login(provider, clock)

        hooks = caller.hooks(lambda message: seen.append(everything_seen_of(message)))
        response = caller.send(pool, provider.url + PATH, options=hooks)

    seen += [everything_seen_of(reply) for reply in (response, *response.history)]
    seen += [repr(pickle.dumps(response)), f"{pool!r} {pool.state!r} {caller.attempts!r}"]
    assert provider.secrets == [ONE, "made-up-grant", "made-up-grant-access", TWO]
    assert len(seen) == 3 * 2 + 3 + 2
    assert leaked("\n".join(seen)) == []


def test_nothing_is_logged_of_a_secret(
    caller: Caller, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """At the level DEBUG, neither the client library nor what is below it writes a secret."""
    caplog.set_level(logging.DEBUG)
    with FakeProvider({ONE: [REFUSED], "made-up-grant-access": [NO_MONEY]}) as provider:
        pool = pool_with_login(provider, clock)

        caller.send(pool, provider.url + PATH)

    names = {record.name.partition(".")[0] for record in caplog.records}
    assert {caller.library.__name__, caller.library.__name__.replace("x", "core", 1)} <= names
    assert leaked(caplog.text + repr([r.__dict__ for r in caplog.records])) == []


@pytest.mark.parametrize(
    ("name", "message", "args"),
    [
        pytest.param(
            "hpack.hpack",
            "Adding %s=%s to the header table, sensitive:%s",
            (b"x-api-key", ONE.encode(), False),
            id="as it is written",
        ),
        pytest.param(
            "hpack.hpack",
            "Adding %s to the header table, sensitive:%s",
            ((b"authorization", f"Bearer {ONE}".encode()), True),
            id="as earlier versions write it",
        ),
        pytest.param("hpack.hpack", "Encoded header block to %s", (ONE.encode(),), id="encoded"),
        pytest.param("hpack.table", "Evicting %s: %s", (b"x-api-key", ONE.encode()), id="later"),
    ],
)
def test_http2_logs_no_secret(
    name: str,
    message: str,
    args: tuple[object, ...],
    caller: Caller,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the HTTP/2 library logs of the headers it writes holds none of them."""
    caller.auth(Pool.from_keys("openai", [ONE]))

    with caplog.at_level(logging.DEBUG):
        logging.getLogger(name).debug(message, *args)

    assert len(caplog.messages) == 1
    assert "***" in caplog.text
    assert ONE not in caplog.text


def test_nothing_that_is_kept_shows_a_secret(caller: Caller, clock: FakeClock) -> None:
    """A provider that repeats the key it refuses, or its end, does not put it into the pool."""
    told = f"Incorrect API key: {ONE}, or ...{TWO[2:]}"
    with FakeProvider({ONE: [FakeReply.error(401, "invalid_api_key", told)]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)

        caller.send(pool, provider.url + PATH)

    assert "Incorrect API key: ***" in repr(pool.state)
    assert "made-up" not in repr(pool.state)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param({ONE: [DROPPED]}, "RemoteProtocolError", id="no reply"),
        pytest.param({ONE: [NO_MONEY], TWO: [DROPPED]}, "RemoteProtocolError", id="after rotating"),
        pytest.param(
            {ONE: [REFUSED], "made-up-grant-access": [DROPPED]}, "Protocol", id="refreshed"
        ),
        pytest.param(
            {ONE: [FakeReply(headers={"content-encoding": "gzip"}, body=b"no")]},
            "DecodingError",
            id="not decodable",
        ),
    ],
)
def test_no_traceback_shows_a_secret(
    script: Mapping[str, list[FakeReply]], error: str, caller: Caller, clock: FakeClock
) -> None:
    """When the client library fails, no frame of its traceback has a variable with a secret."""
    with FakeProvider(script) as provider:
        pool = pool_with_login(provider, clock)

        with pytest.raises(caller.library.RequestError) as raised:
            caller.send(pool, provider.url + PATH)

    text = traceback_of(raised.value)
    assert error in text
    assert "response = <Response" in text or "request = <Request" in text
    assert leaked(text) == []


def test_our_own_errors_show_no_secret(caller: Caller, clock: FakeClock) -> None:
    """`PoolExhausted` and `WrongOrigin` hold no secret, in their text or their frames."""
    texts: list[str] = []
    with FakeProvider({ONE: repeat(NO_MONEY)}) as provider:
        pool = pool_of(provider, ONE, clock=clock)
        caller.send(pool, provider.url + PATH)

        for url, error in (
            (provider.url + PATH, PoolExhausted),
            ("http://127.0.0.1:1", WrongOrigin),
        ):
            with pytest.raises(error) as raised:
                caller.send(pool, url)
            texts.append(traceback_of(raised.value))
            pool.reset()

    assert leaked("".join(texts)) == []


@pytest.mark.parametrize(
    "secret",
    [f"{ONE}\x00", f"{ONE}\r\nx-evil: 1", f"Bearer {ONE}", f'"{ONE}"', "", f"{ONE}\ud800", "sk-é"],
    ids=["NUL", "another header", "with its scheme", "in quotes", "empty", "half", "no ASCII"],
)
def test_a_secret_that_fits_no_header_is_passed_over(
    secret: str, caller: Caller, clock: FakeClock
) -> None:
    """The call is answered with the key behind it; with no other the error says why, without it."""
    with FakeProvider() as provider:
        home = f"{provider.url}/v1"
        bad, good = (
            Entry(id=EntryId(name), secret=Secret(value), base_url=home)
            for name, value in (("bad", secret), ("good", TWO))
        )

        response = caller.send(
            Pool.from_entries("generic", [bad, good], clock=clock), provider.url + PATH
        )
        with pytest.raises(PoolExhausted, match="bad has a secret that") as raised:
            caller.send(Pool.from_entries("generic", [bad], clock=clock), provider.url + PATH)

    assert response.status_code == 200
    assert provider.secrets == [TWO]
    assert leaked(traceback_of(raised.value)) == []


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\r\n", "\t{} "])
def test_the_blanks_around_a_secret_are_not_sent(
    around: str, caller: Caller, clock: FakeClock
) -> None:
    """A key read with its line break is the key."""
    with FakeProvider() as provider:
        pool = pool_of(provider, around.format(ONE), clock=clock)

        caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE]


def test_dead_entries_stay_out(caller: Caller, clock: FakeClock) -> None:
    """A revoked key is not used again, however long one waits."""
    revoked = FakeReply.error(401, "token_revoked", "revoked")
    with FakeProvider({ONE: [revoked]}) as provider:
        pool = pool_of(provider, ONE, TWO, clock=clock)
        caller.send(pool, provider.url + PATH)
        clock.advance(400 * 86_400.0)

        caller.send(pool, provider.url + PATH)

    assert provider.secrets == [ONE, TWO, TWO]
    assert pool.state.entries[0].status(clock.now()) is Status.DEAD


def test_the_fake_provider_takes_no_request_with_two_credentials() -> None:
    """So whatever a test sends through a pool carries one secret, or the test fails."""
    provider = FakeProvider({"one": [], "two": []})
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))

    with httpx2.Client(transport=transport) as client:
        headers = {"authorization": "Bearer one", "x-api-key": "two"}
        reply = client.post("https://api.example/v1", headers=headers)

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "two_credentials")
    assert len(provider.requests) == 1
