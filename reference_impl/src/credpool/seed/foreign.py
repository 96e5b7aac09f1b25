"""Logins in the files of other tools: where they are, and how each is read (spec: seeding).

The files are theirs: they are read, and never written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool.config.files import Complaint, Unusable, read_object
from credpool.model.secret import Secret, Veiled
from credpool.model.terms import AuthType
from credpool.providers.owner import claims
from credpool.providers.reply import dig
from credpool.seed.environment import usable
from credpool.seed.found import Found
from credpool.stores.auth_json.fields import to_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that logs in by itself, and where its file has what a pool needs."""

    source: str
    label: str
    pool: str
    path: str
    """From the home folder; from the folder that `variable` names, the file's name alone."""
    variable: str | None = None
    token: Sequence[str] = ("access_token",)
    expires: Sequence[str] = ()
    """The place of the end, in milliseconds; without one the token itself tells its end."""
    owner: Sequence[str] = ()
    host: Sequence[str] = ()
    usual_host: str | None = None
    """The host where the file names none; a tool without one uses the provider's own."""

    def login(self, data: Mapping[str, object]) -> Found | None:
        """Return the login, if the file holds one."""
        token, owner = dig(data, *self.token), dig(data, *self.owner) if self.owner else None
        if not isinstance(token, str):
            return None
        return Found(
            source=self.source,
            label=self.label,
            secret=Secret(token),
            auth_type=AuthType.OAUTH,
            expires_at=self._end(data, token),
            owner=owner if isinstance(owner, str) and owner else None,
            base_url=self._base_url(data),
        )

    def _end(self, data: Mapping[str, object], token: str) -> float | None:
        if self.expires:
            return to_seconds("expires_at_ms", dig(data, *self.expires))
        return to_seconds("exp", dig(claims(token), "exp"))

    def _base_url(self, data: Mapping[str, object]) -> str | None:
        if self.usual_host is None:
            return None
        told = dig(data, *self.host)
        host = told.rstrip("/") if isinstance(told, str) and told else self.usual_host
        url = host if "://" in host else f"https://{host}"
        return url if url.endswith("/v1") else f"{url}/v1"


TOOLS: Final = (  # spec: borrow.files+1
    Tool(
        source="claude_code",
        label="Claude Code",
        pool="anthropic",
        path=".claude/.credentials.json",
        variable="CLAUDE_CONFIG_DIR",
        token=("claudeAiOauth", "accessToken"),
        expires=("claudeAiOauth", "expiresAt"),
    ),
    Tool(
        source="codex",
        label="Codex",
        pool="chatgpt",
        path=".codex/auth.json",
        variable="CODEX_HOME",
        token=("tokens", "access_token"),
        owner=("tokens", "account_id"),
    ),
    Tool(
        source="gemini_cli",
        label="Gemini CLI",
        pool="gemini",
        path=".gemini/oauth_creds.json",
        expires=("expiry_date",),
    ),
    Tool(
        source="qwen-cli",
        label="Qwen Code",
        pool="qwen-oauth",
        path=".qwen/oauth_creds.json",
        expires=("expiry_date",),
        host=("resource_url",),
        usual_host="portal.qwen.ai",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFile:
    """One tool's file in one home."""

    tool: Tool
    home: Path
    variables: Mapping[str, str]

    def read(self) -> Iterator[Found | Complaint]:
        """Tell the login in the file, if there is one."""
        path = self._path()
        try:
            data = read_object(path)
        except Unusable as err:
            yield err.complaint
            return
        if data is None:
            return
        found = self.tool.login(data)
        if found is None:
            fix = f"log in with the tool that owns it, or ignore this ({self.tool.source})"
            yield Complaint(where=str(path), what="holds no known login", fix=fix)
        else:
            yield usable(str(path), Veiled(found.secret.reveal())) or found

    def _path(self) -> Path:
        usual = self.home / self.tool.path
        moved = self.variables.get(self.tool.variable or "")
        return Path(moved) / usual.name if moved else usual
