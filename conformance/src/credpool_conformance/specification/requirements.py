"""Read the requirements and what is excluded, and tell which ones a run exercised.

Spec: `spec/requirements.json`, generated from the chapters; `spec/exclusions.yaml`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from credpool_conformance.data import Data, shown
from credpool_conformance.json_values import Json, fields, items, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.specification.registry import read

_CORE = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One sentence of the specification."""

    id: str
    revision: int
    keyword: str
    features: frozenset[str]
    text: str
    consequence: str
    chapter: str = ""

    @property
    def reference(self) -> str:
        """The id with its revision."""
        return f"{self.id}+{self.revision}"

    @property
    def binding(self) -> bool:
        """Tell a MUST from a SHOULD or MAY."""
        return self.keyword.startswith("MUST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """All requirements, and the ones that no check can exercise."""

    known: Mapping[str, Requirement]
    excluded: Mapping[str, str]
    version: str = ""

    @property
    def digest(self) -> str:
        """A digest of what is required, by which two reports can be compared."""
        lines = sorted(f"{item.reference} {item.text}" for item in self.known.values())
        return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def get(self, reference: str) -> Requirement | None:
        """Find a requirement by its id with revision."""
        found = self.known.get(reference.partition("+")[0])
        return found if found and found.reference == reference else None

    def fault_of(self, reference: str) -> tuple[str, str] | None:
        """Say what is wrong with a citation, and what to write."""
        id_ = reference.partition("+")[0]
        found = self.known.get(id_)
        if found is None:
            return f"unknown requirement {reference}", "cite one of spec/requirements.json"
        if found.reference != reference:
            return (
                f"{reference} is an old revision",
                f"check the scenario, then cite {found.reference}",
            )
        return None

    def obliges(self, id_: str) -> bool:
        """Tell whether the requirement of this id is a MUST; a stranger's own is one."""
        found = self.known.get(id_)
        return found is None or found.binding

    def binds(self, references: Iterable[str]) -> bool:
        """Tell whether any of these is a MUST."""
        found = (self.get(reference) for reference in references)
        return any(item is None or item.binding for item in found)


def load(data: Data) -> Requirements:
    """Read both files; the exclusions may be missing.

    Raises: BadInputError when they cannot be used.
    """
    path = data.spec / "requirements.json"
    try:
        contents: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        problem = Problem(shown(path), 1, "not there", "generate it: nox -s spec -- --write")
        raise BadInputError([problem]) from error
    except (OSError, ValueError) as error:
        problem = Problem(shown(path), 1, f"cannot be read: {error}", "generate it again")
        raise BadInputError([problem]) from error
    return stated(data, contents)


def stated(data: Data, contents: Json) -> Requirements:
    """Take the requirements from what the file holds, or is about to hold.

    Raises: BadInputError when the exclusions cannot be used.
    """
    listed = fields(contents).get("requirements") if isinstance(contents, dict) else contents
    found = [_requirement(fields(item)) for item in items(listed)]
    known = {item.id: item for item in found}
    version = text(fields(contents).get("version"))
    return Requirements(known=known, excluded=_exclusions(data, known), version=version)


def _requirement(raw: Mapping[str, Json]) -> Requirement:
    revision = raw.get("revision", raw.get("rev", 1))
    return Requirement(
        id=text(raw.get("id")),
        revision=revision if isinstance(revision, int) else 1,
        keyword=text(raw.get("keyword")) or text(raw.get("level")),
        features=frozenset(map(text, items(raw.get("features")))) or _first(raw),
        text=text(raw.get("text")),
        consequence=text(raw.get("consequence")),
        chapter=text(raw.get("chapter")),
    )


def _first(raw: Mapping[str, Json]) -> frozenset[str]:
    return frozenset({text(raw.get("feature")) or _CORE})


def _exclusions(data: Data, known: Mapping[str, Requirement]) -> Mapping[str, str]:
    path = data.spec / "exclusions.yaml"
    if not path.is_file():
        return {}
    document = read(path)
    excluded: dict[str, str] = {}
    for index, item in enumerate(map(fields, items(document.data))):
        id_ = text(item.get("id")).partition("+")[0]
        if id_ not in known:
            problem = document.problem(
                (index,), f"unknown requirement {id_!r}", "name one that exists"
            )
            raise BadInputError([problem])
        excluded[id_] = f"{text(item.get('kind'))}: {text(item.get('reason'))}"
    return excluded
