"""The login of Gemini CLI, in `~/.gemini/oauth_creds.json`."""

from collections.abc import Mapping
from typing import Final

from credpool.model.entry import AuthType
from credpool.model.secret import Secret
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds

SOURCE: Final = "gemini_cli"


def parse(data: Mapping[str, object]) -> Found | None:
    """Return the login, if the file holds one."""
    token = data.get("access_token")
    if not isinstance(token, str):
        return None
    return Found(
        source=SOURCE,
        label="Gemini CLI",
        secret=Secret(token),
        auth_type=AuthType.OAUTH,
        expires_at=to_seconds("expiry_date_ms", data.get("expiry_date")),
    )
