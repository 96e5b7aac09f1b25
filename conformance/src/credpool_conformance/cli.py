"""The command line: `run` a suite, `list` its scenarios, make something of a `report`, and begin.

Exit codes: 0 all is well, 1 the testee is not conformant, 2 the input is bad.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool_conformance import SUITE_VERSION, known_failures
from credpool_conformance import registry as registries
from credpool_conformance import requirements as requirement_files
from credpool_conformance.book.problems import Problem
from credpool_conformance.comparison import changes
from credpool_conformance.data import TEMPLATES, Data, find, shown
from credpool_conformance.faults import BadInputError
from credpool_conformance.formats import FORMATS
from credpool_conformance.known_failures import KnownFailures
from credpool_conformance.loader import load
from credpool_conformance.replay import DEFAULT_TIMEOUT, replay
from credpool_conformance.report import read_report
from credpool_conformance.requirements import Requirements
from credpool_conformance.run import Options, run
from credpool_conformance.scenario import Scenario
from credpool_conformance.selection import NothingSelectedError, Selection

_OK: Final = 0
_NOT_CONFORMANT: Final = 1
_BAD_INPUT: Final = 2
_NOBODY_READS: Final = 141


class _UsageError(Exception):
    """A command line that asks for nothing that can be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        code = _done(parsed)
        sys.stdout.flush()
    except (BadInputError, NothingSelectedError, _UsageError) as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: the report has no footer and is not valid\n")
        return _NOT_CONFORMANT
    except BrokenPipeError:
        # Nobody reads on, as in `list | head`; what is left to write must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    return code


def _done(parsed: argparse.Namespace) -> int:
    match parsed.command:
        case "run":
            return _run(parsed)
        case "list":
            return _list(parsed)
        case "report":
            return _report(parsed)
        case "compare":
            return _compare(Path(parsed.first), Path(parsed.second))
        case "template":
            return _give(find().templates[parsed.of])
        case _:
            return _give(find().protocol)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="credpool-conformance", description=__doc__)
    parser.add_argument("--version", action="version", version=SUITE_VERSION)
    commands = parser.add_subparsers(dest="command", required=True)
    running = _running(commands.add_parser("run", help="run the suite against a testee"))
    listing = commands.add_parser("list", help="list the scenarios")
    for command in (running, listing):
        _choosing(command)
        command.add_argument("--scenarios", type=Path, help="a folder of scenarios of your own")
        command.add_argument("--spec", type=Path, help="another folder of the specification")
    reporting = commands.add_parser("report", help="write a report in another form")
    reporting.add_argument("report", type=Path, help="the NDJSON that `run` wrote")
    reporting.add_argument("--format", choices=tuple(FORMATS), required=True)
    reporting.add_argument("--output", type=Path, help="where it goes (default: standard output)")
    reporting.add_argument("--site", help="where the specification is published, for links to it")
    comparing = commands.add_parser("compare", help="tell what has changed between two reports")
    comparing.add_argument("first")
    comparing.add_argument("second")
    giving = commands.add_parser("template", help="print a testee to begin with")
    giving.add_argument(
        "--of",
        choices=tuple(TEMPLATES),
        default=next(iter(TEMPLATES)),
        help="what your pool is: it sends requests, it picks keys for you to send with, it is a server",
    )
    commands.add_parser("protocol", help="print the testee protocol, one page")
    return parser


def _choosing(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose scenarios; each may be given several times."""
    for option, what in (
        ("--filter", "whose id matches this glob"),
        ("--requirement", "that verify this requirement, an id or a glob"),
        ("--chapter", "of this chapter"),
        ("--provider", "that play this provider"),
    ):
        parser.add_argument(
            option, action="append", default=[], help=f"only the scenarios {what}; repeatable"
        )


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
    stopping = parser.add_mutually_exclusive_group()
    stopping.add_argument("--max-failures", type=_number, help="stop after so many failing checks")
    stopping.add_argument(
        "--fail-fast",
        dest="max_failures",
        action="store_const",
        const=1,
        help="stop after the first failing check",
    )
    return parser


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("must be between 0 and 3600 seconds")
    return seconds


def _number(value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError("must be a number from 1")
    return int(value)


def _selection(parsed: argparse.Namespace) -> Selection:
    return Selection(
        ids=parsed.filter,
        requirements=parsed.requirement,
        chapters=parsed.chapter,
        providers=parsed.provider,
    )


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
    selection = _selection(parsed)
    summary = run(
        selection.of(scenarios, requirements),
        registry,
        requirements,
        Options(
            testee=testee,
            connector=parsed.connector,
            timeout=parsed.timeout,
            selection=selection.words,
            max_failures=parsed.max_failures,
            report=parsed.report or _default_report(data, selection.words),
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
    scenarios = load(data, registry, requirements)
    for scenario in _selection(parsed).of(scenarios, requirements):
        sys.stdout.write(f"{scenario.id}\t{scenario.title}\n")
    return _OK


def _report(parsed: argparse.Namespace) -> int:
    report = replace(read_report(parsed.report), site=parsed.site)
    content = FORMATS[parsed.format](report)
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
    if one.header["requirements"] != two.header["requirements"]:
        fix = "run both again with the same version"
        raise BadInputError([Problem(shown(second), 1, "another set of requirements", fix)])
    found = changes(one, two)
    sys.stdout.writelines(f"{line}\n" for line in found)
    if not found:
        sys.stdout.write(f"no change in {len(two.checks)} checks\n")
    return _NOT_CONFORMANT if found else _OK


def _default_testee(data: Data) -> str:
    if data.default_testee is None:
        raise _UsageError("no testee is named; name a command or a Python file with --testee")
    return shown(data.default_testee)


def _default_report(data: Data, selection: str | None) -> Path:
    # A replay must not replace the report it comes from.
    name = "conformance-report.ndjson" if selection is None else "conformance-part.ndjson"
    return (data.reports or Path.cwd()) / name
