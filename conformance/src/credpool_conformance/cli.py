"""The command line: `run` a suite, `list` its scenarios, make something of a `report`, and begin.

Exit codes: 0 all is well, 1 the testee is not conformant, 2 the input is bad or the testee does not
start.
"""

import argparse
import gc
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from credpool_conformance.arguments import parser
from credpool_conformance.data import Data, find, shown
from credpool_conformance.fuzzing.command import FuzzOptions, fuzz
from credpool_conformance.problems import BadInputError, Problem, StartError
from credpool_conformance.reporting import known_failures
from credpool_conformance.reporting.comparison import changes
from credpool_conformance.reporting.formats import FORMATS
from credpool_conformance.reporting.known_failures import KnownFailures
from credpool_conformance.reporting.replay import replay
from credpool_conformance.reporting.report import read_report
from credpool_conformance.run import Options, run
from credpool_conformance.scenarios.clock import EPOCH
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.scenarios.selection import NothingSelectedError, Selection
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files
from credpool_conformance.specification.requirements import Requirements

_OK: Final = 0
_NOT_CONFORMANT: Final = 1
_BAD_INPUT: Final = 2
_NOBODY_READS: Final = 141
_SHOWN_STDERR: Final = 2000
_SHOWN_LINES: Final = 15


class _UsageError(Exception):
    """A command line that asks for nothing that can be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    parsed = parser().parse_args(arguments)
    try:
        code = _done(parsed)
        sys.stdout.flush()
    except StartError as error:
        sys.stderr.write(_not_started(error))
        return _BAD_INPUT
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
        case "fuzz":
            return _fuzz(parsed)
        case "report":
            return _report(parsed)
        case "compare":
            return _compare(Path(parsed.first), Path(parsed.second))
        case "template":
            return _give(find().templates[parsed.of])
        case _:
            return _give(find().protocol)


def _not_started(error: StartError) -> str:
    """Tell why a testee does not start, and what it has written, on one screen."""
    said = error.stderr.strip()[-_SHOWN_STDERR:].splitlines()[-_SHOWN_LINES:]
    lines = [f"the testee does not start: {error.what}"]
    lines += ["its standard error:", *(f"  {line}" for line in said)] if said else []
    lines += ["no check ran, and no report was written"]
    lines += ["`credpool-conformance protocol` says what a testee answers to `hello`"]
    return "".join(f"{line}\n" for line in lines)


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
    selection = _selection(parsed)
    if parsed.zone:
        os.environ["TZ"] = parsed.zone  # what a testee in a process of its own is started with
        time.tzset()
    known = _known(parsed.known_failures, scenarios, requirements)
    gc.freeze()  # nobody looks for garbage in what has been read
    try:
        summary = run(
            selection.of(scenarios, requirements),
            registry,
            requirements,
            _options(parsed, data, selection, known),
            all_=scenarios,
        )
    finally:
        gc.unfreeze()
    return _OK if summary.accepted else _NOT_CONFORMANT


def _options(
    parsed: argparse.Namespace, data: Data, selection: Selection, known: KnownFailures
) -> Options:
    testee = parsed.testee or _default_testee(data)
    return Options(
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
            begins=parsed.begin,
            zone=parsed.zone,
        ),
        known=known,
        slowest=parsed.slowest,
        begins=parsed.begin.timestamp() if parsed.begin else EPOCH,
        jobs=parsed.jobs,
    )


def _known(
    path: Path | None, scenarios: Sequence[Scenario], requirements: Requirements
) -> KnownFailures:
    if path is None:
        return KnownFailures()
    verifying = {scenario.id: scenario.ids for scenario in scenarios}
    return known_failures.load(path, verifying, requirements.known, verifying)


def _list(parsed: argparse.Namespace) -> int:
    data = _data(parsed)
    registry, requirements = registries.load(data), requirement_files.load(data)
    scenarios = load(data, registry, requirements)
    for scenario in _selection(parsed).of(scenarios, requirements):
        sys.stdout.write(f"{scenario.id}\t{scenario.title}\n")
    return _OK


def _fuzz(parsed: argparse.Namespace) -> int:
    data = find()
    options = FuzzOptions(
        testee=parsed.testee or _default_testee(data),
        against=parsed.against,
        connector=parsed.connector,
        seed=parsed.seed,
        steps=parsed.steps,
        most=parsed.differences,
        jobs=parsed.jobs,
        timeout=parsed.timeout,
    )
    return _NOT_CONFORMANT if fuzz(options, data) else _OK


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
