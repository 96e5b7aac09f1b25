"""The template: short, on its own feet, and wrong in ways that a first run shows."""

import ast
import sys
from typing import TYPE_CHECKING

import pytest

from credpool_conformance.cli import main
from credpool_conformance.data import find

if TYPE_CHECKING:
    from conftest import RunSuite

TEMPLATE = find().template


def test_the_template_is_given_away(capsys: pytest.CaptureFixture[str]) -> None:
    """`template` prints the file, `protocol` the page that it speaks of."""
    assert main(["template"]) == 0
    assert TEMPLATE is not None
    assert capsys.readouterr().out == TEMPLATE.read_text(encoding="utf-8")
    assert main(["protocol"]) == 0
    assert capsys.readouterr().out.startswith("# The testee protocol, version 1\n")


def test_the_template_is_short_and_needs_nothing() -> None:
    """At most 120 lines, and nothing but the standard library."""
    assert TEMPLATE is not None
    source = TEMPLATE.read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names} | {n.module for n in froms}

    assert len(source.splitlines()) <= 120
    assert {str(name).partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_first_run_shows_failures_and_no_errors(run_suite: "RunSuite") -> None:
    """Some checks pass, others fail for a reason, streams and held calls included."""
    ran = run_suite(str(TEMPLATE))

    outcomes = ran.outcomes()
    assert ran.verdict == "not-conformant"
    assert set(outcomes.values()) == {"pass", "fail", "warn", "not-applicable", "excluded"}
    assert outcomes["healthy"] == outcomes["streamed"] == "pass"
    assert outcomes["retry-then-rotate"] == "fail"
