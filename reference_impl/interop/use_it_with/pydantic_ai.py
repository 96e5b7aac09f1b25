"""pydantic-ai, with a model of OpenAI's; those of Anthropic take the same client."""

import httpx2
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from credpool import Pool
from credpool.httpx2 import PoolAuth


def agent(pool: Pool, url: str) -> Agent:
    """Make an agent whose calls the pool answers."""
    http = httpx2.AsyncClient(auth=PoolAuth(pool), timeout=600, follow_redirects=True)
    provider = OpenAIProvider(base_url=url, api_key="from-the-pool", http_client=http)
    return Agent(OpenAIChatModel("gpt-5", provider=provider))


def ask(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return agent(pool, url).run_sync("Say hello.").output


def stream(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    return "".join(agent(pool, url).run_stream_sync("Say hello.").stream_text(delta=True))


async def ask_async(pool: Pool, url: str) -> str:
    """Get a whole answer."""
    return (await agent(pool, url).run("Say hello.")).output


async def stream_async(pool: Pool, url: str) -> str:
    """Get the answer piece by piece."""
    async with agent(pool, url).run_stream("Say hello.") as answer:
        return "".join([piece async for piece in answer.stream_text(delta=True)])
