"""Speak to token endpoints, on a client of its own: never through the caller's, and no redirect.

One deadline holds for all of a request: the look-up of the host, the connection, and each byte of
the reply. Only an event loop can keep it, so each request has one, in a thread that has none.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from functools import cache
from ssl import SSLContext
from typing import Final

import httpx2

from credpool._process.forks import PerProcess
from credpool._process.threads import detached, outcome
from credpool.model.policy import LONGEST_EXCHANGE
from credpool.providers.grant import NoReply, TokenRequest
from credpool.providers.reply import Reply

MOST_READ: Final = 256 * 1024
"""How much of a reply is read, in bytes; tokens are a few thousand."""

_HEADERS: Final = {"accept": "application/json"}  # some answer with a form otherwise
# Making one takes longer than the rest of a refresh.
_TRUST: Final = PerProcess(lambda: cache(httpx2.create_ssl_context))


def post(asked: TokenRequest, within: float) -> Reply | NoReply:
    """Make one request, in a thread without an event loop, and take at most so many seconds."""
    trust, loop = _TRUST.value(), asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_answer(asked, trust, within))
    finally:
        loop.run_until_complete(asyncio.sleep(0))  # what was closed is let go in the next round
        loop.close()  # and nobody waits for a look-up that hangs


def ask(asked: TokenRequest) -> Reply | None:
    """Ask a token endpoint, whatever runs in this thread; None when it does not answer."""
    return _reply(detached(lambda: post(asked, LONGEST_EXCHANGE)).result())


async def ask_async(asked: TokenRequest) -> Reply | None:
    """Ask a token endpoint; None when it does not answer."""
    return _reply(await outcome(detached(lambda: post(asked, LONGEST_EXCHANGE))))


async def _answer(asked: TokenRequest, trust: SSLContext, within: float) -> Reply | NoReply:
    watch = _Watch()
    patience = httpx2.Timeout(None, connect=within / 2)  # a handshake is twice that at most
    try:
        async with (
            asyncio.timeout(within),
            httpx2.AsyncClient(verify=trust, timeout=patience) as client,
        ):
            sending = client.stream(
                "POST", asked.url, data=asked.form, headers=_HEADERS, extensions={"trace": watch}
            )
            async with sending as response:
                body = await _read(response)
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL):
        return NoReply(watch.sent)
    return Reply(response.status_code, dict(response.headers), body)


class _Watch:
    """Notices when a request begins to leave; a tunnel through a proxy carries no token."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self, step: str, about: Mapping[str, object]) -> None:
        if step.endswith("send_request_headers.started"):
            self.sent |= getattr(about.get("request"), "method", None) != b"CONNECT"


async def _read(response: httpx2.Response) -> bytes:
    """Return the body, or its beginning when nobody would call it a token."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > MOST_READ:
                break
    return bytes(body[:MOST_READ])


def _reply(found: Reply | NoReply) -> Reply | None:
    return found if isinstance(found, Reply) else None
