"""Resolve what a row holds in a secret's place: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`, `cmd:PROGRAM …`."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool.config.files import Complaint, Unusable, read_text, why_not_private
from credpool.model.borrowed import is_command
from credpool.model.credential import bare
from credpool.model.secret import Secret
from credpool.seed.values import numbered, secrets_in, usable

COMMAND_TIME: Final = 10.0
"""How many seconds a command has, from its start to the end of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Where references lead, given the variables, the home, and the folder of a relative path.

    A command is run if that is allowed, and if `holder`, the file that names it, is its owner's alone.
    """

    variables: Mapping[str, str]
    folder: Path | None
    home: Path | None = None
    holder: Path | None = None
    commands: bool = True

    def resolve(self, reference: str) -> Secret | Complaint | None:
        """Return the secret that a reference leads to, or why it leads to none; None if nobody looked."""
        scheme, _, rest = reference.partition(":")
        found = _BY_SCHEME[scheme](self, bare(rest))
        if isinstance(found, Complaint):
            return found
        if found is None and is_command(reference):
            return None
        if found is None:
            return Complaint(
                where=reference, what="leads nowhere", fix="correct it, or set what it names"
            )
        return usable(reference, found) or Secret(found)

    def _variable(self, name: str) -> str | Complaint | None:
        """Return what the variable holds: of a list the first secret, or the one with that number."""
        base = name.partition("#")[0]
        texts = secrets_in(self.variables[base]) if base in self.variables else ()
        places = {numbered(base, n): text for n, text in enumerate(texts, start=1)}
        return places.get(name)

    def _file(self, path: str) -> str | Complaint | None:
        try:
            return read_text(expanded(self.folder, self.home, path))
        except Unusable as err:
            return err.complaint
        except RuntimeError:  # of `expanded`
            what, fix = "names the home of an unknown user", "write the whole path"
            return Complaint(where=f"file:{path}", what=what, fix=fix)

    def _keyring(self, name: str) -> str | Complaint | None:
        try:
            import keyring  # noqa: PLC0415  an extra, and slow to import
            from keyring.errors import KeyringError  # noqa: PLC0415
        except ImportError:
            fix = "install credpool[keyring]"
            return Complaint(where=f"keyring:{name}", what="there is no keyring library", fix=fix)
        service, _, user = name.rpartition("/")
        try:
            return keyring.get_password(service, user)
        except (KeyringError, ValueError, RuntimeError) as err:
            what = f"the keyring refuses ({type(err).__name__})"
            return Complaint(where=f"keyring:{name}", what=what, fix="unlock it, and try again")

    def _command(self, command: str) -> str | Complaint | None:
        where = f"cmd:{command}"
        flaw = why_not_private(self.holder)
        if flaw is not None:  # spec: borrow.command.owner+1
            fix = f"look at what it says, and make it yours alone: chmod 600 {self.holder}"
            return Complaint(where=where, what=f"is not run, because {flaw}", fix=fix)
        words = _words(command)
        if words is None:
            return Complaint(where=where, what="has a quotation without an end", fix="close it")
        if not words:
            return Complaint(where=where, what="names no program", fix="name one")
        return self._printed(where, words) if self.commands else None

    def _printed(self, where: str, words: list[str]) -> str | Complaint:
        from credpool._process import programs  # noqa: PLC0415  rarely needed

        found = programs.first_line(
            words, folder=self.folder, variables=self.variables, seconds=COMMAND_TIME
        )
        if not isinstance(found, programs.NoLine):
            return found
        fix = "run it yourself, as it is run here: without a shell, an input and a terminal"
        return Complaint(where=where, what=found.why, fix=fix)


def _words(command: str) -> list[str] | None:
    """Return the words of a command, or None if quotes in it do not end."""
    try:
        return shlex.split(command)
    except ValueError:
        return None


def expanded(folder: Path | None, home: Path | None, path: str) -> Path:
    """Return the path, seen from a folder; `~` is the given home: the process's own is in its environment.

    Raises:
        RuntimeError: nobody has given that home.
    """
    first, *rest = Path(path).parts or ("",)
    if first != "~":
        return (folder or Path()) / Path(path).expanduser()
    if home is None:
        raise RuntimeError
    return home.joinpath(*rest)  # spec: seed.given-environment+2


_Read = Callable[[References, str], str | Complaint | None]
_BY_SCHEME: Mapping[str, _Read] = {
    "env": References._variable,  # noqa: SLF001  a table of this class's own
    "file": References._file,  # noqa: SLF001
    "keyring": References._keyring,  # noqa: SLF001
    "cmd": References._command,  # noqa: SLF001
}
