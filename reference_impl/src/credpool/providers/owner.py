"""Whose quota an entry draws on (spec: scopes and money)."""

import base64
import binascii
import json
from collections.abc import Mapping

from credpool.model.entry import Entry, PoolState
from credpool.model.secret import Secret
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
    found = dig(_claims(entry.secret), *path)
    return found if isinstance(found, str) and found else None


def _claims(token: Secret) -> object:
    """Return what a JSON Web Token says (RFC 7519), or None; nobody's signature is checked."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: object = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return claims
