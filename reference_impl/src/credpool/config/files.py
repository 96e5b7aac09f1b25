"""Read the files that a person or another tool writes; one that cannot be read is a complaint, not an error."""

import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from credpool.model.secret import Veiled, VeiledBytes

_MOST: int = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Something that was found and is not used, or not as it stands: where, what is wrong, the next step."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.fix}"


class Unusable(Exception):
    """A file is there and says nothing that can be used; `complaint` tells why."""

    def __init__(self, path: Path, what: str, fix: str) -> None:
        super().__init__(what)
        self.complaint = Complaint(where=str(path), what=what, fix=fix)


def read_text(path: Path, *, keep_mark: bool = False) -> str | None:
    """Return what a file says, without the byte order mark unless it is kept; None when there is none.

    Raises:
        Unusable: it is not a text file, or cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise Unusable(path, "is not a file", "move it away")
        with path.open("rb") as file:
            content = VeiledBytes(file.read(_MOST + 1))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:  # half a character, or NUL
        raise Unusable(path, "is a path that cannot exist", "correct the path") from None
    except OSError as err:
        fix = "make it readable, or its credentials are left out"
        raise Unusable(path, f"cannot be read: {err.strerror}", fix) from None
    if len(content) > _MOST:
        raise Unusable(path, "is larger than a megabyte", "put a smaller file in its place")
    try:
        return Veiled(content.decode("utf-8" if keep_mark else "utf-8-sig"))
    except UnicodeDecodeError:
        raise Unusable(path, "is not UTF-8", "save it as UTF-8") from None


def read_object(path: Path) -> dict[str, object] | None:
    """Return the JSON object that a file holds; None when there is no file.

    Raises:
        Unusable: it holds no JSON object, or cannot be read.
    """
    text = read_text(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None  # no part of the text may be in the error
    if not isinstance(found, dict):
        fix = "log in again with the tool that owns it"
        raise Unusable(path, "holds no JSON object", fix)
    return found


def why_not_private(path: Path | None) -> str | None:
    """Return why others than this account may have a part in what a file says, or None."""
    if not hasattr(os, "geteuid"):
        return "this system does not say whose a file is"
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return f"nothing says whose {path} is"
    if found.st_uid != os.geteuid():
        return f"{path} belongs to another account"
    is_shared = stat.S_IMODE(found.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    return f"other accounts may read or write {path}" if is_shared else None


def is_foreign(path: Path) -> bool:
    """Return whether somebody else may have written what a file says."""
    if not hasattr(os, "geteuid"):
        return False
    with suppress(OSError):
        found = path.stat()
        return found.st_uid != os.geteuid() or bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return False
