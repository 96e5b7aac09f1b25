"""Ask with each entry one question that costs nothing: `credpool test`.

A key goes to its own origin alone, no redirect is followed, and the pool stays as it is.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import httpx2

from credpool.httpx2 import SealedHeaders
from credpool.model.entry import Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.providers import registry, wire
from credpool.providers.registry import Question
from credpool.providers.reply import Reply
from credpool.rules.usable import DISABLED, NO_SECRET, why_unusable

PATIENCE: Final = 10.0
"""How many seconds a question may take, from the look-up of its host to the end of its reply."""

AT_ONCE: Final = 8
"""How many questions are under way at once."""

MOST_READ: Final = 64 * 1024
"""How much of a reply is read, in bytes."""

_WHY_NOT: Final = {DISABLED: "it is disabled", NO_SECRET: "there is no key for it"}


@dataclass(frozen=True, slots=True)
class Trial:
    """An entry of a pool, and what became of its question: a reply, nothing, or why it was not asked."""

    state: PoolState
    entry: Entry
    reply: Reply | None = None
    not_asked: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request: a secret and a place; several entries may share it."""

    url: str
    question: Question = field(hash=False, compare=False)
    secret: Secret


def try_all(
    states: Sequence[PoolState],
    *,
    patience: float = PATIENCE,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> list[Trial]:
    """Ask with every entry of the pools, and return what became of it, in their order.

    Args:
        states: the pools.
        patience: how many seconds one question may take.
        transport: in place of the network.
    """
    planned = [(state, entry, _plan(state, entry)) for state in states for entry in state.entries]
    needed = {p: (state, entry) for state, entry, p in planned if isinstance(p, _Asked)}
    loop = asyncio.new_event_loop()
    try:
        replies = loop.run_until_complete(_replies(needed, patience, transport))
    finally:
        loop.close()  # nobody waits for a look-up that hangs
    return [
        Trial(state, entry, not_asked=plan)
        if isinstance(plan, str)
        else Trial(state, entry, reply=replies[plan])
        for state, entry, plan in planned
    ]


def _plan(state: PoolState, entry: Entry) -> _Asked | str:
    """Return the question for an entry, or why there is none."""
    why = why_unusable(state)(entry)
    if why is not None or entry.secret is None:
        return _WHY_NOT.get(why or NO_SECRET, why or "")
    provider = registry.provider_of(state)
    ways = [way for way in provider.credentials if way.auth_type is entry.auth_type]
    question = ways[0].question if ways else None
    if question is None:
        return "no harmless question is known"
    base = wire.base_url(entry, provider)
    return _Asked(base + question.path, question, entry.secret) if base else "it has no base URL"


async def _replies(
    needed: dict[_Asked, tuple[PoolState, Entry]],
    patience: float,
    transport: httpx2.AsyncBaseTransport | None,
) -> dict[_Asked, Reply | None]:
    gate = asyncio.Semaphore(AT_ONCE)
    timeout = httpx2.Timeout(None)  # one deadline holds for all of a question
    async with httpx2.AsyncClient(timeout=timeout, transport=transport) as client:

        async def one(asked: _Asked, state: PoolState, entry: Entry) -> Reply | None:
            async with gate:
                return await _reply(client, _request(client, asked, state, entry), patience)

        asking = (one(asked, *whose) for asked, whose in needed.items())
        return dict(zip(needed, await asyncio.gather(*asking), strict=True))


def _request(
    client: httpx2.AsyncClient, asked: _Asked, state: PoolState, entry: Entry
) -> httpx2.Request:
    request = client.build_request("GET", asked.url, headers=asked.question.headers)
    sealed = wire.seal(entry, registry.provider_of(state), request.headers)
    request.headers = SealedHeaders(request.headers, sealed)
    return request


async def _reply(
    client: httpx2.AsyncClient, request: httpx2.Request, patience: float
) -> Reply | None:
    """Return the reply, or None if none came in time."""
    try:
        async with asyncio.timeout(patience):
            response = await client.send(request, stream=True, follow_redirects=False)
            async with aclosing(response):
                body = await _beginning(response)
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL):
        return None
    return Reply(response.status_code, dict(response.headers), body)


async def _beginning(response: httpx2.Response) -> bytes:
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) >= MOST_READ:
                break
    return bytes(body[:MOST_READ])
