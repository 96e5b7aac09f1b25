"""The templates: short, on their own feet, wrong in ways that a first run shows, and right when filled."""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import TEMPLATES, find
from credpool_conformance.reporting.report import read_report

if TYPE_CHECKING:
    from conftest import RunSuite

Judged = Callable[[str], dict[str, str]]

ALL: Final = tuple(TEMPLATES)
TOYS: Final = Path(__file__).parent / "testees" / "toys"
_FILLED: Final = re.compile(
    r"(?:class Toy|class Pool).*?(?=# From here on it is the protocol)", re.DOTALL
)


def source(of: str) -> str:
    """Read a template."""
    return find().templates[of].read_text(encoding="utf-8")


@pytest.fixture
def filled(tmp_path: Path) -> Callable[[str], str]:
    """Put a toy pool where a template has its own, and name the testee."""

    def fill(of: str) -> str:
        toy = (TOYS / f"{of.replace('-', '_')}.py").read_text(encoding="utf-8")
        testee = tmp_path / "my_testee.py"
        text, count = _FILLED.subn(lambda _: f"{toy}\n\n", source(of))
        assert count == 1
        testee.write_text(text, encoding="utf-8")
        return str(testee)

    return fill


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Run some checks of the real specification, and read their outcomes."""

    def judge(testee: str) -> dict[str, str]:
        report = tmp_path / "report.ndjson"
        wanted = ("recover.all-tried", "recover.rate-limited.retry-once", "security.own-origin")
        some = [word for id_ in wanted for word in ("--requirement", id_)]
        main(["run", *some, "--testee", testee, "--report", str(report)])
        return {str(check["id"]): str(check["outcome"]) for check in read_report(report).checks}

    return judge


@pytest.mark.parametrize("of", ALL)
def test_a_template_is_given_away(capsys: pytest.CaptureFixture[str], of: str) -> None:
    """`template --of` prints the file."""
    assert main(["template", "--of", of]) == 0
    assert capsys.readouterr().out == source(of)


def test_the_first_one_needs_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    """Most pools send the requests themselves; `protocol` prints the page that all speak of."""
    assert main(["template"]) == 0
    assert capsys.readouterr().out == source("http-client")
    assert main(["protocol"]) == 0
    assert capsys.readouterr().out.startswith("# The testee protocol, version 1\n")


@pytest.mark.parametrize("of", ALL)
def test_a_template_is_short_and_needs_nothing(of: str) -> None:
    """At most 120 lines, and nothing but the standard library."""
    tree = ast.parse(source(of))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names} | {n.module for n in froms}

    assert len(source(of).splitlines()) <= 120
    assert {str(name).partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_protocol_is_the_same_in_all() -> None:
    """What a user need not change differs nowhere."""
    assert len({source(of).partition("# From here on")[2] for of in ALL}) == 1


@pytest.mark.parametrize("of", ALL)
def test_a_template_names_itself(of: str) -> None:
    """The command at its head prints this file, and says where to write."""
    assert f"credpool-conformance template --of {of} > my_testee.py" in source(of)
    assert "FILL IN" in source(of) or "YOUR POOL GOES HERE" in source(of)


def test_a_first_run_tells_a_naive_pool(run_suite: "RunSuite") -> None:
    """Some checks pass, others fail for a reason, streams and held calls included."""
    ran = run_suite(str(find().templates["http-client"]))

    outcomes = ran.outcomes()
    assert ran.verdict == "not-conformant"
    assert set(outcomes.values()) == {"pass", "fail", "warn", "not-applicable", "excluded"}
    assert outcomes["healthy"] == outcomes["streamed"] == "pass"
    assert outcomes["retry-then-rotate"] == "fail"


@pytest.mark.parametrize("of", ALL)
def test_a_first_run_shows_failures_and_no_errors(judged: Judged, of: str) -> None:
    """Whatever a pool is, what comes with the template is judged as it is, and found wanting."""
    outcomes = set(judged(str(find().templates[of])).values())

    assert "fail" in outcomes
    assert "harness-error" not in outcomes


@pytest.mark.parametrize("of", ALL)
def test_a_filled_template_is_judged(judged: Judged, filled: Callable[[str], str], of: str) -> None:
    """A toy pool that rotates is seen to rotate; what it does not know of, fails."""
    outcomes = judged(filled(of))

    assert outcomes["ten-keys-are-all-tried:refused"] == "pass"
    assert outcomes["rotation-crosses-origins-without-the-old-secret:authorization"] == "pass"
    assert outcomes["ten-keys-are-all-tried:empty"] == "fail"


@pytest.mark.parametrize("clock", ["virtual", "real"])
@pytest.mark.parametrize("of", ALL)
def test_a_first_run_can_be_kept_in_ci(tmp_path: Path, of: str, clock: str) -> None:
    """One command lists what fails, and the next run ends with 0."""
    report, listed = str(tmp_path / "run.ndjson"), str(tmp_path / "known.yaml")
    testee = tmp_path / "my_testee.py"
    testee.write_text(re.sub('"clock": "(virtual|real)"', f'"clock": "{clock}"', source(of)))
    # a chapter with checks that apply to each of them, and with failures that rest on other chapters
    run = ["run", "--chapter", "exhaustion", "--testee", str(testee), "--report", report]

    first = main(run)
    main(["report", report, "--format", "known-failures", "--output", listed])

    assert (first, main([*run, "--known-failures", listed])) == (1, 0)
