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
from typing import IO, Self

from credpool_conformance import SUITE_VERSION
from credpool_conformance.book.problems import Problem
from credpool_conformance.book.yaml_lines import Json
from credpool_conformance.data import shown
from credpool_conformance.faults import BadInputError
from credpool_conformance.requirements import Requirements
from credpool_conformance.runner import Check
from credpool_conformance.session import Manifest
from credpool_conformance.verdict import Summary

REPORT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that was read: its header, checks and footer as they were written."""

    header: Mapping[str, Json]
    checks: tuple[Mapping[str, Json], ...]
    footer: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which conditions a run takes place."""

    requirements: Requirements
    connector: str
    command: str
    selection: str | None
    scenarios: int


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

    def header(self, conditions: Conditions, manifest: Manifest | None) -> None:
        """Say who was tested by what, and how."""
        requirements = conditions.requirements
        self._write(
            {
                "record": "header",
                "report": REPORT_VERSION,
                "suite": SUITE_VERSION,
                "spec": requirements.version,
                "requirements": {"count": len(requirements.known), "digest": requirements.digest},
                "testee": {**manifest.raw} if manifest else None,
                "connector": conditions.connector,
                "command": conditions.command,
                "clock": manifest.clock if manifest else None,
                "filter": conditions.selection,
                "scenarios": conditions.scenarios,
                "platform": f"{platform.system()} Python {platform.python_version()}",
                "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def check(self, check: Check) -> None:
        """Write one check."""
        scenario = check.scenario
        self._write(
            {
                "record": "check",
                "id": scenario.id,
                "title": scenario.title,
                "chapter": scenario.chapter,
                "outcome": check.outcome.value,
                "verifies": [*scenario.verifies],
                "features": [*scenario.features],
                "consequence": scenario.consequence,
                "reason": check.reason,
                "failures": [asdict(failure) for failure in check.failures],
                "trace": [*check.trace],
                "stderr": check.stderr,
                "duration": check.duration,
            }
        )

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
                "coverage": {name: [*found] for name, found in coverage.items()},
                "duration": round(duration, 3),
            }
        )

    def _write(self, record: dict[str, Json]) -> None:
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._file.flush()


def read_report(path: Path) -> Report:
    """Read a finished report.

    Raises: BadInputError when it is not one, or has no footer.
    """
    records: list[dict[str, Json]] = []
    number = 0
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            number += 1
            records.append(json.loads(line))
    except (OSError, ValueError) as error:
        fix = "name a report that `run` wrote"
        raise BadInputError([Problem(shown(path), max(number, 1), str(error), fix)]) from error
    kinds = [record.get("record") for record in records]
    if len(kinds) < 2 or kinds != ["header", *["check"] * (len(kinds) - 2), "footer"]:
        what = "not a whole report: it needs a header, checks and a footer"
        raise BadInputError([Problem(shown(path), max(number, 1), what, "run the suite again")])
    return Report(header=records[0], checks=tuple(records[1:-1]), footer=records[-1])
