"""The suite under pytest: run as a child, the way a stranger runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from credpool_conformance.data import find

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]
FAILS = "rate-limited-retries-once-then-rotates"
PASSES = "default-strategy-stays-on-the-first-entry"


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    """Run pytest in an empty folder, on the tests of the suite."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        plain = ("-p", "credpool_conformance.pytest_plugin", "-p", "no:cacheprovider", "-rA")
        command = (sys.executable, "-m", "pytest", *plain, "--pyargs", "credpool_conformance")
        return subprocess.run(  # noqa: S603 (ourselves)
            [*command, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def template() -> tuple[str, str]:
    """Name the template."""
    return "--testee", str(find().templates["http-client"])


def test_a_scenario_is_a_test(run_pytest: Pytest, template: tuple[str, str]) -> None:
    """Its id is the test's, its requirement is in the failure, and the verdict ends the run."""
    ran = run_pytest(*template, "-k", f"{PASSES} or {FAILS}")

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert f"::test_conformance[{PASSES}]" in ran.stdout
    assert "recover." in ran.stdout
    assert " MUST " in ran.stdout
    assert "replay: " in ran.stdout
    assert "verdict: filtered (" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_known_failures_are_expected(
    run_pytest: Pytest, template: tuple[str, str], tmp_path: Path
) -> None:
    """What is listed is an xfail, what is listed and passes fails."""
    entries = f"{FAILS}: {{reason: we know}}\n{PASSES}: {{reason: stale}}\n"
    (tmp_path / "known.yaml").write_text(entries, encoding="utf-8")

    ran = run_pytest(*template, "--known-failures", "known.yaml", "-k", f"{FAILS} or {PASSES}")

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "XFAIL" in ran.stdout
    assert "UNEXPECTED PASS" in ran.stdout
    assert "remove the entry" in ran.stdout


def test_a_bad_list_ends_the_run(
    run_pytest: Pytest, template: tuple[str, str], tmp_path: Path
) -> None:
    """Nothing is run by a list that is wrong."""
    (tmp_path / "known.yaml").write_text("gone: {reason: why}\n", encoding="utf-8")

    ran = run_pytest(*template, "--known-failures", "known.yaml")

    assert ran.returncode == 4
    assert "known.yaml:1: no check or requirement is called 'gone'" in ran.stderr


def test_without_a_testee_it_says_what_to_write(run_pytest: Pytest) -> None:
    """The command that is missing something is printed whole."""
    ran = run_pytest()

    assert ran.returncode == 2
    assert "name a testee: pytest --pyargs credpool_conformance --testee" in ran.stdout
