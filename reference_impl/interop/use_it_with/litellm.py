"""LiteLLM, through the `openai` SDK that it is given; it needs one before version 3."""

import litellm
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from credpool import Pool
from credpool.httpx import PoolAuth

ASKED = {"model": "openai/gpt-5", "messages": [{"role": "user", "content": "Say hello."}]}


def client(pool: Pool, url: str) -> OpenAI:
    """Make a client whose calls the pool answers."""
    http = DefaultHttpxClient(auth=PoolAuth(pool))
    return OpenAI(api_key="from-the-pool", base_url=url, http_client=http)


def client_async(pool: Pool, url: str) -> AsyncOpenAI:
    """Make an asynchronous one."""
    http = DefaultAsyncHttpxClient(auth=PoolAuth(pool))
    return AsyncOpenAI(api_key="from-the-pool", base_url=url, http_client=http)


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    answer = litellm.completion(client=client(pool, url), **ASKED)
    return answer.choices[0].message.content


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    pieces = litellm.completion(client=client(pool, url), stream=True, **ASKED)
    return "".join(piece.choices[0].delta.content or "" for piece in pieces)


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    answer = await litellm.acompletion(client=client_async(pool, url), **ASKED)
    return answer.choices[0].message.content


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    pieces = await litellm.acompletion(client=client_async(pool, url), stream=True, **ASKED)
    return "".join([piece.choices[0].delta.content or "" async for piece in pieces])
