"""Write a rule for a report of `credpool explain --report` into the registry.

    python -m tools.scaffold FILE [--class CLASS] [--source WHERE] [--provider NAME] [--root DIR]

FILE is the report, or an issue that has it in its text; `-` is the standard input.
Exits with 0 when the rule is written, 2 when nothing was.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from credpool.model.terms import FailureClass
from tools.lints.rules import LEFT
from tools.scaffold.report import NoReportError, read_report
from tools.scaffold.rule import with_rule

_CLASSES = [failure.value for failure in FailureClass]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text("utf-8")
    try:
        report = read_report(text)
    except NoReportError as error:
        return _complain(f"{options.file}: {error}; make it with credpool explain --report")
    failure = options.failure or report.wanted
    if failure not in _CLASSES:
        return _complain(f"nobody has said what it should mean: --class {'|'.join(_CLASSES)}")
    name = options.provider or report.provider
    path = options.root / "spec" / "registry" / f"{name}.yaml"
    if not path.exists():
        return _complain(f"{path}: there is no such file; describe the provider first, or choose "
                         "another one with --provider")  # fmt: skip
    written, rule = with_rule(path.read_text("utf-8"), report, failure, options.source)
    path.write_text(written, encoding="utf-8")
    _say(f"{path}: wrote {name}/{rule}, above the other rules.", *_left(options.source))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.scaffold", description=__doc__)
    parser.add_argument("file", help="the report, or - for the standard input")
    parser.add_argument("--class", dest="failure", choices=_CLASSES, help="what it means")
    parser.add_argument("--source", help="where the report can be looked up")
    parser.add_argument("--provider", help="in whose file the rule belongs")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder that holds spec/")
    return parser


def _left(source: str | None) -> list[str]:
    """Return what is left to a person."""
    steps = [
        *([] if source else [f"- `source`: where the report can be looked up, in place of {LEFT}"]),
        "- `when`: no wider than the failure; a message that other failures share is too wide",
        "- `scope`, `cooldown`, `hint`: where they differ from those of the class",
        "- `before`: the rules further down that would take the example; the lint names them",
        "- `example`: nothing personal, and no more than was sent",
    ]
    return ["Left to do:", *steps, "Then: nox -s spec, nox -s generate, and look at the diff."]


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _complain(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
