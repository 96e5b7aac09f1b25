"""Logins in the files of other tools: where they are, and how each is read (spec: seeding).

The files are theirs: they are read, and never written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool.model.secret import Veiled
from credpool.seed import claude_code, codex, gemini, qwen
from credpool.seed.environment import usable
from credpool.seed.files import Unusable, read_object
from credpool.seed.found import Complaint, Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that logs in by itself, and the pool that its login belongs to."""

    source: str
    pool: str
    path: str
    """From the home folder; from the folder that `variable` names, the file's name alone."""
    variable: str | None
    parse: Callable[[Mapping[str, object]], Found | None]


TOOLS: Final = (
    Tool(
        source=claude_code.SOURCE,
        pool="anthropic",
        path=".claude/.credentials.json",
        variable="CLAUDE_CONFIG_DIR",
        parse=claude_code.parse,
    ),
    Tool(
        source=codex.SOURCE,
        pool="chatgpt",
        path=".codex/auth.json",
        variable="CODEX_HOME",
        parse=codex.parse,
    ),
    Tool(
        source=gemini.SOURCE,
        pool="gemini",
        path=".gemini/oauth_creds.json",
        variable=None,
        parse=gemini.parse,
    ),
    Tool(
        source=qwen.SOURCE,
        pool="qwen-oauth",
        path=".qwen/oauth_creds.json",
        variable=None,
        parse=qwen.parse,
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
            yield err.notice
            return
        if data is None:
            return
        found = self.tool.parse(data)
        if found is None:
            mend = f"log in with the tool that owns it, or ignore this ({self.tool.source})"
            yield Complaint(where=str(path), what="holds no login that is known here", mend=mend)
        else:
            yield usable(str(path), Veiled(found.secret.reveal())) or found

    def _path(self) -> Path:
        usual = self.home / self.tool.path
        moved = self.variables.get(self.tool.variable or "")
        return Path(moved) / usual.name if moved else usual
