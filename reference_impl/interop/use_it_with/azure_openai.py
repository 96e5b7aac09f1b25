"""Azure OpenAI, with the `openai` SDK: a pool of `azure-openai` keys of one resource."""

from openai import AsyncAzureOpenAI, AzureOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient

from credpool import Pool
from credpool.httpx2 import PoolAuth

HELLO = {"role": "user", "content": "Say hello."}


def client(pool: Pool, url: str) -> AzureOpenAI:
    """Make a client whose calls the pool answers."""
    http = DefaultHttpxClient(auth=PoolAuth(pool))
    return AzureOpenAI(
        api_key="from-the-pool", api_version="2024-10-21", azure_endpoint=url, http_client=http
    )


def client_async(pool: Pool, url: str) -> AsyncAzureOpenAI:
    """Make an asynchronous one."""
    http = DefaultAsyncHttpxClient(auth=PoolAuth(pool))
    return AsyncAzureOpenAI(
        api_key="from-the-pool", api_version="2024-10-21", azure_endpoint=url, http_client=http
    )


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    with client(pool, url) as llm:
        answer = llm.chat.completions.create(model="my-deployment", messages=[HELLO])
    return answer.choices[0].message.content


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    with client(pool, url) as llm:
        pieces = llm.chat.completions.create(model="my-deployment", messages=[HELLO], stream=True)
        return "".join(piece.choices[0].delta.content for piece in pieces)


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    async with client_async(pool, url) as llm:
        answer = await llm.chat.completions.create(model="my-deployment", messages=[HELLO])
    return answer.choices[0].message.content


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    async with client_async(pool, url) as llm:
        pieces = await llm.chat.completions.create(
            model="my-deployment", messages=[HELLO], stream=True
        )
        return "".join([piece.choices[0].delta.content async for piece in pieces])
