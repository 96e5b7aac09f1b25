"""The `anthropic` SDK, from version 2 on; an older one takes `credpool.httpx`."""

from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient

from credpool import Pool
from credpool.httpx2 import PoolAuth

ASKED = {
    "model": "claude-sonnet-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Say hello."}],
}


def client(pool: Pool, url: str) -> Anthropic:
    """Make a client whose calls the pool answers."""
    http = DefaultHttpxClient(auth=PoolAuth(pool))
    return Anthropic(api_key="from-the-pool", base_url=url, http_client=http)


def client_async(pool: Pool, url: str) -> AsyncAnthropic:
    """Make an asynchronous one."""
    http = DefaultAsyncHttpxClient(auth=PoolAuth(pool))
    return AsyncAnthropic(api_key="from-the-pool", base_url=url, http_client=http)


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    with client(pool, url) as llm:
        return llm.messages.create(**ASKED).content[0].text


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    with client(pool, url) as llm, llm.messages.stream(**ASKED) as pieces:
        return "".join(pieces.text_stream)


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    async with client_async(pool, url) as llm:
        return (await llm.messages.create(**ASKED)).content[0].text


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    async with client_async(pool, url) as llm, llm.messages.stream(**ASKED) as pieces:
        return "".join([piece async for piece in pieces.text_stream])
