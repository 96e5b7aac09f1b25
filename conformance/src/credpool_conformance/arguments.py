"""Describe the command line: what each command takes, and what its help says."""

import argparse
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from credpool_conformance import SUITE_VERSION
from credpool_conformance.data import SKELETONS, TEMPLATES
from credpool_conformance.reporting.formats import FORMATS
from credpool_conformance.reporting.replay import DEFAULT_TIMEOUT

_ABOUT = """The conformance suite of Credential Pool Rotation: run it, and read what it found.

Exit codes: 0 all is well, 1 the testee is not conformant, 2 the input is bad or the testee does not start."""


def parser() -> argparse.ArgumentParser:
    """Describe the program."""
    program = argparse.ArgumentParser(
        prog="credpool-conformance",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    program.add_argument("--version", action="version", version=SUITE_VERSION)
    commands = program.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="run the suite against a testee")
    _connecting(running)
    _standing(running)
    _telling(running)
    _letting_fail(running)
    fuzzing = commands.add_parser("fuzz", help="play random histories on two testees, and compare")
    _connecting(fuzzing)
    _playing(fuzzing)
    listing = commands.add_parser("list", help="list the scenarios")
    for command in (running, listing):
        _choosing(command)
    _reporting(commands.add_parser("report", help="write a report in another form"))
    comparing = commands.add_parser("compare", help="tell what has changed between two reports")
    comparing.add_argument("first")
    comparing.add_argument("second")
    _giving(commands.add_parser("template", help="print a testee to begin with"))
    commands.add_parser("protocol", help="print the testee protocol, one page")
    return program


def _connecting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--testee",
        help="a command line or a Python file; in process: path/to/file.py[:Class] or module:Class",
    )
    command.add_argument("--connector", choices=("stdio", "inprocess"), default="stdio")
    command.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT,
        help=f"seconds a reply may take (default: {DEFAULT_TIMEOUT:g})",
    )
    command.add_argument(
        "--jobs",
        type=_number,
        default=1,
        metavar="N",
        help="play in so many processes, each with a testee of its own (default: 1)",
    )


def _standing(command: argparse.ArgumentParser) -> None:
    """Add the options that say when and where the checks are played."""
    when = "the moment at which each check begins, such as 2028-02-29T12:00:00Z"
    command.add_argument("--begin", type=_moment, metavar="MOMENT", help=when)
    where = "the zone of the testee's machine, such as Asia/Kolkata (default: this machine's)"
    command.add_argument("--zone", type=_zone, help=where)


def _telling(command: argparse.ArgumentParser) -> None:
    command.add_argument("--report", type=Path, help="where the report goes")
    told = "name the N slowest checks at the end"
    command.add_argument("--slowest", type=_number, default=0, metavar="N", help=told)


def _playing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--against", required=True, help="the other testee, named as --testee is")
    command.add_argument(
        "--seed",
        type=_seed,
        default="1",
        help="where the histories begin; `7-12` plays that one history again (default: 1)",
    )
    for option, default, what in (
        ("--steps", 1000, "stop after so many steps"),
        ("--differences", 1, "stop after so many differences"),
    ):
        told = f"{what} (default: {default})"
        command.add_argument(option, type=_number, default=default, metavar="N", help=told)


def _letting_fail(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--known-failures",
        type=Path,
        help="YAML or JSON: what may fail, each with a reason; `report` makes such a list",
    )
    stopping = command.add_mutually_exclusive_group()
    stopping.add_argument("--max-failures", type=_number, help="stop after so many failing checks")
    stopping.add_argument(
        "--fail-fast",
        dest="max_failures",
        action="store_const",
        const=1,
        help="stop after the first failing check",
    )


def _choosing(command: argparse.ArgumentParser) -> None:
    """Add the options that choose scenarios; each may be given several times."""
    for option, what in (
        ("--filter", "whose id matches this glob"),
        ("--requirement", "that verify this requirement, an id or a glob"),
        ("--chapter", "of this chapter"),
        ("--provider", "that play this provider"),
    ):
        told = f"only the scenarios {what}; repeatable"
        command.add_argument(option, action="append", default=[], help=told)
    command.add_argument("--scenarios", type=Path, help="a folder of scenarios of your own")
    command.add_argument("--spec", type=Path, help="another folder of the specification")


def _reporting(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", type=Path, help="the NDJSON that `run` wrote")
    command.add_argument("--format", choices=tuple(FORMATS), required=True)
    command.add_argument("--output", type=Path, help="where it goes (default: standard output)")
    command.add_argument("--site", help="where the specification is published, for links to it")


def _giving(command: argparse.ArgumentParser) -> None:
    what = (
        "what your pool is: it sends requests, it picks keys for you to send with, it is a server; "
        "or the language of one that sends requests"
    )
    kinds = (*TEMPLATES, *SKELETONS)
    command.add_argument("--of", choices=kinds, default=kinds[0], help=what)


def _seconds(value: str) -> float:
    seconds = float(value)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("must be between 0 and 3600 seconds")
    return seconds


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError("must be a moment such as 2028-02-29T12:00:00Z")
    return moment


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError("must be a zone such as Asia/Kolkata") from None


def _seed(value: str) -> str:
    if not re.fullmatch(r"\d+(-\d+)?", value):
        raise argparse.ArgumentTypeError("must be a number, or two with a hyphen")
    return value


def _number(value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError("must be a number from 1")
    return int(value)
