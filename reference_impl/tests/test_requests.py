"""`requests` through a pool, on a loopback server.

The conformance suite has a testee that sends with it (`conformance/testees/requests_client.py`).
"""

import gc
import gzip
import io
import logging
import pickle
from collections.abc import Iterator, Mapping
from threading import Thread
from typing import Any

import httpx2
import pytest
import requests

import credpool.errors
import credpool.requests
from credpool import EXHAUSTION, Attempt, Pool, PoolExhausted
from credpool.errors import WrongOrigin
from credpool.requests import PoolAuth
from credpool.testing import FakeClock, FakeProvider, FakeReply

ONE, TWO, THREE = "sk-made-up-one", "sk-made-up-two", "sk-made-up-three"
ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}
CAPPED = FakeReply.error(429, "usage_limit_reached", "The usage limit has been reached")
LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
Script = Mapping[str, list[FakeReply]]


def moved(to: str, status: int = 307) -> FakeReply:
    """Return a redirect."""
    return FakeReply(status=status, headers={"location": to})


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Return a session that asks no proxy of the machine's."""
    with requests.Session() as made:
        made.trust_env = False
        yield made


def pool_at(provider: FakeProvider, *secrets: str) -> Pool:
    """Return a pool of OpenAI keys at the fake provider's address."""
    return Pool.from_keys(
        "openai", secrets or (ONE, TWO), base_url=f"{provider.url}/v1", clock=FakeClock()
    )


def url(provider: FakeProvider) -> str:
    """Return where to ask."""
    return f"{provider.url}/v1/chat/completions"


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        pytest.param({}, [ONE], id="at once"),
        pytest.param({ONE: [CAPPED]}, [ONE, TWO], id="a cap"),
        pytest.param({ONE: [LIMITED]}, [ONE, ONE], id="a first 429"),
        pytest.param(
            {ONE: [LIMITED] * 2, TWO: [NO_MONEY]}, [ONE, ONE, TWO, THREE], id="to the third"
        ),
    ],
)
def test_rotates(session: requests.Session, script: Script, sent: list[str]) -> None:
    """The session's caller has its answer, and the reply says whose it is."""
    attempts: list[Attempt] = []
    with FakeProvider(script) as provider:
        session.auth = PoolAuth(pool_at(provider, ONE, TWO, THREE), observe=attempts.append)

        response = session.post(url(provider), json=ASKED, headers={"Authorization": "Bearer mine"})

    assert response.json()["choices"][0]["message"]["content"] == "Hello."
    assert provider.secrets == sent
    assert {request.body for request in provider.requests} == {response.request.body}
    assert all(len(request.credentials) == 1 for request in provider.requests)
    assert [attempt.entry for attempt in attempts] == [
        f"key-{['one', 'two', 'three'].index(s[11:]) + 1}" for s in sent
    ]
    assert vars(response)["extensions"]["credpool"].entry == attempts[-1].entry


