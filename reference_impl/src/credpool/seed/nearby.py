"""Near misses of a credential: told with the next step, and never taken (spec: seeding).

A variable with another number or name, a login that a tool keeps where nobody else reads it, a second
folder of a tool.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool.config.files import Complaint, Unusable, read_object, read_text
from credpool.model.credential import is_placeholder
from credpool.model.secret import Secret
from credpool.seed.environment import Environment, series
from credpool.seed.foreign import ForeignFile
from credpool.seed.found import Found
from credpool.seed.values import secrets_in

_ENDING: Final = re.compile(r"(?:s|_?[0-9]{1,4}|_[a-z])?", re.IGNORECASE)
"""Suffixes that people add to the name of a variable when they have several keys."""

_IN_CONFIG: Final = r"(?m)^[ \t]*cli_auth_credentials_store[ \t]*=[ \t]*[\"'](?:keyring|auto)[\"']"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hidden:
    """A file by which a tool shows that its credential is where only the tool reads it."""

    source: str
    file: str
    beside: bool = False
    """It may lie beside the tool's folder, too."""
    pattern: str = ""
    what: str
    fix: str


_ENCRYPTED: Final = (
    "make an API key and set GEMINI_API_KEY to it; or unset GEMINI_FORCE_ENCRYPTED_FILE_STORAGE "
    "and log in again with Gemini CLI, which then keeps a file that can be read"
)
_HIDDEN: Final = (
    _Hidden(
        source="claude_code",
        file=".claude.json",
        beside=True,
        pattern=r'"primaryApiKey"\s*:\s*"[^"]',
        what="holds an API key that Claude Code has made for itself, which is not taken",
        fix="set ANTHROPIC_API_KEY to a key of the console",
    ),
    _Hidden(
        source="claude_code",
        file=".claude.json",
        beside=True,
        pattern=r'"oauthAccount"\s*:\s*\{',
        what="shows a login of Claude Code, which keeps it in the system's keychain",
        fix="make a token of it (claude setup-token) and set CLAUDE_CODE_OAUTH_TOKEN to it",
    ),
    _Hidden(
        source="codex",
        file="config.toml",
        pattern=_IN_CONFIG,
        what="has Codex keep its login in the system's keyring",
        fix='set cli_auth_credentials_store = "file" in it, and log in again with Codex',
    ),
    _Hidden(
        source="gemini_cli",
        file="gemini-credentials.json",
        what="holds what Gemini CLI has encrypted, which nobody else can read",
        fix=_ENCRYPTED,
    ),
    _Hidden(
        source="gemini_cli",
        file="mcp-oauth-tokens-v2.json",
        what="may hold a login that Gemini CLI has encrypted, which nobody else can read",
        fix=_ENCRYPTED,
    ),
)


def variables(environments: Iterable[Environment], found: Iterable[Found]) -> Iterator[Complaint]:
    """Yield the variables that are nearly those of a pool, and those that only we would find."""
    known = {item.secret for item in found}
    for around in environments:
        taken = {name for base, _ in around.names for name in series(base, around.variables)}
        aliases = {a: way.env[0] for way in around.credentials for a in way.aliases if way.env}
        for base, _ in around.names:
            if base not in taken and f"{base}_1" in taken:
                what = f"is taken as the first one, since {base} is not set"
                fix = f"name it {base}, by which other programs find it too"
                yield Complaint(where=f"env:{base}_1", what=what, fix=fix)
        for name in around.variables:
            if name not in taken and _may_be_new(around.variables[name], known):
                yield from _near(name, around, aliases)


def files(
    files: Iterable[ForeignFile], home: Path | None, found: Iterable[Found]
) -> Iterator[Complaint]:
    """Yield the logins that a tool keeps in another way, or in another folder than those that are read."""
    looked_at = list(files)
    known, read = {item.secret for item in found}, {file.path for file in looked_at}
    for file in looked_at:
        if not file.path.exists():
            yield from _hidden(file)
        if home is not None and file.name is None:
            for path in _siblings(file, home):
                if path not in read and _holds_new(file, path, known):
                    yield _another(file, path, home)


def _near(name: str, around: Environment, aliases: Mapping[str, str]) -> Iterator[Complaint]:
    if name in aliases:
        usual = aliases[name]
        what = f"is another program's name for such a credential, and is not taken: it may be for another host than that of {usual}"
        fix = f"if it is the provider's own, set {usual} to it, or name it: credpool add {around.provider} --from env:{name}"
        yield Complaint(where=f"env:{name}", what=what, fix=fix)
        return
    base = next((base for base, _ in around.names if _is_like(name, base)), None)
    if base is not None:
        what = f"is not taken: the names are {base}, {base}_1, {base}_2 and so on, without a gap"
        fix = f"name it {_free(base, around.variables)}"
        yield Complaint(where=f"env:{name}", what=what, fix=fix)


def _is_like(name: str, base: str) -> bool:
    begins = name[: len(base)].upper() == base.upper()
    return begins and _ENDING.fullmatch(name[len(base) :]) is not None


def _free(base: str, names: Collection[str]) -> str:
    """Return the next name of a series."""
    if base not in names and f"{base}_1" not in names:
        return base
    numbers = range(2, len(names) + 3)
    return next(name for n in numbers if (name := f"{base}_{n}") not in names)


def _may_be_new(value: str, known: Collection[Secret]) -> bool:
    """Return whether a value holds a secret that can be sent and that was not found elsewhere."""
    secrets = (Secret(text) for text in secrets_in(value) if not is_placeholder(text))
    return any(secret.flaw is None and secret not in known for secret in secrets)


def _hidden(file: ForeignFile) -> Iterator[Complaint]:
    rows = (row for row in _HIDDEN if row.source == file.tool.source and not file.tool.unless)
    for row in rows:
        for folder in (file.folder, *([file.folder.parent] if row.beside else [])):
            path = folder / row.file
            if _shows(path, row.pattern):
                yield Complaint(where=str(path), what=row.what, fix=row.fix)
                return


def _shows(path: Path, pattern: str) -> bool:
    """Return whether the file is there, and has the pattern in it."""
    if not pattern:
        return path.is_file()
    try:
        text = read_text(path)
    except Unusable:
        return False
    return text is not None and re.search(pattern, text) is not None


def _siblings(file: ForeignFile, home: Path) -> Iterator[Path]:
    """Yield where a tool's file would be in other folders that have its name."""
    usual = file.tool.folder
    for folder in (home / usual, *sorted(home.glob(f"{usual}[-_.]*"))):
        yield folder / file.tool.file


def _holds_new(file: ForeignFile, path: Path, known: Collection[Secret]) -> bool:
    try:
        data = read_object(path)
    except Unusable:
        return False
    login = None if data is None else file.tool.login(data)
    return login is not None and login.secret not in known


def _another(file: ForeignFile, path: Path, home: Path) -> Complaint:
    folder = str(path)[: -len(file.tool.file) - 1]
    shown = "~" + folder.removeprefix(str(home)) if folder.startswith(str(home)) else folder
    what = f"holds another login of {file.tool.label}, which is not taken"
    fix = f"list its folder in config.yaml: borrow: {{{file.tool.source}: [{shown}]}}"
    return Complaint(where=str(path), what=what, fix=fix)
