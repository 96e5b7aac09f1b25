"""Speak to token endpoints, on a client of its own: never through the caller's, and no redirect."""

from functools import cache
from typing import Final

import httpx2

from credpool.core.reply import Reply
from credpool.oauth.refresh import TokenRequest

_HEADERS: Final = {"accept": "application/json"}  # some answer with a form otherwise
_trust = cache(httpx2.create_ssl_context)  # making one takes longer than the rest of a refresh


def post(asked: TokenRequest) -> Reply | None:
    """Speak to a token endpoint; None when it does not answer."""
    try:
        with httpx2.Client(verify=_trust()) as client:
            return _reply(client.post(asked.url, data=asked.form, headers=_HEADERS))
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None


async def post_async(asked: TokenRequest) -> Reply | None:
    """Speak to a token endpoint; None when it does not answer."""
    try:
        async with httpx2.AsyncClient(verify=_trust()) as client:
            return _reply(await client.post(asked.url, data=asked.form, headers=_HEADERS))
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None


def _reply(response: httpx2.Response) -> Reply:
    return Reply(response.status_code, dict(response.headers), response.content)
