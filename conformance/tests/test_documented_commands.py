"""What the documentation tells to run: each command is one, and each choice of scenarios finds some."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from credpool_conformance.arguments import parser
from credpool_conformance.data import TEMPLATES, find
from credpool_conformance.reporting import known_failures
from credpool_conformance.scenarios.loader import load
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.scenarios.selection import Selection
from credpool_conformance.specification import registry as registries
from credpool_conformance.specification import requirements as requirement_files

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    *sorted((ROOT / "docs/conformance").glob("*.md")),
    *(ROOT / "conformance/testees" / name for name in TEMPLATES.values()),
    ROOT / "conformance/README.md",
    ROOT / "CONTRIBUTING.md",
)
_OPTION: Final = re.compile(r"--(filter|requirement|chapter|provider) (\"[^\"]+\"|[a-z][\w.*-]*)")
_COMMAND: Final = re.compile(
    r"^[ \-]*(?:run: )?credpool-conformance ((?:run|fuzz|list|report|compare|template)\b.*)$",
    re.MULTILINE,
)
_FIELDS: Final = {
    "filter": "ids",
    "requirement": "requirements",
    "chapter": "chapters",
    "provider": "providers",
}
_YAML: Final = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def choices() -> Iterator[tuple[str, str]]:
    """Find each option that chooses scenarios."""
    for page in PAGES:
        for option, value in _OPTION.findall(page.read_text(encoding="utf-8")):
            yield option, value.strip('"')


def commands() -> Iterator[str]:
    """Find each command."""
    for page in PAGES:
        yield from _COMMAND.findall(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scenarios() -> tuple[Scenario, ...]:
    """Read the scenarios that are released."""
    data = find()
    return load(data, registries.load(data), requirement_files.load(data))


@pytest.mark.parametrize(("option", "value"), sorted(set(choices())))
def test_a_documented_choice_finds_what_runs(
    scenarios: tuple[Scenario, ...], option: str, value: str
) -> None:
    """A pool without any feature runs some of it."""
    chosen = Selection(**{_FIELDS[option]: [value]}).of(scenarios, requirement_files.load(find()))

    assert [scenario.id for scenario in chosen if not scenario.features]


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_documented_command_is_one(command: str) -> None:
    """The parser takes it."""
    words = shlex.split(command.partition(">")[0])

    assert parser().parse_args(words).command == words[0]


def test_enough_is_found() -> None:
    """Neither pattern has gone blind."""
    assert len(set(choices())) > 8
    assert len(set(commands())) > 8


def test_the_list_in_the_documentation_can_be_used(
    tmp_path: Path, scenarios: tuple[Scenario, ...]
) -> None:
    """Ids, patterns, requirements and kinds are real ones."""
    page = (ROOT / "docs/conformance/run.md").read_text(encoding="utf-8")
    (listed,) = (block for block in _YAML.findall(page) if "reason:" in block)
    (tmp_path / "known.yaml").write_text(listed, encoding="utf-8")

    known = known_failures.load(
        tmp_path / "known.yaml",
        {scenario.id for scenario in scenarios},
        requirement_files.load(find()).known,
    )

    assert known.requirements


def test_the_recipes_for_ci_are_yaml_that_keeps_the_report() -> None:
    """Both parse, and neither gives a job more than it needs."""
    page = (ROOT / "docs/conformance/ci.md").read_text(encoding="utf-8")
    github, gitlab = map(yaml.safe_load, _YAML.findall(page))

    steps = github["jobs"]["conformance"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert github["permissions"] == {}
    assert all(re.search("@[0-9a-f]{40}$", action) for action in used)
    assert any("upload-artifact" in action for action in used)
    assert gitlab["conformance"]["artifacts"]["when"] == "always"
