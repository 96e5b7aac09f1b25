"""Break the reference in every way that is written down, and see which checks notice.

    python -m tools.mutants --check | --write [--only GLOB] [--jobs N] [--everything]

Exits with 0 when every mutant was killed as declared, every control passed and the derived files
are current; with 1 when not; with 2 on bad input.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from credpool_conformance.data import find
from credpool_conformance.problems import BadInputError
from tools.mutants import mutant_files
from tools.mutants.mutant_files import MutantSet
from tools.mutants.pages import drift, outputs, summary, write, write_report
from tools.mutants.reference_run import Suite, read_suite
from tools.mutants.run import BaselineError, Results, run_mutants


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except BadInputError as error:
        _complain(str(error))
        return 2
    except BaselineError as error:
        _complain(f"{error}; correct the reference first: nothing was proven")
        return 1


def _run(options: argparse.Namespace) -> int:
    data = find()
    testee, folder = data.default_testee, options.mutants
    if testee is None:
        _complain(
            "the mutants need a checkout: they break the reference, which is not in the wheel"
        )
        return 2
    root = testee.parents[2]
    suite = read_suite(data, testee)
    mutant_set = _selected(
        mutant_files.read(folder or root / "conformance" / "mutants"), options.only
    )
    mutant_files.check(mutant_set, suite.scenarios, suite.requirements)
    if not (mutant_set.mutants or mutant_set.controls):
        _complain(f"--only {options.only!r} selects nothing")
        return 2
    results = run_mutants(
        suite, mutant_set, at_once=options.jobs, everything=options.everything, say=_say
    )
    _say(*summary(suite, mutant_set, results))
    status = 0 if results.good else 1
    if options.only or folder:
        return status
    write_report(root, results)
    return max(status, _files(root, suite, mutant_set, results, options))


def _files(
    root: Path, suite: Suite, mutant_set: MutantSet, results: Results, options: argparse.Namespace
) -> int:
    """Write the derived files, or tell which are not what this run found."""
    files = outputs(suite, mutant_set, results)
    if options.write:
        _say(*(f"wrote {path}" for path in write(root, files)))
        return 0
    outdated = drift(root, files)
    _complain(*(f"{path}: out of date; run nox -s generate" for path in outdated))
    return 1 if outdated else 0


def _selected(mutant_set: MutantSet, pattern: str | None) -> MutantSet:
    if pattern is None:
        return mutant_set
    return MutantSet(
        mutants={n: m for n, m in mutant_set.mutants.items() if fnmatch.fnmatchcase(n, pattern)},
        controls={n: c for n, c in mutant_set.controls.items() if fnmatch.fnmatchcase(n, pattern)},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants",
        description="Break the reference on purpose, and see which checks notice.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="fail on derived files out of date")
    action.add_argument("--write", action="store_true", help="write the derived files")
    parser.add_argument("--only", metavar="GLOB", help="only these mutants and controls")
    jobs = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=jobs, help="processes at once (the cores)")
    everything = "run each check for each mutant, where it makes no difference and all cases too"
    parser.add_argument("--everything", action="store_true", help=everything)
    parser.add_argument("--mutants", type=Path, metavar="DIR", help="another folder of mutants")
    return parser


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _complain(*lines: str) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
