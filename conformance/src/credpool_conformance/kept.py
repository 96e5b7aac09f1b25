"""The file in which a pool is kept, as another program writes and reads it (spec: storage).

In a scenario's content `$secret:a` and `$refresh:a` stand for an entry's secrets, `$base` for the
endpoint and `$epoch+30` for a moment.
"""

import json
import re
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from credpool_conformance.book.yaml_lines import Json

_PLACEHOLDER: Final = re.compile(r"\$(secret|refresh):(\w+)|\$(base)\b|\$(epoch)([+-]\d+)?")
UNCHANGED: Final = "unchanged"


def _lacks(there: Json, wanted: Json) -> bool:
    """Whether `{without: TEXT}` is wanted, and the text is not there."""
    match wanted:
        case {"without": str(text)}:
            return text not in json.dumps(there)
        case _:
            return False


class KeptFile:
    """One pool's file; `fill` answers what a placeholder stands for."""

    def __init__(self, fill: Callable[[re.Match[str]], Json]) -> None:
        """Choose a place where no file is yet."""
        self._folder = tempfile.TemporaryDirectory(prefix="credpool-store-")
        self.path = Path(self._folder.name, "auth.json")
        self._fill = fill
        self._written: bytes | None = None

    def close(self) -> None:
        """Remove the file and its folder."""
        self._folder.cleanup()

    def write(self, content: Json) -> None:
        """Write the file: text as it is, anything else as JSON."""
        filled = self._filled(content)
        text = filled if isinstance(filled, str) else json.dumps(filled)
        self._written = text.encode()
        self.path.write_bytes(self._written)

    def compared(self, wanted: Json) -> Json:
        """Return what the file has at the places that are wanted, in the words of `wanted`."""
        if wanted == UNCHANGED:
            same = self.path.exists() and self.path.read_bytes() == self._written
            return UNCHANGED if same else "changed"
        found: dict[str, Json] = {}
        for place, value in wanted.items() if isinstance(wanted, Mapping) else ():
            there = self._mode() if place == "mode" else self._at(place)
            found[place] = value if _lacks(there, value) else there
        return found

    def wanted(self, wanted: Json) -> Json:
        """Return the expectation with its placeholders filled in."""
        return self._filled(wanted)

    def _mode(self) -> Json:
        return f"{stat.S_IMODE(self.path.stat().st_mode):04o}" if self.path.exists() else None

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
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = _PLACEHOLDER.fullmatch(value)
        if whole:
            return self._fill(whole)
        return _PLACEHOLDER.sub(lambda found: str(self._fill(found)), value)
