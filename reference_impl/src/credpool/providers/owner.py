"""The account of a token, and the owner whose quota an entry draws on (spec: logins, owners).

Claims are read, never verified: nothing is granted by them.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

from credpool.model.entry import Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.providers.registry import Provider, provider_of
from credpool.providers.reply import dig

_WORKSPACES: Final = (
    ("https://api.openai.com/auth", "chatgpt_account_id"),
    ("chatgpt_account_id",),
    ("organization", "uuid"),
)
_PERSONS: Final = (("sub",), ("account", "uuid"), ("email",))
_NAMES: Final = (("email",), ("preferred_username",), ("account", "email_address"))


def owner_of(state: PoolState, entry: Entry) -> str | None:
    """Return the owner that a person has set, that a reply has named, or that the token names."""
    # spec: owner.precedence+1
    return entry.owner or entry.learnt_owner or claimed(entry, provider_of(state))


def named_owner(headers: Mapping[str, str], by: Provider) -> str | None:
    """Return the owner that a reply names, in the first of the registry's headers that is there."""
    told = (headers[name] for name in by.owner_headers if name in headers)
    return next(filter(None, told), None)


def claimed(entry: Entry, by: Provider) -> str | None:
    """Return the owner that the entry's token names, where the registry says that it does."""
    path = next((c.owner_claim for c in by.credentials if c.auth_type is entry.auth_type), ())
    if not path or entry.secret is None:
        return None
    found = dig(claims(entry.secret), *path)
    return found if isinstance(found, str) and found else None


def account(told: object) -> str | None:
    """Return the account that claims, or a token reply, speak of: the person, and their workspace."""
    person = _first(told, _PERSONS)
    workspace = _first(told, _WORKSPACES)
    return None if person is None else f"{person}/{workspace}" if workspace else person


def name(told: object) -> str | None:
    """Return what a person would call the account."""
    return _first(told, _NAMES)


def claims(token: object) -> object:
    """Return what a JSON web token says, or None for any other token."""
    text = token.reveal() if isinstance(token, Secret) else token
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 3:
        return None
    try:
        found: object = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found


def _first(told: object, paths: tuple[tuple[str, ...], ...]) -> str | None:
    found = (dig(told, *path) for path in paths)
    return next((text for text in found if isinstance(text, str) and text), None)
