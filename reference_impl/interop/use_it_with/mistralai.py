"""The `mistralai` SDK, which is built on `httpx`."""

import httpx
from mistralai.client import Mistral

from credpool import Pool
from credpool.httpx import PoolAuth

ASKED = {
    "model": "mistral-large-latest",
    "messages": [{"role": "user", "content": "Say hello."}],
}


def client(pool: Pool, url: str) -> Mistral:
    """Make a client whose calls the pool answers, blocking ones and others."""
    return Mistral(
        api_key="from-the-pool",
        server_url=url,
        client=httpx.Client(auth=PoolAuth(pool), timeout=600),
        async_client=httpx.AsyncClient(auth=PoolAuth(pool), timeout=600),
    )


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return client(pool, url).chat.complete(**ASKED).choices[0].message.content


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    with client(pool, url).chat.stream(**ASKED) as pieces:
        return "".join(piece.data.choices[0].delta.content for piece in pieces)


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    answer = await client(pool, url).chat.complete_async(**ASKED)
    return answer.choices[0].message.content


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    async with await client(pool, url).chat.stream_async(**ASKED) as pieces:
        return "".join([piece.data.choices[0].delta.content async for piece in pieces])
