"""Whose quota an entry draws on (spec: scopes and money)."""

from collections.abc import Mapping

from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.providers.account import claims
from credpool.providers.registry import Provider, provider
from credpool.providers.reply import dig


def owner_of(state: PoolState, entry: Entry) -> str | None:
    """Return the owner that a person has set, that a reply has named, or that the token names."""
    # spec: owner.precedence+1
    return entry.owner or entry.learnt_owner or claimed(entry, provider(state.provider))


def named_owner(headers: Mapping[str, str], by: Provider) -> str | None:
    """Return the owner that a reply names, in the first of the registry's headers that is there."""
    return next((value for name in by.owner_headers if (value := headers.get(name))), None)


def claimed(entry: Entry, by: Provider) -> str | None:
    """Return the owner that the entry's token names, where the registry says that it does."""
    path = next((c.owner_claim for c in by.credentials if c.auth_type is entry.auth_type), ())
    if not path or entry.secret is None:
        return None
    found = dig(claims(entry.secret), *path)
    return found if isinstance(found, str) and found else None
