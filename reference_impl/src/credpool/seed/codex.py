"""The login of Codex, in `~/.codex/auth.json`. Its expiry stands in the token itself."""

import base64
import json
from collections.abc import Mapping
from typing import Final

from credpool.model.entry import AuthType
from credpool.model.secret import Secret
from credpool.providers.reply import dig
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds

SOURCE: Final = "codex"


def parse(data: Mapping[str, object]) -> Found | None:
    """Return the login, if the file holds one."""
    token, account = dig(data, "tokens", "access_token"), dig(data, "tokens", "account_id")
    if not isinstance(token, str):
        return None
    return Found(
        source=SOURCE,
        label="Codex",
        secret=Secret(token),
        auth_type=AuthType.OAUTH,
        expires_at=to_seconds("exp", _claims(token).get("exp")),
        owner=account if isinstance(account, str) and account else None,
    )


def _claims(token: str) -> Mapping[str, object]:
    """Return what a JWT says of itself; nothing is verified, for nothing is decided by it."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
