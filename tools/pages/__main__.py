"""Lint the specification, and generate or compare what is derived from it.

    python -m tools.pages --lint | --check | --write | --cells [--today YYYY-MM-DD] [--root DIR]

Exits with 0 when all is well, 1 when a derived file is out of date, 2 on bad input.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from credpool_conformance.problems import BadInputError
from tools.examples.play import Examples, examples
from tools.lints.lint import lint
from tools.lints.rules import old_rules
from tools.pages.generate import drift, library_files, outputs, save, write
from tools.sources.choices import choices
from tools.sources.requirements import CORE
from tools.sources.specification import Specification, load
from tools.tables.cell_pages import cell_lines
from tools.tables.reports import report_counts

_WRITE_COMMAND = "python -m tools.pages --write"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    root = options.root or _find_root(Path.cwd())
    if root is None or not (root / "spec").is_dir():
        where = options.root or Path.cwd()
        _complain(f"{where}: no spec/ folder here or above; pass --root DIR")
        return 2
    spec = load(root)
    if options.cells:
        _say(*cell_lines(spec))
        return 0
    problems = lint(spec, draft=options.draft, unproven=options.write)
    if problems:
        _complain(*map(str, problems), f"found wrong: {len(problems)}")
        return 2
    _say(*_counts(spec), *_old(spec, options.today or datetime.now(UTC).date()))
    if options.lint:
        return 0
    try:
        return _write(spec) if options.write else _check(spec)
    except BadInputError as error:
        _complain(*map(str, error.problems))
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.pages",
        description="Lint the specification, and generate or compare what is derived from it.",
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--lint", action="store_true", help="only lint")
    action.add_argument("--check", action="store_true", help="lint, and fail on files out of date")
    action.add_argument(
        "--write", action="store_true", help="lint, and write the files out of date"
    )
    action.add_argument(
        "--cells", action="store_true", help="print what is asked for in each cell, and by whom"
    )
    draft = "leave out the lint for requirements that no scenario verifies"
    parser.add_argument("--draft", action="store_true", help=draft)
    day = "the day from which the age of rules is counted (default: the machine's)"
    parser.add_argument("--today", type=date.fromisoformat, metavar="YYYY-MM-DD", help=day)
    parser.add_argument("--root", type=Path, help="the folder that holds spec/ (default: look up)")
    return parser


def _find_root(start: Path) -> Path | None:
    return next((path for path in (start, *start.parents) if (path / "spec").is_dir()), None)


def _check(spec: Specification) -> int:
    found = examples(spec)
    outdated = drift(spec.root, outputs(spec, found.shown))
    _complain(*(f"{path}: out of date; run {_WRITE_COMMAND}" for path in outdated))
    return _told(found) or (1 if outdated else 0)


def _write(spec: Specification) -> int:
    changed = save(spec.root, library_files(spec))
    found = examples(spec)
    changed += write(spec.root, outputs(spec, found.shown))
    _say(*(f"{'wrote' if (spec.root / p).exists() else 'removed'} {p}" for p in changed))
    return _told(found)


def _told(found: Examples) -> int:
    """Name the checks that show nothing; they are input that has to be corrected."""
    _complain(*map(str, found.problems))
    return 2 if found.problems else 0


def _counts(spec: Specification) -> list[str]:
    requirements = spec.requirements.values()
    checked = sum(1 for id_ in spec.requirements if spec.checks[id_])
    cases = sum(len(scenario.cases) for scenario in spec.scenarios)
    unchecked = len(requirements) - checked
    return [
        f"{spec.name} {spec.version}",
        f"requirements {len(requirements)}: {_tally(r.keyword for r in requirements)}",
        f"  by feature: {_tally(r.feature for r in requirements)}",
        f"  {checked} with a check, {unchecked} without, {len(spec.excluded)} excluded",
        f"  {len(choices(spec))} with an example, {_shown_core(spec)}",
        _ladder(spec, checked),
        f"scenarios {len(spec.scenarios)}, cases {cases}",
        f"citations in code {len(spec.code_citations)}",
        *report_counts(spec),
    ]


def _old(spec: Specification, today: date) -> list[str]:
    """Warn of rules that nobody has looked at for a year."""
    found = [*old_rules(spec, today)]
    return [f"warning: rules older than a year {len(found)}: {', '.join(found)}"] if found else []


def _shown_core(spec: Specification) -> str:
    core = [id_ for id_, found in spec.requirements.items() if found.feature == CORE]
    return f"{len(choices(spec).keys() & {*core})} of {len(core)} in the core"


def _ladder(spec: Specification, exercised: int) -> str:
    proven = sum(found.reference in spec.proven for found in spec.requirements.values())
    return f"  {len(spec.requirements)} stated, {exercised} exercised, {proven} proven"


def _tally(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(Counter(names).items())) or "none"


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _complain(*lines: str) -> None:
    sys.stderr.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
