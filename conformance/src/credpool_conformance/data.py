"""Find the files that a run is made of: the specification and the scenarios.

In a wheel they lie inside the package (`_data/`); in a checkout, where they are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from credpool_conformance.problems import BadInputError, Problem

_PACKAGE: Final = Path(__file__).resolve().parent
_REPOSITORY: Final = _PACKAGE.parents[2]
SCHEMAS: Final = _PACKAGE / "schemas"
TEMPLATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http-client": "template.py",
        "picker": "template_picker.py",
        "gateway": "template_gateway.py",
    }
)
"""The testees to begin with: by what a pool is, the name of the file."""
SKELETONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "go": "go/testee.go",
        "rust": "rust/testee.rs",
        "rust-wire": "rust/wire.rs",
        "typescript": "typescript/testee.mts",
    }
)
"""The same in other languages: by the language, the file below `skeletons`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The roots that everything is read from, what is given away, and what a checkout has besides."""

    spec: Path
    scenarios: Path
    templates: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    protocol: Path | None = None
    default_testee: Path | None = None
    reports: Path | None = None

    @property
    def registry(self) -> Path:
        """The folder of the providers' rules."""
        return self.spec / "registry"

    @property
    def tables(self) -> Path:
        """The folder of the specification's tables."""
        return self.spec / "tables"


def find() -> Data:
    """Find the data of the wheel, or of the checkout this package lies in.

    Raises: BadInputError when there is neither.
    """
    packaged = _PACKAGE / "_data"
    if packaged.is_dir():
        return Data(
            spec=packaged / "spec",
            scenarios=packaged / "scenarios",
            templates=_templates(packaged, packaged / "skeletons"),
            protocol=packaged / "PROTOCOL.md",
        )
    conformance = _REPOSITORY / "conformance"
    if (_REPOSITORY / "spec" / "registry").is_dir():
        return Data(
            spec=_REPOSITORY / "spec",
            scenarios=conformance / "scenarios",
            templates=_templates(conformance / "testees", conformance / "skeletons"),
            protocol=conformance / "PROTOCOL.md",
            default_testee=conformance / "testees" / "reference.py",
            reports=conformance / "reports",
        )
    fix = "install the wheel or run from a checkout"
    raise BadInputError([Problem(str(packaged), 1, "no specification and no scenarios", fix)])


def _templates(python: Path, others: Path) -> Mapping[str, Path]:
    found = {name: python / file for name, file in TEMPLATES.items()}
    return found | {name: others / file for name, file in SKELETONS.items()}


def shown(path: Path) -> str:
    """Write a path the way a person in this folder would."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
