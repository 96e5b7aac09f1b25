"""Find the files that a run is made of: the specification and the scenarios.

In a wheel they lie inside the package (`_data/`); in a checkout, where they are written.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from credpool_conformance.book.problems import Problem
from credpool_conformance.faults import BadInputError

_PACKAGE: Final = Path(__file__).resolve().parent
_REPOSITORY: Final = _PACKAGE.parents[2]
SCHEMAS: Final = _PACKAGE / "schemas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The roots that everything is read from, what is given away, and what a checkout has besides."""

    spec: Path
    scenarios: Path
    template: Path | None = None
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
            template=packaged / "template.py",
            protocol=packaged / "PROTOCOL.md",
        )
    conformance = _REPOSITORY / "conformance"
    if (_REPOSITORY / "spec" / "registry").is_dir():
        return Data(
            spec=_REPOSITORY / "spec",
            scenarios=conformance / "scenarios",
            template=conformance / "testees" / "template.py",
            protocol=conformance / "PROTOCOL.md",
            default_testee=conformance / "testees" / "reference.py",
            reports=conformance / "reports",
        )
    fix = "install the wheel or run from a checkout"
    raise BadInputError([Problem(str(packaged), 1, "no specification and no scenarios", fix)])


def shown(path: Path) -> str:
    """Write a path the way a person in this folder would."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
