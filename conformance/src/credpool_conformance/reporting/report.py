"""Write and read the report of a run: one JSON object per line, header, checks, footer.

A report without a footer was cut short and says nothing; reading one is an error.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, cast

import jsonschema

from credpool_conformance import SUITE_VERSION
from credpool_conformance.data import SCHEMAS, shown
from credpool_conformance.json_values import Json, text
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.reporting.record import CheckRecord
from credpool_conformance.reporting.verdict import Summary
from credpool_conformance.specification.requirements import Requirements
from credpool_conformance.testee.session import Manifest

REPORT_VERSION: Final = 1
_SHOWN: Final = 300
_DEFINITIONS: Final = json.loads((SCHEMAS / "report.schema.json").read_text(encoding="utf-8"))[
    "$defs"
]
_RECORDS: Final = {
    kind: jsonschema.Draft202012Validator(schema) for kind, schema in _DEFINITIONS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that was read: its header, checks and footer as they were written."""

    header: Mapping[str, Json]
    checks: tuple[CheckRecord, ...]
    footer: Mapping[str, Json]
    site: str | None = None
    """Where the specification is published, for links to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which conditions a run takes place."""

    requirements: Requirements
    connector: str
    command: str
    selection: str | None
    scenarios: int
    known_failures: str | None = None


class ReportWriter:
    """A report under way; each check is on disk before the next one begins."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises: BadInputError when it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("w", encoding="utf-8")
        except OSError as error:
            problem = Problem(
                shown(path), 1, f"cannot be written: {error}", "choose another --report"
            )
            raise BadInputError([problem]) from error
        self.path = path

    def __enter__(self) -> Self:
        """Go on with an open file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def header(self, conditions: Conditions, manifest: Manifest) -> None:
        """Say who was tested by what, and how."""
        requirements = conditions.requirements
        self._write(
            {
                "record": "header",
                "report": REPORT_VERSION,
                "suite": SUITE_VERSION,
                "spec": requirements.version,
                "requirements": {"count": len(requirements.known), "digest": requirements.digest},
                "testee": {**manifest.raw},
                "connector": conditions.connector,
                "command": conditions.command,
                "clock": manifest.clock,
                "filter": conditions.selection,
                "scenarios": conditions.scenarios,
                "known_failures": conditions.known_failures,
                "platform": f"{platform.system()} Python {platform.python_version()}",
                "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def check(self, record: CheckRecord) -> None:
        """Write one check."""
        self._write(record)

    def footer(self, summary: Summary, duration: float) -> None:
        """Write the verdict, which makes the report valid."""
        coverage = asdict(summary.coverage)
        self._write(
            {
                "record": "footer",
                "verdict": summary.verdict.value,
                "reasons": [*summary.reasons],
                "checks": summary.checks,
                "counts": dict(summary.counts),
                "failing": [found.record for found in summary.failing],
                "coverage": {name: [*found] for name, found in coverage.items()},
                "prerequisites": [*summary.prerequisites],
                "duration": round(duration, 3),
            }
        )

    def _write(self, record: Mapping[str, object]) -> None:
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()


def read_report(path: Path) -> Report:
    """Read a finished report.

    Raises: BadInputError when it is not one, or has no footer.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, 1, f"cannot be read: {error}") from error
    # Not `splitlines`: a text may hold what Python takes for the end of a line.
    lines = content.removesuffix("\n").split("\n") if content else []
    records = [_record(path, number, line) for number, line in enumerate(lines, 1)]
    kinds = [record["record"] for record in records]
    if kinds[-1:] != ["footer"]:
        what = "no footer: not a whole report, the run did not come to its end"
        raise _unusable(path, max(len(lines), 1), what, "run the suite again")
    if kinds != ["header", *["check"] * (len(kinds) - 2), "footer"]:
        what = "not a whole report: it needs a header, checks and a footer"
        raise _unusable(path, len(lines), what, "run the suite again")
    checks = cast("list[CheckRecord]", records[1:-1])  # as the schema has just found them
    return Report(header=records[0], checks=tuple(checks), footer=records[-1])


def _record(path: Path, number: int, line: str) -> Mapping[str, Json]:
    try:
        record: Json = json.loads(line)
    except ValueError as error:
        raise _unusable(path, number, f"not JSON: {error}") from error
    if not isinstance(record, dict):
        raise _unusable(path, number, "not a JSON object")
    validator = _RECORDS.get(text(record.get("record")))
    if validator is None:
        raise _unusable(path, number, "no header, check or footer")
    if fault := jsonschema.exceptions.best_match(validator.iter_errors(record)):
        what = f"not a {record['record']} of this version of the suite: {fault.json_path}: "
        raise _unusable(path, number, what + fault.message[:_SHOWN])
    return record


def _unusable(
    path: Path, line: int, what: str, fix: str = "name a report that `run` wrote"
) -> BadInputError:
    return BadInputError([Problem(shown(path), line, what, fix)])