def test_the_last_reply_is_delivered_as_it_came(session: requests.Session) -> None:
    """When all are out the caller has the provider's words, and the pool's reasons."""
    with FakeProvider({ONE: [CAPPED], TWO: [NO_MONEY]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        response = session.post(url(provider), json=ASKED)
        with pytest.raises(PoolExhausted, match="no credential of the pool 'openai'"):
            session.post(url(provider), json=ASKED)

    assert response.status_code == 402
    assert response.json()["error"]["message"] == "Insufficient credits"
    assert response.headers["x-should-retry"] == "false"
    assert len(vars(response)["extensions"][EXHAUSTION].entries) == 2
    assert provider.secrets == [ONE, TWO]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_body_is_whole_however_it_is_read(session: requests.Session, coding: str) -> None:
    """What was read to judge a reply comes again, decoded once, in pieces as small as asked for."""
    text = b'{"error": {"message": "' + b"x" * 100_000 + b'"}}'
    body = gzip.compress(text) if coding == "gzip" else text
    headers = {"content-type": "application/json", "content-encoding": coding}
    with FakeProvider({ONE: [FakeReply(status=400, headers=headers, body=body)] * 3}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        whole = session.post(url(provider), json=ASKED).content
        with session.post(url(provider), json=ASKED, stream=True) as response:
            pieces = [*response.iter_content(1000)]
        with session.post(url(provider), json=ASKED, stream=True) as response:
            begun = response.raw.read(10), response.raw.read()

    assert whole == b"".join(pieces) == b"".join(begun) == text
    assert max(map(len, pieces)) == 1000
    assert begun[0] == text[:10]


def test_a_stream_comes_as_it_is_produced(session: requests.Session) -> None:
    """The first event is with the caller before the provider has produced the next."""
    got: list[bytes] = []

    def produce() -> Iterator[bytes]:
        for number in range(3):
            yield b"data: %d\n\n" % number
            waits = Thread(target=lambda: None)
            waits.start()
            waits.join()

    reply = FakeReply(headers={"content-type": "text/event-stream"}, body=produce())
    with FakeProvider({ONE: [CAPPED], TWO: [reply]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        with session.post(url(provider), json=ASKED, stream=True) as response:
            got.extend(line for line in response.iter_lines() if line)

    assert got == [b"data: 0", b"data: 1", b"data: 2"]
    assert provider.secrets == [ONE, TWO]


def test_a_stream_that_begins_with_a_refusal_is_rotated(session: requests.Session) -> None:
    """The first event of a success is judged before the caller has a byte."""
    told = b'data: {"error": {"code": "insufficient_quota", "message": "no money"}}\n\n'
    refusing = FakeReply(headers={"content-type": "text/event-stream"}, body=(told,))
    with FakeProvider({ONE: [refusing]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        response = session.post(url(provider), json=ASKED | {"stream": True}, stream=True)
        text = response.text

    assert provider.secrets == [ONE, TWO]
    assert "insufficient_quota" not in text


def test_a_body_that_can_be_read_once_is_sent_once(session: requests.Session) -> None:
    """A generator's content is gone with the first attempt: the refusal is delivered, and remembered."""
    with FakeProvider({ONE: [CAPPED]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        refused = session.post(url(provider), data=iter([b'{"model": ', b'"gpt-5"}']))
        answered = session.post(url(provider), data=iter([b'{"model": ', b'"gpt-5"}']))

    assert (refused.status_code, answered.status_code) == (429, 200)
    assert [out.available for out in vars(refused)["extensions"][EXHAUSTION].entries] == [
        False,
        True,
    ]
    assert provider.secrets == [ONE, TWO]


def test_a_file_is_read_again_from_where_it_began(session: requests.Session) -> None:
    """A body that can be rewound is sent with the next entry as it was with the first."""
    file = io.BytesIO(b'not this{"model": "gpt-5"}')
    file.seek(8)
    with FakeProvider({ONE: [CAPPED]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        session.post(url(provider), data=file)

    assert [request.body for request in provider.requests] == [b'{"model": "gpt-5"}'] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_carries_no_secret(
    session: requests.Session, status: int
) -> None:
    """Neither in the pool's header nor in the caller's, whatever the redirect."""
    with FakeProvider() as other, FakeProvider({ONE: [moved(url(other), status)]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        session.post(url(provider), json=ASKED, headers={"x-api-key": "mine"})

    assert len(other.requests) == 1
    assert ONE not in repr(other.requests)
    assert [name for name, _ in other.requests[0].headers if name == "authorization"] == []


@pytest.mark.parametrize("sent", [1, 2])
def test_a_copy_of_a_request_carries_no_secret_elsewhere(
    session: requests.Session, sent: int
) -> None:
    """A program that sends copies of what it has prepared is redirected without a secret too."""
    with FakeProvider() as other, FakeProvider({ONE: [moved(url(other))] * 2}) as provider:
        session.auth = PoolAuth(pool_at(provider))
        prepared = session.prepare_request(requests.Request("POST", url(provider), json=ASKED))
        copies = [prepared.copy() for _ in range(sent)]

        for copied in copies:
            session.send(copied)

    assert len(other.requests) == sent
    assert ONE not in repr(other.requests)


def test_a_redirect_within_the_origin_is_answered(session: requests.Session) -> None:
    """What is refused there for want of a secret is sent again with one."""
    with FakeProvider({ONE: [moved("/v1/elsewhere/completions")]}) as provider:
        session.auth = PoolAuth(pool_at(provider))

        response = session.post(url(provider), json=ASKED)

    assert response.status_code == 200
    assert provider.secrets == [ONE, "", ONE]
    assert provider.requests[-1].path == "v1/elsewhere/completions"


def test_a_redirect_that_comes_back_carries_no_secret(session: requests.Session) -> None:
    """Another origin cannot have a secret sent to a place of its choice."""
    with FakeProvider() as provider, FakeProvider() as other:
        provider._scripts[ONE] = iter([moved(f"{other.url}/v1/there")])  # noqa: SLF001
        other._scripts[""] = iter([moved(f"{provider.url}/v1/chosen")])  # noqa: SLF001
        session.auth = PoolAuth(pool_at(provider))

        response = session.post(url(provider), json=ASKED)

    assert response.status_code == 401
    assert provider.secrets == [ONE, ""]


def test_a_request_to_another_host_is_refused(session: requests.Session) -> None:
    """Nothing is sent to a host that is not the pool's."""
    with FakeProvider() as provider, FakeProvider() as other:
        session.auth = PoolAuth(pool_at(provider))

        with pytest.raises(WrongOrigin):
            session.post(url(other), json=ASKED)

    assert (provider.requests, other.requests) == ([], [])


def test_a_prepared_request_is_sent_twice(session: requests.Session) -> None:
    """Its secret is for one call: the second is made again with what the pool chooses then."""
    with FakeProvider({ONE: [CAPPED]}) as provider:
        session.auth = PoolAuth(pool_at(provider))
        prepared = session.prepare_request(requests.Request("POST", url(provider), json=ASKED))

        statuses = [session.send(prepared).status_code for _ in range(2)]

    assert statuses == [200, 200]
    assert provider.secrets == [ONE, TWO, "", TWO]


def test_the_secret_is_seen_by_the_connection_alone(
    session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    """No hook, log, copy, pickle or error shows it, before or after the request is sent."""
    seen: list[str] = []

    def hook(response: requests.Response, *_: object, **__: object) -> None:
        request = response.request
        shown = [*request.headers.items(), dict(request.headers), repr(request.headers)]
        seen.append(repr((shown, request.copy().headers, vars(request))))

    caplog.set_level(logging.DEBUG)
    with FakeProvider({ONE: [CAPPED]}) as provider:
        auth = PoolAuth(pool_at(provider))
        prepared = session.prepare_request(
            requests.Request("POST", url(provider), json=ASKED, auth=auth, hooks={"response": hook})
        )
        before: list[Any] = [repr(prepared.headers), repr(auth), dict(prepared.headers)]
        before.append(pickle.dumps(prepared.headers))
        response = session.send(prepared)

    assert seen
    everything = repr((seen, before, vars(response), vars(prepared), caplog.text))
    assert not [secret for secret in (ONE, TWO) if secret in everything]


def test_an_error_of_the_network_is_the_clients(session: requests.Session) -> None:
    """It is raised as it is, nothing is learnt of the entry, and no secret is in it."""
    with FakeProvider({ONE: [FakeReply(dropped=True)] * 2}) as provider:
        pool = pool_at(provider)
        session.auth = PoolAuth(pool)

        with pytest.raises(requests.ConnectionError) as raised:
            session.post(url(provider), json=ASKED)

    assert pool.exhaustion() is None
    request = raised.value.request
    assert request is not None
    assert ONE not in repr((str(raised.value), request.headers, dict(request.headers)))


@pytest.mark.parametrize("again", [False, True], ids=["the first", "a later one"])
def test_a_connection_that_fails_leaves_no_secret_behind(
    session: requests.Session, *, again: bool
) -> None:
    """Not in what is written to a connection either, once nothing is written any more."""
    script = {ONE: [CAPPED], TWO: [FakeReply(dropped=True)]} if again else {}
    with FakeProvider(script) as provider:
        session.auth = PoolAuth(pool_at(provider))
        if not again:
            provider.__exit__()
            address = "http://127.0.0.1:9/v1"
            session.auth = PoolAuth(Pool.from_keys("openai", [ONE, TWO], base_url=address))
        where = url(provider) if again else "http://127.0.0.1:9/v1/chat/completions"

        with pytest.raises(requests.ConnectionError) as raised:
            session.post(where, json=ASKED)

    request = raised.value.request
    assert request is not None
    written = [*request.headers.items(), *request.copy().headers.items(), *dict(request.headers)]
    assert not [secret for secret in (ONE, TWO) if secret in repr(written)]


def test_another_librarys_client_is_told_what_to_take() -> None:
    """An `httpx2` client takes whatever can be called; its first request says what to use."""
    auth: Any = PoolAuth(Pool.from_keys("openai", [ONE]))

    with (
        httpx2.Client(auth=auth) as client,
        pytest.raises(TypeError, match=r"httpx2 takes credpool\.httpx2\.PoolAuth"),
    ):
        client.get("https://api.openai.com/v1/models")


def test_it_is_bound_to_a_pool() -> None:
    """What it is bound to is shown, and a wrong number of requests is refused."""
    pool = Pool.from_keys("openai", [ONE])

    assert repr(pool) in repr(PoolAuth(pool))
    with pytest.raises(credpool.errors.BadInput):
        PoolAuth(pool, max_sends=0)


def test_a_call_whose_connection_broke_ends_with_its_error(session: requests.Session) -> None:
    """`requests` tells nobody of it: the call is under way until the error is collected."""
    told: list[Attempt] = []
    with FakeProvider({ONE: [FakeReply(dropped=True)]}) as provider:
        session.auth = PoolAuth(pool_at(provider), observe=told.append)

        with pytest.raises(requests.ConnectionError) as raised:
            session.post(url(provider), json=ASKED)
        del raised
        gc.collect()

    assert [attempt.answered for attempt in told] == [False]


def test_a_redirect_within_the_origin_is_answered_with_the_same_entry(
    session: requests.Session,
) -> None:
    """Whatever the strategy, what a redirect leads to is asked with the secret that was redirected."""
    script = {ONE: [FakeReply(), moved("/v1/elsewhere"), FakeReply()], TWO: [FakeReply()]}
    with FakeProvider(script) as provider:
        pool = Pool.from_keys(
            "openai",
            (ONE, TWO),
            base_url=f"{provider.url}/v1",
            clock=FakeClock(),
            strategy="least_used",
        )
        session.auth = PoolAuth(pool)
        for _ in range(3):
            session.post(url(provider), json=ASKED)

        secrets = [request.secret for request in provider.requests]

    assert secrets == [ONE, TWO, ONE, "", ONE]
