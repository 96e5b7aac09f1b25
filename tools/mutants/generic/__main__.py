"""Try every small change, and write what survives.

    python -m tools.mutants.generic [--only GLOB] [--jobs N] [--page]

It takes the better part of an hour on two cores. `--page` writes the page of the record there is,
with the reasons as they are now.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import credpool
from credpool_conformance.data import find
from tools.mutants.generic.page import PAGE, RECORD, page, reasons, record
from tools.mutants.generic.run import decisive, trials
from tools.mutants.reference_run import read_suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    data = find()
    if data.default_testee is None:
        sys.stderr.write("this needs a checkout: it changes the reference\n")
        return 2
    root = data.default_testee.parents[2]
    if not options.page:
        suite = read_suite(data, data.default_testee)
        paths = decisive(Path(credpool.__file__).parent)
        made = []
        for trial in trials(
            suite,
            paths,
            at_once=options.jobs,
            chosen=lambda a: fnmatch.fnmatchcase(a.name, options.only),
        ):
            made.append(trial)
            if trial.killer is None:
                sys.stdout.write(f"survived   {trial.alteration.name} ({trial.alteration.line})\n")
                sys.stdout.flush()
        sys.stdout.write(f"{len(made)} changes, {sum(t.killer is None for t in made)} survive\n")
        if options.only != "*":
            return 0
        (root / RECORD).parent.mkdir(exist_ok=True)
        (root / RECORD).write_text(record(made, datetime.now(UTC).date()), encoding="utf-8")
    kept = (root / RECORD).read_text(encoding="utf-8")
    (root / PAGE).write_text(page(kept, reasons(root)), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants.generic",
        description="Try every small change, and write what survives.",
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the changes of that name")
    jobs = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=jobs, help="processes at once (the cores)")
    parser.add_argument("--page", action="store_true", help="only write the page again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
