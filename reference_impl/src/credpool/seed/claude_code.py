"""The login of Claude Code, in `~/.claude/.credentials.json`."""

from collections.abc import Mapping
from typing import Final

from credpool.model.entry import AuthType
from credpool.model.secret import Secret
from credpool.providers.reply import dig
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds

SOURCE: Final = "claude_code"


def parse(data: Mapping[str, object]) -> Found | None:
    """Return the login, if the file holds one."""
    token = dig(data, "claudeAiOauth", "accessToken")
    if not isinstance(token, str):
        return None
    return Found(
        source=SOURCE,
        label="Claude Code",
        secret=Secret(token),
        auth_type=AuthType.OAUTH,
        expires_at=to_seconds("expires_at_ms", dig(data, "claudeAiOauth", "expiresAt")),
    )
