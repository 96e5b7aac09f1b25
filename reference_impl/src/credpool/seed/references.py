"""Resolve what a row holds in a secret's place: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from credpool.config.files import Complaint, Unusable, read_text
from credpool.model.credential import bare
from credpool.model.secret import Secret
from credpool.seed.values import numbered, secrets_in, usable


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Where references lead, given the variables, the home, and the folder of a relative path."""

    variables: Mapping[str, str]
    folder: Path | None
    home: Path | None = None

    def resolve(self, reference: str) -> Secret | Complaint:
        """Return the secret that a reference leads to, or why it leads to none."""
        scheme, _, rest = reference.partition(":")
        found = _BY_SCHEME[scheme](self, bare(rest))
        if isinstance(found, Complaint):
            return found
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
}
