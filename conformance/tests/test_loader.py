"""Bad input is refused with file, line and what to write; good input is expanded."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from credpool_conformance.data import Data, find
from credpool_conformance.problems import BadInputError
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files

GOOD = """\
schema: 1
scenarios:
  - id: one
    title: One
    verifies: [rotate.second+2]
    consequence: None.
    given: {provider: openai, entries: [a]}
    upstream:
      a: [ok]
    phases:
      - call: {}
        expect: {attempts: [a ok deliver]}
"""
FAULTS = {
    "not YAML": ("    title: One", "    title: [One", 5, "expected ',' or ']'"),
    "a key twice": ("    title: One", "    title: One\n    title: Two", 5, "given twice"),
    "another schema": ("schema: 1", "schema: 2", 1, "1 was expected"),
    "a misspelt key": ("    title: One", "    titel: One", 3, "'titel' was unexpected"),
    "an unknown requirement": ("rotate.second+2", "rotate.third+1", 5, "unknown requirement"),
    "an old revision": ("rotate.second+2", "rotate.second+1", 5, "cite rotate.second+2"),
    "an unknown example": ("a: [ok]", "a: [ok, openai/none]", 9, "unknown example 'openai/none'"),
    "an unknown entry": ("a: [ok]", "c: [ok]", 9, "no entry 'c'"),
    "an entry twice": ("entries: [a]", "entries: [a, a]", 7, "given twice"),
    "two actions": ("call: {}", "call: {}\n        restart: {}", 11, "valid under each of"),
    "a held reply before the time": (
        "call: {}",
        "advance: 1\n        release: late",
        11,
        "should not be valid under",
    ),
    "a malformed attempt": ("a ok deliver", "a ok", 12, "does not match"),
    "an unknown name": ("    title: One", "    title: ${what}", 4, "unknown name ${what}"),
    "an empty expansion": (
        "    title: One",
        "    title: One\n    for_each: {table: none}",
        5,
        "finds no row",
    ),
}


Loaded = Callable[[str], tuple[Scenario, ...]]


@pytest.fixture
def write(tree: Data, tmp_path: Path) -> Loaded:
    """Write a file of scenarios and load it beside the small specification."""

    def load_text(source: str) -> tuple[Scenario, ...]:
        (tmp_path / "some.yaml").write_text(source)
        data = replace(tree, scenarios=tmp_path)
        return load(data, registries.load(data), requirement_files.load(data))

    return load_text


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_where_it_is(write: Loaded, fault: str) -> None:
    """The message names file and line, what is wrong, and what to write."""
    before, after, line, message = FAULTS[fault]

    with pytest.raises(BadInputError) as caught:
        write(GOOD.replace(before, after))

    problems = caught.value.problems
    assert any(
        p.path.endswith("some.yaml") and p.line == line and message in str(p) for p in problems
    ), problems


def test_good_input_is_good(write: Loaded) -> None:
    """The text that the faults are made of has none itself."""
    (scenario,) = write(GOOD)

    assert scenario.id == "one"
    assert scenario.line == 3


def test_all_faults_are_reported_at_once(write: Loaded) -> None:
    """Nobody has to run the suite again for each misspelling."""
    source = GOOD.replace("rotate.second+2", "a.b+1").replace("entries: [a]", "entries: [b]")

    with pytest.raises(BadInputError) as caught:
        write(source)

    assert len(caught.value.problems) == 2


def test_an_id_is_taken_once(write: Loaded) -> None:
    """The second one is told where the first one is."""
    source = GOOD + GOOD.partition("scenarios:\n")[2]

    with pytest.raises(BadInputError, match=r"some.yaml:13: the id one is taken by .*some.yaml:3"):
        write(source)


def test_rows_become_scenarios(tree: Data) -> None:
    """A table, the registry's examples and the hints' examples make one scenario for each row."""
    scenarios = load(tree, registries.load(tree), requirement_files.load(tree))

    names = [scenario.id for scenario in scenarios]
    assert "strategy:unknown" in names
    assert "wait:retry-after-2" in names
    assert "wait:retry-after-3" not in names
    assert "class:openai/bad-key" in names


def test_no_requirements_say_how_to_make_them(tree: Data, tmp_path: Path) -> None:
    """A missing generated file is the user's to generate."""
    shutil.copytree(tree.spec, tmp_path / "spec")
    (tmp_path / "spec/requirements.json").unlink()

    with pytest.raises(BadInputError, match=r"requirements.json:1: not there; generate it"):
        requirement_files.load(replace(tree, spec=tmp_path / "spec"))


def test_an_exclusion_of_nothing_is_a_fault(tree: Data, tmp_path: Path) -> None:
    """An exclusion that excuses no requirement is stale."""
    shutil.copytree(tree.spec, tmp_path / "spec")
    (tmp_path / "spec/exclusions.yaml").write_text("- {id: no.such, kind: unobservable}\n")

    with pytest.raises(BadInputError, match=r"exclusions.yaml:1: unknown requirement 'no.such'"):
        requirement_files.load(replace(tree, spec=tmp_path / "spec"))


def test_the_data_of_the_checkout_is_found() -> None:
    """Run from a checkout, the suite finds specification and scenarios without being told."""
    data = find()

    assert (data.registry / "openai.yaml").is_file()
    assert data.scenarios.is_dir()
