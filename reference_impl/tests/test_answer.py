"""Which key answered, and why: on the reply, in the events, and in a program that has set up no log."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import openai
import pytest

import credpool.httpx
import credpool.httpx2
from credpool import Answer, FailureClass, Pool, events
from credpool.testing import FakeClock, FakeProvider, FakeReply

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
URL = "https://api.openai.com/v1/chat/completions"
LIMITED = FakeReply.error(429, "rate_limit_exceeded", "Rate limit reached for requests")
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
MOVED = FakeReply(status=307, headers={"location": "/v1/elsewhere"})
Asked = Callable[[Pool, FakeProvider], Answer]


def asked(library: Any, auth: Any) -> Asked:  # noqa: ANN401  either of two libraries
    """Return how to ask with a library, and to look at the reply's extensions."""

    def ask(pool: Pool, provider: FakeProvider) -> Answer:
        transport = library.MockTransport(provider.handler(library.Response))
        with library.Client(auth=auth(pool), transport=transport, follow_redirects=True) as client:
            found = client.post(URL, json={"model": "gpt-5"}).extensions["credpool"]
        assert isinstance(found, Answer)
        return found

    return ask


def asked_async(library: Any, auth: Any) -> Asked:  # noqa: ANN401  either of two libraries
    """Return how to ask with its asynchronous client."""

    def ask(pool: Pool, provider: FakeProvider) -> Answer:
        transport = library.MockTransport(provider.handler(library.Response))
        made = library.AsyncClient(auth=auth(pool), transport=transport, follow_redirects=True)

        async def run() -> Any:  # noqa: ANN401  a reply of either library
            async with made as client:
                return await client.post(URL, json={"model": "gpt-5"})

        found = asyncio.run(run()).extensions["credpool"]
        assert isinstance(found, Answer)
        return found

    return ask


WAYS = [
    pytest.param(way(library, auth), id=f"{library.__name__}-{way.__name__}")
    for way in (asked, asked_async)
    for library, auth in (
        (httpx2, credpool.httpx2.PoolAuth),
        (httpx, credpool.httpx.PoolAuth),
    )
]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize(
    ("script", "entry", "did"),
    [
        pytest.param({}, "key-1", ["deliver"], id="at once"),
        pytest.param(
            {ONE: [LIMITED] * 2}, "key-2", ["retry", "rotate", "deliver"], id="after a retry"
        ),
        pytest.param(
            {ONE: [NO_MONEY], TWO: [NO_MONEY]}, "key-2", ["rotate", "deliver"], id="all are out"
        ),
        pytest.param({ONE: [FakeReply(status=404)]}, "key-1", ["deliver"], id="the caller's fault"),
        pytest.param({ONE: [MOVED, FakeReply.json({})]}, "key-1", ["deliver"], id="a redirect"),
    ],
)
def test_a_reply_says_whose_it_is(
    ask: Asked, script: dict[str, list[FakeReply]], entry: str, did: list[str]
) -> None:
    """The reply names the pool, the entry and its label, and what the call did before."""
    pool = Pool.from_keys("openai", [ONE, TWO], clock=FakeClock())

    answer = ask(pool, FakeProvider(script))

    assert (answer.pool, answer.entry, answer.label) == ("openai", entry, entry)
    assert [attempt.step.value for attempt in answer.attempts] == did
    assert "made-up" not in repr(answer)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_it_is_in_reach_of_an_sdk(*, stream: bool) -> None:
    """The SDK's raw response has the client's reply, and its extensions."""
    with FakeProvider({ONE: [NO_MONEY]}) as provider:
        url = f"{provider.url}/v1"
        pool = Pool.from_keys("openai", [ONE, TWO], base_url=url)
        http = openai.DefaultHttpxClient(auth=credpool.httpx2.PoolAuth(pool), trust_env=False)
        client = openai.OpenAI(api_key="x", base_url=url, http_client=http)
        with client:
            raw = client.chat.completions.with_raw_response.create(
                model="gpt-5", messages=[{"role": "user", "content": "Hello."}], stream=stream
            )
            answer = raw.http_response.extensions["credpool"]

    assert (answer.entry, answer.attempts[0].failure) == ("key-2", FailureClass.OUT_OF_CREDIT)


def test_an_event_says_of_which_pool_it_is() -> None:
    """One listener of several pools tells them apart."""
    told: list[events.Event] = []
    for provider in ("openai", "groq"):
        pool = Pool.from_keys(provider, [ONE, TWO], base_url="https://api.openai.com/v1")
        pool.listen(told.append)
        asked(httpx2, credpool.httpx2.PoolAuth)(pool, FakeProvider({ONE: [NO_MONEY]}))

    assert [(event.pool, event.name) for event in told] == [
        (pool, name) for pool in ("openai", "groq") for name in ("entry.cooled", "entry.switched")
    ]


def test_a_program_without_a_log_is_told_nothing() -> None:
    """Python prints warnings that nobody has asked for; a pool that runs dry is no exception."""
    code = (
        "from credpool import Pool; import logging; "
        "pool = Pool.from_entries('openai', []); from credpool.httpx2 import PoolAuth; import httpx2\n"
        "try: httpx2.Client(auth=PoolAuth(pool)).get('https://api.openai.com/v1/models')\n"
        "except Exception as err: print(type(err).__name__)\n"
        "logging.getLogger('others').warning('this is printed')"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert (ran.stdout, ran.stderr) == ("PoolExhausted\n", "this is printed\n")
