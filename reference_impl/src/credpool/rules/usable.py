"""The entries that nothing is sent with, and the reason (spec: pools, operator).

It is computed from what the entry holds, and never stored: a row that was corrected is usable.
A reason is said in words that follow the entry's name.
"""

from collections.abc import Callable, Iterator
from typing import Final

from credpool.model.credential import url_flaw
from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.model.terms import AuthType
from credpool.providers.grant import why_unrefreshable
from credpool.providers.registry import provider
from credpool.providers.wire import base_url

NO_SECRET: Final = "has no secret"  # noqa: S105 (a reason)
"""Why an entry is passed over whose secret is not there; nothing is wrong with what is."""

DISABLED: Final = "is disabled"
"""Why an entry is passed over that a person has paused."""

NOT_SERVED: Final = "does not serve the model"
"""Why an entry is passed over that is for other models."""

WhyNot = Callable[[Entry], str | None]
"""Says why nothing is sent with an entry; None for one that can be used."""


def why_unusable(state: PoolState, model: str | None = None) -> WhyNot:
    """Return who says why nothing is sent with an entry of the pool, for a model or at all."""
    paused = {e.secret for e in state.entries if e.disabled} - {None}
    known = provider(state.provider)
    placed = any(base_url(e, known) for e in state.entries)
    homes: dict[tuple[str | None, AuthType], str | None] = {}  # most entries share one

    def why(entry: Entry) -> str | None:
        secret = entry.secret
        if entry.disabled or secret in paused:  # spec: operator.disable+1
            return DISABLED
        if secret is None:
            return NO_SECRET
        if not entry.takes(model):  # spec: select.serves+1
            return NOT_SERVED
        if secret.flaw is not None:
            return f"has a secret that {secret.flaw}"
        home = (entry.base_url, entry.auth_type)
        if home not in homes:
            homes[home] = _why_no_home(base_url(entry, known), placed=placed)
        return homes[home]

    return why


def is_disabled(state: PoolState, entry: Entry) -> bool:
    """Return whether a person has paused the entry, or another one with its secret."""
    return entry.disabled or any(e.disabled for e in state.twins(entry))


def _why_no_home(url: str, *, placed: bool) -> str | None:
    """Return what is wrong with an entry's address; where nobody has one, the call says so."""
    if not url:
        return "has no base_url, and neither has its provider" if placed else None
    flaw = url_flaw(url)
    return None if flaw is None else f"has a base_url that {flaw}"


def flawed(state: PoolState) -> Iterator[tuple[Entry, str]]:
    """Yield the entries of which something cannot be sent, each with the reason."""
    why_not = why_unusable(state)
    for entry in state.entries:
        why = why_not(entry)
        why = why_unrefreshable(entry) if why is None else why
        if why not in (None, NO_SECRET, DISABLED):
            yield entry, why
