"""The login of Claude Code, in `~/.claude/.credentials.json`."""

from collections.abc import Mapping
from typing import Final

from credpool.core.fields import to_seconds
from credpool.core.model import AuthType
from credpool.core.reply import dig
from credpool.core.secret import Secret
from credpool.core.seeding import Found

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
