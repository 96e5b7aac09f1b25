"""LangChain, with `langchain-openai`; its clients are those of the `openai` SDK."""

from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from credpool import Pool
from credpool.httpx2 import PoolAuth


def model(pool: Pool, url: str) -> ChatOpenAI:
    """Make a model whose calls the pool answers, blocking ones and others."""
    return ChatOpenAI(
        model="gpt-5",
        api_key="from-the-pool",
        base_url=url,
        http_client=DefaultHttpxClient(auth=PoolAuth(pool)),
        http_async_client=DefaultAsyncHttpxClient(auth=PoolAuth(pool)),
    )


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return model(pool, url).invoke("Say hello.").content


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    return "".join(piece.content for piece in model(pool, url).stream("Say hello."))


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return (await model(pool, url).ainvoke("Say hello.")).content


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    pieces = model(pool, url).astream("Say hello.")
    return "".join([piece.content async for piece in pieces])
