"""An agent framework, pydantic-ai, whose models send through a pool: sync, async and streaming.

Run by `nox -s pydantic_ai`, in an environment of its own.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from credpool import Pool
from credpool.httpx2 import PoolAuth
from credpool.testing import FakeProvider, FakeReply

ONE, TWO = "sk-made-up-one", "sk-made-up-two"
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")
PLACEHOLDER = "from-the-pool"


def chat(url: str, http: httpx2.AsyncClient) -> Model:
    """Speak OpenAI's chat completions."""
    told = OpenAIProvider(base_url=f"{url}/v1", api_key=PLACEHOLDER, http_client=http)
    return OpenAIChatModel("gpt-5", provider=told)


def responses(url: str, http: httpx2.AsyncClient) -> Model:
    """Speak OpenAI's responses."""
    told = OpenAIProvider(base_url=f"{url}/v1", api_key=PLACEHOLDER, http_client=http)
    return OpenAIResponsesModel("gpt-5", provider=told)


def messages(url: str, http: httpx2.AsyncClient) -> Model:
    """Speak Anthropic's messages."""
    told = AnthropicProvider(base_url=url, api_key=PLACEHOLDER, http_client=http)
    return AnthropicModel("claude-sonnet-5", provider=told)


@dataclass(frozen=True, slots=True)
class Api:
    """One way of asking: whose keys, at which address, as which model."""

    provider: str
    path: str
    model: Callable[[str, httpx2.AsyncClient], Model]


APIS = {
    "chat": Api("openai", "/v1", chat),
    "responses": Api("openai", "/v1", responses),
    "messages": Api("anthropic", "", messages),
}


@pytest.fixture(params=[*APIS])
def api(request: pytest.FixtureRequest) -> Api:
    """Each API in turn."""
    return APIS[request.param]


@pytest.fixture
def upstream() -> Iterator[FakeProvider]:
    """Serve a provider on the loopback address, at which the first key has no money."""
    with FakeProvider({ONE: [NO_MONEY]}) as served:
        yield served


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Provide the event loop that `run_sync` finds, and leaves open."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    made.close()
    asyncio.set_event_loop(None)


def pool_at(api: Api, upstream: FakeProvider) -> Pool:
    """Open a pool of two keys."""
    return Pool.from_keys(api.provider, [ONE, TWO], base_url=upstream.url + api.path)


def client_of(pool: Pool) -> httpx2.AsyncClient:
    """Make the client that the framework is given."""
    return httpx2.AsyncClient(auth=PoolAuth(pool), verify=False, trust_env=False)


def test_a_blocking_run_rotates(
    api: Api, upstream: FakeProvider, loop: asyncio.AbstractEventLoop
) -> None:
    """`run_sync` gets its answer from the second key, and is not told of the first."""
    http = client_of(pool_at(api, upstream))
    agent = Agent(api.model(upstream.url, http))

    answer = agent.run_sync("Say hello.")

    loop.run_until_complete(http.aclose())
    assert answer.output
    assert upstream.secrets == [ONE, TWO]


def test_runs_at_once_share_what_one_has_learnt(api: Api, upstream: FakeProvider) -> None:
    """Of four runs one asks the empty key, and so does nobody afterwards."""
    pool = pool_at(api, upstream)

    async def run() -> list[str]:
        async with client_of(pool) as http:
            agent = Agent(api.model(upstream.url, http))
            first = await agent.run("Say hello.")
            rest = await asyncio.gather(*(agent.run("Say hello.") for _ in range(3)))
            return [first.output, *(answer.output for answer in rest)]

    answers = asyncio.run(run())

    assert all(answers)
    assert upstream.secrets == [ONE, TWO, TWO, TWO, TWO]


def test_a_stream_rotates_before_its_first_word(api: Api, upstream: FakeProvider) -> None:
    """A streamed run has its whole text from one key."""
    pool = pool_at(api, upstream)

    async def run() -> str:
        async with client_of(pool) as http:
            agent = Agent(api.model(upstream.url, http))
            async with agent.run_stream("Say hello.") as stream:
                return "".join([part async for part in stream.stream_text(delta=True)])

    text = asyncio.run(run())

    assert text
    assert upstream.secrets == [ONE, TWO]


def test_an_exhausted_pool_is_the_providers_last_word(api: Api) -> None:
    """When every key is out the framework raises its own error with the provider's status."""
    with FakeProvider({ONE: [NO_MONEY], TWO: [NO_MONEY]}) as upstream:
        pool = pool_at(api, upstream)

        async def run() -> None:
            async with client_of(pool) as http:
                await Agent(api.model(upstream.url, http)).run("Say hello.")

        with pytest.raises(ModelHTTPError) as caught:
            asyncio.run(run())

        assert caught.value.status_code == 402
        assert upstream.secrets == [ONE, TWO]
        assert pool.exhaustion() is not None
