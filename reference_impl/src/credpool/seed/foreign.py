"""Logins in the files of other tools, each read as its tool writes it (spec: seeding).

The files are theirs: they are read, and never written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from credpool.config.files import Complaint, Unusable, read_object
from credpool.model.secret import Veiled
from credpool.seed.found import Found
from credpool.seed.tools import Tool
from credpool.seed.values import usable


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFile:
    """One tool's file in one folder; `name` is the folder as the configuration lists it."""

    tool: Tool
    folder: Path
    name: str | None = None

    @classmethod
    def usual(cls, tool: Tool, home: Path, variables: Mapping[str, str]) -> "ForeignFile":
        """Return the file in the folder that the tool's variable names, or else in the home folder."""
        moved = variables.get(tool.variable or "")
        return cls(tool=tool, folder=Path(moved) if moved else home / tool.folder)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.tool.file

    def read(self) -> Iterator[Found | Complaint]:
        """Tell the login in the file, if there is one."""
        try:
            data = read_object(self.path)
        except Unusable as err:
            yield err.complaint
            return
        if data is None:
            yield from self._missing()
            return
        found = self.tool.login(data)
        if found is not None:
            yield usable(str(self.path), Veiled(found.secret.reveal())) or self._named(found)
        elif not self.tool.unless:  # a file that may hold something else is no complaint
            yield self._complaint(self.tool.other_pool(data))

    def _named(self, found: Found) -> Found:
        if self.name is None:
            return found
        source, label = f"{self.tool.source}:{self.name}", f"{self.tool.label} ({self.folder.name})"
        return replace(found, source=source, label=label)  # spec: borrow.folders+1

    def _missing(self) -> Iterator[Complaint]:
        if self.name is not None and not self.tool.unless:
            what = f"is not there, and {self.name} is listed under borrow in config.yaml"
            fix = f"log in with {self.tool.label} in that folder, or take it off the list"
            yield Complaint(where=str(self.path), what=what, fix=fix)

    def _complaint(self, other: str | None) -> Complaint:
        where, tool = str(self.path), self.tool
        if other is None:
            fix = f"log in with the tool that owns it, or ignore this ({tool.source})"
            return Complaint(where=where, what="holds no known login", fix=fix)
        what = f"holds an API key, which belongs to the pool {other}, and no login"
        fix = f"open the pool {other}, which takes it, or log in with {tool.label}"
        return Complaint(where=where, what=what, fix=fix)
