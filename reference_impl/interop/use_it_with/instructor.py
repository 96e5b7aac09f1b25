"""instructor, around a client of the `openai` SDK; it needs one before version 3."""

import instructor
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from credpool import Pool
from credpool.httpx import PoolAuth


class Greeting(BaseModel):
    """The answer that is asked for."""

    text: str = ""


ASKED = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "Say hello."}],
    "response_model": Greeting,
}


def client(pool: Pool, url: str) -> instructor.Instructor:
    """Make a client whose calls the pool answers."""
    http = DefaultHttpxClient(auth=PoolAuth(pool))
    llm = OpenAI(api_key="from-the-pool", base_url=url, http_client=http)
    return instructor.from_openai(llm, mode=instructor.Mode.JSON)


def client_async(pool: Pool, url: str) -> instructor.AsyncInstructor:
    """Make an asynchronous one."""
    http = DefaultAsyncHttpxClient(auth=PoolAuth(pool))
    llm = AsyncOpenAI(api_key="from-the-pool", base_url=url, http_client=http)
    return instructor.from_openai(llm, mode=instructor.Mode.JSON)


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return client(pool, url).create(**ASKED).text


def stream(pool: Pool, url: str) -> str:
    """Get the answer while it grows; the last one is whole."""
    *_, whole = client(pool, url).create_partial(**ASKED)
    return whole.text


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return (await client_async(pool, url).create(**ASKED)).text


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer while it grows; the last one is whole."""
    parts = [part async for part in client_async(pool, url).create_partial(**ASKED)]
    return parts[-1].text
