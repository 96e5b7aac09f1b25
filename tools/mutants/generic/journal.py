"""Keep what became of each change as it is known, so that a run that ends early goes on from there.

What is kept holds as long as the function reads as it did.  The record of an earlier run, which
goes with the repository, counts as well for each function that it knows whole.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from tools.mutants.generic.alterations import Alteration, functions
from tools.mutants.generic.run import Trial

JOURNAL: Final = ".cache/generic-mutants.ndjson"
RECORDED: Final = "a check of an earlier run"

_Found: TypeAlias = tuple[str | None, str | None]
"""The check that noticed a change, and the test that did where no check did."""


class Journal:
    """A file with a line for each change that was tried."""

    def __init__(self, path: Path, made: Sequence[Alteration], recorded: str = "{}") -> None:
        """Read what there is of these changes, and what the record of an earlier run knows."""
        self._path = path
        sources = {path: _digests(path) for path in {a.path for a in made}}
        self._sources = {a.name: sources[a.path][a.function] for a in made}
        self._keys = {a.name: f"{a.name} {self._sources[a.name]}" for a in made}
        self._found = {**dict(self._recorded(made, json.loads(recorded))), **dict(_read(path))}

    def left(self, made: Sequence[Alteration], *, survivors: bool = False) -> list[Alteration]:
        """List the changes of which nothing is known; with survivors, these too."""
        done = {key for key, (killer, _) in self._found.items() if killer or not survivors}
        return [a for a in made if self._keys[a.name] not in done]

    def trials(self, made: Sequence[Alteration]) -> list[Trial]:
        """List what is known."""
        known = [(a, self._keys[a.name]) for a in made if self._keys[a.name] in self._found]
        return [
            Trial(alteration=a, killer=self._found[key][0], test=self._found[key][1])
            for a, key in known
        ]

    def whole(self, made: Sequence[Alteration]) -> Mapping[str, str]:
        """Name the functions of which every change is known, each with its text's digest."""
        left = {_place(a) for a in self.left(made)}
        return {_place(a): self._sources[a.name] for a in made if _place(a) not in left}

    def _recorded(
        self, made: Sequence[Alteration], record: Mapping[str, Any]
    ) -> Iterator[tuple[str, _Found]]:
        """Yield what the record knows: of a whole function, what it does not list was killed."""
        known = record.get("functions", {})
        survived = {s["name"]: (None, s.get("test")) for s in record.get("survivors", ())}
        for a in made:
            if known.get(_place(a)) == self._sources[a.name]:
                yield self._keys[a.name], survived.get(a.name, (RECORDED, None))

    def add(self, trial: Trial) -> None:
        """Write down what became of a change; the latest line of a change holds."""
        key = self._keys[trial.alteration.name]
        self._found[key] = trial.killer, trial.test
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            row = {"change": key, "killer": trial.killer, "test": trial.test}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _place(alteration: Alteration) -> str:
    return f"{alteration.path.stem}.{alteration.function}"


def _read(path: Path) -> Iterator[tuple[str, _Found]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["change"], (row["killer"], row.get("test"))


def _digests(path: Path) -> Mapping[str, str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        name: sha256(ast.dump(function).encode()).hexdigest()[:12]
        for name, function in functions(tree.body)
    }
