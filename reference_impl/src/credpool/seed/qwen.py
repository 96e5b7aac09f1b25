"""The login of Qwen Code, in `~/.qwen/oauth_creds.json`."""

from collections.abc import Mapping
from typing import Final

from credpool.model.entry import AuthType
from credpool.model.secret import Secret
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds

SOURCE: Final = "qwen-cli"
_USUAL: Final = "portal.qwen.ai"


def parse(data: Mapping[str, object]) -> Found | None:
    """Return the login, if the file holds one; the file says which host it is for."""
    token, host = data.get("access_token"), data.get("resource_url")
    if not isinstance(token, str):
        return None
    host = host.rstrip("/") if isinstance(host, str) and host else _USUAL
    base_url = host if "://" in host else f"https://{host}"
    return Found(
        source=SOURCE,
        label="Qwen Code",
        secret=Secret(token),
        auth_type=AuthType.OAUTH,
        base_url=base_url if base_url.endswith("/v1") else f"{base_url}/v1",
        expires_at=to_seconds("expiry_date_ms", data.get("expiry_date")),
    )
