"""Which entries nothing can be sent with, and why (spec: pools).

It is computed of what the entry holds, and never stored: whoever corrects the row has corrected it.
"""

from collections.abc import Iterator
from typing import Final

from credpool.core.credential import bare, label_flaw, url_flaw
from credpool.core.model import Entry, PoolState
from credpool.core.registry import Provider, provider
from credpool.core.wire import base_url

NO_SECRET: Final = "it has no secret"  # noqa: S105 (a reason)
"""Why an entry is passed over whose secret is not there; nothing is wrong with what is."""

CLIENT: Final = ("client_id", "client_secret")
"""The fields of an entry that name the client its login was made with; the operator's own."""


def why_unusable(entry: Entry, known: Provider) -> str | None:
    """Return why nothing can be sent with an entry of that provider, or None."""
    secret = entry.secret
    if secret is None:
        return NO_SECRET
    if secret.flaw is not None:
        return f"its secret {secret.flaw}"
    home = base_url(entry, known)
    if not home:
        return "it has no base_url, and its provider has no endpoint of its own"
    flaw = url_flaw(home)
    if flaw is not None:
        return f"its base_url {flaw}"
    return _unrefreshable(entry) if entry.refreshable else None


def is_usable(entry: Entry, known: Provider) -> bool:
    """Whether a request can be sent with the entry, as far as what it holds goes."""
    return why_unusable(entry, known) is None  # spec: pool.unusable+1


def why_in(state: PoolState, entry: Entry) -> str | None:
    """Return why nothing can be sent with an entry of that pool, or None."""
    return why_unusable(entry, provider(state.provider))


def flawed(state: PoolState) -> Iterator[tuple[Entry, str]]:
    """Yield the entries of which something cannot be sent, each with the reason."""
    known = provider(state.provider)
    for entry in state.entries:
        why = why_unusable(entry, known)
        if why is not None and why != NO_SECRET:
            yield entry, why


def _unrefreshable(entry: Entry) -> str | None:
    """Return why the entry's login can never be refreshed, or None."""
    token, url = entry.refresh_token, bare(entry.token_url or "")
    if token is not None and token.flaw is not None:
        return f"its refresh token {token.flaw}"
    flaw = url_flaw(url) if url else None
    if flaw is not None:
        return f"its token_url {flaw}"
    told = ((name, entry.extra.get(name)) for name in CLIENT)
    flaws = ((n, label_flaw(value)) for n, value in told if isinstance(value, str))
    return next((f"its {name} {flaw}" for name, flaw in flaws if flaw is not None), None)
