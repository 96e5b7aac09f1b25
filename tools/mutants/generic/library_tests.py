"""Try a change that no scenario notices on the library's own tests: the protocol may not come there."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from tools.mutants.generic.alterations import Alteration
from tools.mutants.generic.lines import Line, Lines
from tools.mutants.generic.run import Trial
from tools.mutants.generic.trial import functions_there, make
from tools.mutants.workers import TOO_LONG, LostError, run_all

_TESTS: Final = "reference_impl/tests"
_SECONDS: Final = 900.0
_OTHERS: Final = frozenset(
    f"test_{name}.py"
    for name in (
        *("config_yaml", "docs", "event_loop", "hot_path", "imports", "minimal", "model_check"),
        *("offloop", "packaging", "per_process", "procedure", "processes", "redis", "renewing"),
        *("requests", "sdks", "sinks", "sqlite", "start", "threads", "typing"),
    )
)
"""They look at processes, speed, other programs or every order of things, and take long."""

_OPTIONS: Final = (
    *("-x", "-q", "--assert=plain", "-o", "filterwarnings="),  # what is imported here already warns
    *("-p", "no:cacheprovider", "-p", "no:randomly"),
)


@dataclass(slots=True, eq=False)
class _Failed:
    """Tells pytest's plugins' side: which test comes, and which one has failed."""

    begins: Callable[[str], None]
    failed: list[str] = field(default_factory=list)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.begins(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """A run of the tests as the library is: which come to a line, and how long they take."""

    on: Mapping[Line, frozenset[str]]
    took: Mapping[str, int]

    def of(self, alteration: Alteration) -> list[str]:
        """List the tests that come to the line, the quick ones first."""
        there = self.on.get((str(alteration.path), alteration.line), ())
        return sorted(there, key=lambda test: self.took.get(test, 0))


def failing(root: Path, paths: Sequence[Path], made: Sequence[Alteration]) -> Iterator[Trial]:
    """Yield what a test notices, with the test.

    Raises: LostError when the tests fail without a change, or a change could not be made.
    """
    ((_, tests),) = run_all(
        [("watch", partial(_watched, root, paths))], at_once=1, seconds=_SECONDS
    )
    if isinstance(tests, LostError):
        raise tests
    for path in paths:
        import_module(_module(path))
    functions_there.cache_clear()
    functions_there()
    known = {a.name: a for a in made if tests.of(a)}
    jobs = [(name, partial(_failing, root, tests.of(a), a)) for name, a in known.items()]
    for name, found in run_all(jobs, at_once=1, seconds=_SECONDS):
        if isinstance(found, LostError) and str(found) != TOO_LONG:
            raise found
        if found and not isinstance(found, LostError):
            yield Trial(alteration=known[name], killer=None, test=found)


def _watched(root: Path, paths: Sequence[Path]) -> Tests:
    files = sorted(root.glob(f"{_TESTS}/test_*.py"))
    chosen = [str(path.relative_to(root)) for path in files if path.name not in _OTHERS]
    lines = Lines(paths)
    with lines.watching():
        failed = _run(root, chosen, lines.begins)
    assert not failed, f"red without a change: {failed}"
    on = {line: frozenset(ids) for line, ids in lines.seen.items()}
    return Tests(on=on, took=dict(lines.took))


def _failing(root: Path, tests: Sequence[str], alteration: Alteration) -> str | None:
    make(alteration)
    failed = _run(root, tests, lambda _: None)
    return failed[0] if failed else None


def _run(root: Path, tests: Sequence[str], begins: Callable[[str], None]) -> list[str]:
    """Run tests in this process, and list those that fail; it ends at the first."""
    os.chdir(root)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    told = _Failed(begins)
    status = pytest.main([*_OPTIONS, f"--rootdir={root}", *tests], plugins=[told])
    assert told.failed or status == pytest.ExitCode.OK, f"pytest ended with {status}"
    return told.failed


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts[path.parts.index("credpool") :])
