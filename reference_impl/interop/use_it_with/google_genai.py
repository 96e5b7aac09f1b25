"""The `google-genai` SDK, with keys of Google AI Studio: a pool of `gemini`."""

import httpx
from google import genai
from google.genai.types import HttpOptions

from credpool import Pool
from credpool.httpx import PoolAuth

ASKED = {"model": "gemini-2.5-flash", "contents": "Say hello."}


def client(pool: Pool, url: str) -> genai.Client:
    """Make a client whose calls the pool answers, blocking ones and, with `.aio`, others."""
    options = HttpOptions(
        base_url=url,
        httpx_client=httpx.Client(auth=PoolAuth(pool), timeout=600),
        httpx_async_client=httpx.AsyncClient(auth=PoolAuth(pool), timeout=600),
    )
    return genai.Client(api_key="from-the-pool", http_options=options)


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return client(pool, url).models.generate_content(**ASKED).text


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    llm = client(pool, url)
    return "".join(piece.text for piece in llm.models.generate_content_stream(**ASKED))


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return (await client(pool, url).aio.models.generate_content(**ASKED)).text


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    pieces = await client(pool, url).aio.models.generate_content_stream(**ASKED)
    return "".join([piece.text async for piece in pieces])
