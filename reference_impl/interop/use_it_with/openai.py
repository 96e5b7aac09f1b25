"""The `openai` SDK: version 3 or newer takes `credpool.httpx2`, an older one `credpool.httpx`."""

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from credpool import Pool
from credpool.httpx2 import PoolAuth

HELLO = {"role": "user", "content": "Say hello."}


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
    with client(pool, url) as llm:
        answer = llm.chat.completions.create(model="gpt-5", messages=[HELLO])
    return answer.choices[0].message.content


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    with client(pool, url) as llm:
        pieces = llm.chat.completions.create(model="gpt-5", messages=[HELLO], stream=True)
        return "".join(piece.choices[0].delta.content for piece in pieces)


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    async with client_async(pool, url) as llm:
        answer = await llm.chat.completions.create(model="gpt-5", messages=[HELLO])
    return answer.choices[0].message.content


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    async with client_async(pool, url) as llm:
        pieces = await llm.chat.completions.create(model="gpt-5", messages=[HELLO], stream=True)
        return "".join([piece.choices[0].delta.content async for piece in pieces])
