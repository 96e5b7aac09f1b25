"""The tools whose logins are borrowed: where their files are, and what stands where in them (spec: seeding)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from credpool.model.secret import Secret
from credpool.model.terms import AuthType
from credpool.providers.owner import claims
from credpool.providers.reply import dig
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that logs in by itself, and where its file has what a pool needs."""

    source: str
    label: str
    pool: str
    folder: str
    """Where the tool keeps its files, from the home folder."""
    file: str
    """The file, from the tool's folder."""
    variable: str | None = None
    """The variable that names another folder for the tool."""
    auth_type: AuthType = AuthType.OAUTH
    token: Sequence[str] = ("access_token",)
    refresh: Sequence[str] = ("refresh_token",)
    expires: Sequence[str] = ()
    """The place of the token's end; without one the token itself tells its end."""
    unit: str = "expires_at_ms"
    """How the ends are written: the name of a field of `auth.json` with the same unit."""
    ends: Sequence[str] = ()
    """The place of the login's last day; without one a refresh token may tell it itself."""
    owner: Sequence[str] = ()
    host: Sequence[str] = ()
    usual_host: str | None = None
    """The host where the file names none; a tool without one uses the provider's own."""
    unless: Sequence[str] = ()
    """The place of a credential that the tool prefers to this one."""
    otherwise: tuple[str, Sequence[str]] | None = None
    """The pool of the file's credential when it is at that place, and no login is there."""

    def login(self, data: Mapping[str, object]) -> Found | None:
        """Return the login, if the file holds one."""
        token, owner = dig(data, *self.token), dig(data, *self.owner) if self.owner else None
        if not isinstance(token, str) or not token or (self.unless and dig(data, *self.unless)):
            return None
        return Found(
            source=self.source,
            label=self.label,
            secret=Secret(token),
            auth_type=self.auth_type,
            expires_at=self._end(data, token),
            login_ends_at=self._last_day(data),
            owner=owner if isinstance(owner, str) and owner else None,
            base_url=self._base_url(data),
        )

    def other_pool(self, data: Mapping[str, object]) -> str | None:
        """Return the pool that the file's credential belongs to in the tool's other mode."""
        pool, place = self.otherwise or ("", ())
        return pool if place and dig(data, *place) else None

    def _end(self, data: Mapping[str, object], token: str) -> float | None:
        if self.expires:
            return to_seconds(self.unit, dig(data, *self.expires))
        return to_seconds("exp", dig(claims(token), "exp"))

    def _last_day(self, data: Mapping[str, object]) -> float | None:
        if self.ends:
            return to_seconds(self.unit, dig(data, *self.ends))
        return to_seconds("exp", dig(claims(dig(data, *self.refresh)), "exp"))

    def _base_url(self, data: Mapping[str, object]) -> str | None:
        if self.usual_host is None:
            return None
        told = dig(data, *self.host)
        host = told.rstrip("/") if isinstance(told, str) and told else self.usual_host
        url = host if "://" in host else f"https://{host}"
        return url if url.endswith("/v1") else f"{url}/v1"


_CODEX_KEY: Final = ("OPENAI_API_KEY",)

TOOLS: Final = (  # spec: borrow.files+2
    Tool(
        source="claude_code",
        label="Claude Code",
        pool="anthropic",
        folder=".claude",
        file=".credentials.json",
        variable="CLAUDE_CONFIG_DIR",
        token=("claudeAiOauth", "accessToken"),
        expires=("claudeAiOauth", "expiresAt"),
        ends=("claudeAiOauth", "refreshTokenExpiresAt"),
    ),
    Tool(
        source="codex",
        label="Codex",
        pool="chatgpt",
        folder=".codex",
        file="auth.json",
        variable="CODEX_HOME",
        token=("tokens", "access_token"),
        refresh=("tokens", "refresh_token"),
        owner=("tokens", "account_id"),
        otherwise=("openai", _CODEX_KEY),
    ),
    Tool(
        source="gemini_cli",
        label="Gemini CLI",
        pool="gemini",
        folder=".gemini",
        file="oauth_creds.json",
        expires=("expiry_date",),
    ),
    Tool(
        source="kimi_code",
        label="Kimi Code",
        pool="kimi-code",
        folder=".kimi-code",
        file="credentials/kimi-code.json",
        variable="KIMI_CODE_HOME",
        expires=("expires_at",),
        unit="expires_at",
    ),
    Tool(
        source="kimi_cli",
        label="Kimi CLI",
        pool="kimi-code",
        folder=".kimi",
        file="credentials/kimi-code.json",
        expires=("expires_at",),
        unit="expires_at",
    ),
    Tool(
        source="qwen-cli",
        label="Qwen Code",
        pool="qwen-oauth",
        folder=".qwen",
        file="oauth_creds.json",
        expires=("expiry_date",),
        host=("resource_url",),
        usual_host="portal.qwen.ai",
    ),
    Tool(
        source="codex",
        label="Codex",
        pool="openai",
        folder=".codex",
        file="auth.json",
        variable="CODEX_HOME",
        auth_type=AuthType.API_KEY,
        token=_CODEX_KEY,
        unless=("tokens", "access_token"),
    ),
)


def tools_of(key: str) -> list[Tool]:
    """Return the tools whose logins belong to a pool."""
    return [tool for tool in TOOLS if tool.pool == key]
