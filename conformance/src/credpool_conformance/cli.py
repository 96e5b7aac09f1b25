"""The command line: `run` a suite, `list` its scenarios, make something of a `report`, and begin.

Exit codes: 0 all is well, 1 the testee is not conformant, 2 the input is bad.
"""

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool_conformance import SUITE_VERSION, known_failures
from credpool_conformance import registry as registries
from credpool_conformance import requirements as requirement_files
from credpool_conformance.book.problems import Problem
from credpool_conformance.data import Data, find, shown
from credpool_conformance.faults import BadInputError
from credpool_conformance.formats import FORMATS
from credpool_conformance.known_failures import KnownFailures
from credpool_conformance.loader import load
from credpool_conformance.replay import DEFAULT_TIMEOUT, replay
from credpool_conformance.report import read_report
from credpool_conformance.requirements import Requirements
from credpool_conformance.run import Options, run
from credpool_conformance.scenario import Scenario

_OK: Final = 0
_NOT_CONFORMANT: Final = 1
_BAD_INPUT: Final = 2


class _UsageError(Exception):
    """A command line that asks for nothing that can be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        match parsed.command:
            case "run":
                return _run(parsed)
            case "list":
                return _list(parsed)
            case "report":
                return _report(parsed)
            case "compare":
                return _compare(Path(parsed.first), Path(parsed.second))
            case _:
                return _give(find().protocol if parsed.command == "protocol" else find().template)
    except (BadInputError, _UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: the report has no footer and is not valid\n")
        return _NOT_CONFORMANT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="credpool-conformance", description=__doc__)
    parser.add_argument("--version", action="version", version=SUITE_VERSION)
    commands = parser.add_subparsers(dest="command", required=True)
    running = _running(commands.add_parser("run", help="run the suite against a testee"))
    listing = commands.add_parser("list", help="list the scenarios")
    for command in (running, listing):
        command.add_argument("--filter", help="only the scenarios whose id matches this glob")
        command.add_argument("--scenarios", type=Path, help="a folder of scenarios of your own")
        command.add_argument("--spec", type=Path, help="another folder of the specification")
    reporting = commands.add_parser("report", help="write a report in another form")
    reporting.add_argument("report", type=Path, help="the NDJSON that `run` wrote")
    reporting.add_argument("--format", choices=tuple(FORMATS), required=True)
    reporting.add_argument("--output", type=Path, help="where it goes (default: standard output)")
    comparing = commands.add_parser("compare", help="compare the outcomes of two reports")
    comparing.add_argument("first")
    comparing.add_argument("second")
    commands.add_parser("template", help="print a testee to begin with")
    commands.add_parser("protocol", help="print the testee protocol, one page")
    return parser


def _running(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--testee",
        help="a command line or a Python file; in process: path/to/file.py[:Class] or module:Class",
    )
    parser.add_argument("--connector", choices=("stdio", "inprocess"), default="stdio")
    parser.add_argument("--report", type=Path, help="where the report goes")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT,
        help="seconds a reply may take (default: 10)",
    )
    parser.add_argument(
        "--known-failures",
        type=Path,
        help="YAML or JSON: the checks that may fail, each with a reason",
    )
    return parser


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("must be between 0 and 3600 seconds")
    return seconds


def _data(parsed: argparse.Namespace) -> Data:
    data = find()
    return replace(
        data, spec=parsed.spec or data.spec, scenarios=parsed.scenarios or data.scenarios
    )


def _run(parsed: argparse.Namespace) -> int:
    data = _data(parsed)
    registry, requirements = registries.load(data), requirement_files.load(data)
    scenarios = load(data, registry, requirements)
    testee = parsed.testee or _default_testee(data)
    summary = run(
        _selected(scenarios, parsed.filter),
        registry,
        requirements,
        Options(
            testee=testee,
            connector=parsed.connector,
            timeout=parsed.timeout,
            selection=parsed.filter,
            report=parsed.report or _default_report(data, parsed.filter),
            replay=replay(
                testee,
                parsed.connector,
                parsed.timeout,
                scenarios=parsed.scenarios,
                spec=parsed.spec,
            ),
            known=_known(parsed.known_failures, scenarios, requirements),
        ),
    )
    return _OK if summary.accepted else _NOT_CONFORMANT


def _known(
    path: Path | None, scenarios: Sequence[Scenario], requirements: Requirements
) -> KnownFailures:
    if path is None:
        return KnownFailures()
    return known_failures.load(path, {scenario.id for scenario in scenarios}, requirements.known)


def _list(parsed: argparse.Namespace) -> int:
    data = _data(parsed)
    registry, requirements = registries.load(data), requirement_files.load(data)
    for scenario in _selected(load(data, registry, requirements), parsed.filter):
        sys.stdout.write(f"{scenario.id}\t{scenario.title}\n")
    return _OK


def _report(parsed: argparse.Namespace) -> int:
    content = FORMATS[parsed.format](read_report(parsed.report))
    if parsed.output is None:
        sys.stdout.write(content)
        return _OK
    try:
        parsed.output.write_text(content, encoding="utf-8")
    except OSError as error:
        raise _UsageError(f"{parsed.output}: cannot be written: {error}; choose another") from error
    return _OK


def _give(path: Path | None) -> int:
    sys.stdout.write(path.read_text(encoding="utf-8") if path else "")
    return _OK


def _compare(first: Path, second: Path) -> int:
    one, two = read_report(first), read_report(second)
    outcomes = [{str(c["id"]): str(c["outcome"]) for c in report.checks} for report in (one, two)]
    if one.header["requirements"] != two.header["requirements"]:
        fix = "run both again with the same version"
        raise BadInputError([Problem(shown(second), 1, "another set of requirements", fix)])
    differences = [
        f"{name}: {outcomes[0].get(name, 'absent')} / {outcomes[1].get(name, 'absent')}\n"
        for name in sorted({*outcomes[0], *outcomes[1]})
        if outcomes[0].get(name) != outcomes[1].get(name)
    ]
    sys.stdout.writelines(differences)
    sys.stdout.write(
        f"{len(outcomes[0])} and {len(outcomes[1])} checks, {len(differences)} differ\n"
    )
    return _NOT_CONFORMANT if differences else _OK


def _selected(scenarios: Sequence[Scenario], pattern: str | None) -> Sequence[Scenario]:
    if pattern is None:
        return scenarios
    selected = [found for found in scenarios if fnmatch.fnmatchcase(found.id, pattern)]
    if not selected:
        raise _UsageError(f"--filter {pattern!r} selects nothing; see `list` for the ids")
    return selected


def _default_testee(data: Data) -> str:
    if data.default_testee is None:
        raise _UsageError("no testee is named; name a command or a Python file with --testee")
    return shown(data.default_testee)


def _default_report(data: Data, selection: str | None) -> Path:
    # A replay must not replace the report it comes from.
    name = "conformance-report.ndjson" if selection is None else "conformance-part.ndjson"
    return (data.reports or Path.cwd()) / name
