"""Judge the reference on a machine whose date is wrong by as many days as each argument says.

In a zone west of Greenwich, too.  The whole suite runs, or one check in so many with `--sample`.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from unittest.mock import patch

sys.path += [str(Path(__file__).parents[1] / "testees"), str(Path(__file__).parents[3])]

from machine import Machine

from credpool_conformance.data import find
from credpool_conformance.reporting.report import Report, read_report
from credpool_conformance.reporting.verdict import Summary, Verdict
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios import clock
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.reference_run import read_suite

GOOD = (Verdict.CONFORMANT, Verdict.FILTERED)
SUITE = read_suite(find(), Path())
TESTEE = Path(__file__).parents[1] / "testees" / "real_clock.py"


def judged(
    scenarios: Sequence[Scenario], folder: Path, days: int, *how: str, out: IO[str] = sys.stdout
) -> tuple[Summary, Report]:
    """Run scenarios on a machine whose date is wrong, and return the summary and the report."""
    file = Path(folder, "machine")
    program = [sys.executable, TESTEE, file, *how]
    options = Options(
        testee=" ".join(map(str, program)),
        connector="stdio",
        timeout=30,
        selection=None if len(scenarios) == len(SUITE.scenarios) else "a sample",
        report=Path(folder, "report.ndjson"),
        replay="the same program",
    )
    with patch.object(clock, "time", Machine.made(file, days * 86400.0)):
        summary = run(scenarios, SUITE.registry, SUITE.requirements, options, out)
    return summary, read_report(options.report)


def main() -> int:
    """Judge, once for each date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", required=True)
    parser.add_argument("--sample", type=int, default=1, metavar="N")
    chosen = parser.parse_args()
    os.environ["TZ"] = "America/Los_Angeles"
    time.tzset()
    good = True
    for days in chosen.days:
        with tempfile.TemporaryDirectory() as folder:
            summary, _ = judged(SUITE.scenarios[:: chosen.sample], Path(folder), days)
        good = good and summary.good and summary.verdict in GOOD
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
