"""Try every small change, and write what survives.

    python -m tools.mutants.generic [--only GLOB] [--jobs N] [--survivors | --record | --page]

A run that ends early goes on where it was when it is started again. `--survivors` tries again what
survived; `--record` tries nothing and writes what is known so far; `--page` writes the page of the
record there is, with the reasons as they are now.
"""

import argparse
import fnmatch
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import credpool
from credpool_conformance.data import find
from tools.mutants.generic.alterations import Alteration
from tools.mutants.generic.journal import JOURNAL, Journal
from tools.mutants.generic.library_tests import failing
from tools.mutants.generic.page import PAGE, RECORD, page, reasons, record
from tools.mutants.generic.run import Trial, changes, decisive, trials
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
        paths = decisive(Path(credpool.__file__).parent)
        made = changes(paths, lambda a: fnmatch.fnmatchcase(a.name, options.only))
        journal = Journal(root / JOURNAL, made, (root / RECORD).read_text(encoding="utf-8"))
        if not options.record:
            left = journal.left(made, survivors=options.survivors)
            suite = read_suite(data, data.default_testee)
            _try(journal, trials(suite, paths, left, at_once=options.jobs))
            _try(journal, failing(root, paths, _unnoticed(journal, made)))
        _say(f"{len(journal.trials(made))} changes, {len(_unnoticed(journal, made))} survive")
        if options.only != "*":
            return 0
        today = datetime.now(UTC).date()
        whole = journal.whole(made)
        known = record(journal.trials(made), len(made), today, _commit(root), whole)
        (root / RECORD).write_text(known, encoding="utf-8")
    kept = (root / RECORD).read_text(encoding="utf-8")
    (root / PAGE).write_text(page(kept, reasons(root)), encoding="utf-8")
    return 0


def _try(journal: Journal, results: Iterable[Trial]) -> None:
    for trial in results:
        journal.add(trial)
        if trial.killer is None:
            how = f"by {trial.test}" if trial.test else "no check"
            _say(f"{how}   {trial.alteration.name} ({trial.alteration.line})")


def _unnoticed(journal: Journal, made: Sequence[Alteration]) -> list[Alteration]:
    return [t.alteration for t in journal.trials(made) if t.killer is None and t.test is None]


def _commit(root: Path) -> str:
    command = ("git", "rev-parse", "--short", "HEAD")
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants.generic",
        description="Try every small change, and write what survives.",
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="only the changes of that name")
    jobs = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=jobs, help="processes at once (the cores)")
    again = "also those that survived before: a check may have come since"
    parser.add_argument("--survivors", action="store_true", help=again)
    parser.add_argument("--record", action="store_true", help="only write what is known so far")
    parser.add_argument("--page", action="store_true", help="only write the page again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
