"""The file in which a pool is kept, as another program writes and reads it (spec: storage).

In a scenario's content `$secret:a` and `$refresh:a` stand for an entry's secrets, `$new:a` for
another secret from now on, `$base`, `$other` and `$token` for the endpoints, `$home` for the home
folder, `$host` for the endpoint as its pool is named, and `$epoch+30` and `$millis+30` for a moment.
"""

import fcntl
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

from credpool_conformance.json_values import Json
from credpool_conformance.specification.auth_file import faults

_PLACEHOLDER: Final = re.compile(
    r"\$(secret|new|refresh):(\w+)|\$(base|other|token|home|host)\b|\$(epoch|millis)([+-]\d+)?"
)
UNCHANGED: Final = "unchanged"
Fill = Callable[[re.Match[str]], Json]


def _lacks(there: Json, wanted: Json) -> bool:
    """Whether `{without: TEXT}` is wanted, and the text is not there."""
    match wanted:
        case {"without": str(text)}:
            return text not in json.dumps(there)
        case _:
            return False


def filled(value: Json, fill: Fill) -> Json:
    """Return the value with its placeholders filled in."""
    if isinstance(value, dict):
        return {key: filled(item, fill) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, fill) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACEHOLDER.fullmatch(value)
    return fill(whole) if whole else _PLACEHOLDER.sub(lambda found: str(fill(found)), value)


class PoolFile:
    """One pool's file; `fill` answers what a placeholder stands for."""

    def __init__(
        self,
        fill: Fill,
        *,
        mode: str | None = None,
        link: bool = False,
    ) -> None:
        """Choose a place where no file is yet; `mode` is that of the first to be written there.

        With `link` there is a symbolic link in that place, and the file is somewhere else.
        """
        self._folder = tempfile.TemporaryDirectory(
            prefix="credpool-store-", ignore_cleanup_errors=True
        )
        self.path = Path(self._folder.name, "auth.json")
        self._elsewhere = Path(self._folder.name, "elsewhere")
        self._elsewhere.mkdir()
        self._mode = mode
        self._fill = fill
        self._written: bytes | None = None
        self._copy = self.path
        self._lock: IO[bytes] | None = None
        if link:
            self.path.symlink_to(self._elsewhere / "pool.json")

    def close(self) -> None:
        """Remove the file and its folder."""
        self.lock(held=False)
        self._folder.cleanup()

    def lock(self, *, held: bool) -> None:
        """Take the file's lock, or let it go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if held:
            self._lock = self.path.with_suffix(".lock").open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, content: Json) -> None:
        """Write the file: text as it is, anything else as JSON.

        A second name of it is kept: whoever writes in place changes what is found under that name.
        """
        whole = self._filled(content)
        text = whole if isinstance(whole, str) else json.dumps(whole)
        self._written = text.encode()
        number = len([*self._elsewhere.iterdir()])
        self._copy = self._elsewhere / f"{number}.copy"
        self._copy.write_bytes(self._written)
        if self._mode is not None:
            self._copy.chmod(int(self._mode, 8))
            self._mode = None
        named = self._elsewhere / f"{number}.new"
        os.link(self._copy, named)
        named.replace(self.path.resolve())

    def faults(self) -> list[str]:
        """List what is wrong with the file, when the testee wrote it."""
        there = self.path.read_bytes() if self.path.exists() else None
        return faults(there) if there is not None and there != self._written else []

    def compared(self, wanted: Json) -> Json:
        """Return what the file has at the places that are wanted, in the words of `wanted`."""
        if wanted == UNCHANGED:
            same = self.path.exists() and self.path.read_bytes() == self._written
            return UNCHANGED if same else "changed"
        found: dict[str, Json] = {}
        for place, value in wanted.items() if isinstance(wanted, Mapping) else ():
            look = self._LOOKS.get(place)
            there = look(self) if look is not None else self._at(place)
            found[place] = value if _lacks(there, value) else there
        return found

    def wanted(self, wanted: Json) -> Json:
        """Return the expectation with its placeholders filled in."""
        return self._filled(wanted)

    def _permissions(self) -> Json:
        return f"{stat.S_IMODE(self.path.stat().st_mode):04o}" if self.path.exists() else None

    def _kind(self) -> Json:
        return "link" if self.path.is_symlink() else "file" if self.path.exists() else None

    def _old(self) -> Json:
        return UNCHANGED if self._copy.read_bytes() == self._written else "changed"

    def _beside(self) -> Json:
        ours = {self.path.name, self.path.with_suffix(".lock").name, self._elsewhere.name}
        return [*sorted({found.name for found in self.path.parent.iterdir()} - ours)]

    _LOOKS: Final[Mapping[str, Callable[["PoolFile"], Json]]] = {
        "mode": _permissions,
        "kind": _kind,
        "old": _old,
        "beside": _beside,
    }

    def _at(self, place: str) -> Json:
        try:
            found: Json = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return "unreadable"
        for step in place.split("/"):
            if isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                found = found.get(step) if isinstance(found, dict) else None
        return found

    def _filled(self, value: Json) -> Json:
        return filled(value, self._fill)
