"""Render the scenarios: a list of all of them, and a page for each file with a drawing of each."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from credpool_conformance.json_values import text
from tools.diagrams.scenario_chart import scenario_chart
from tools.diagrams.svg import figure
from tools.pages.chapters import NOTICE, front_matter, requirement_link, scenario_page
from tools.sources.citations import Scenario
from tools.sources.specification import Specification

FOLDER: Final = "docs/spec/scenarios"

_INDEX: Final = "docs/spec/scenarios.md"
_ABOUT: Final = "What the conformance suite plays, and what goes wrong when it fails."
_DRAWN: Final = """\
Each is drawn from what it expects of a pool: a line from left to right is a request, a broken one what comes back, with its class and what the pool does about it.
Of a scenario with several cases, the first is drawn."""

_CASE: Final = re.compile(r"\$\{[^}]*\}")


def scenarios_pages(spec: Specification) -> Mapping[str, str]:
    """Render the list, and a page for each file of scenarios, by their paths."""
    groups = {
        path: list(group) for path, group in groupby(spec.scenarios, key=lambda found: found.path)
    }
    about = "The scenarios of {}, each with what it verifies and a drawing of what happens."
    pages = {
        f"{FOLDER}/{PurePosixPath(path).stem}.md": front_matter(
            about.format(_title(path).lower()), exclude=True
        )
        + _page(spec, path, group)
        for path, group in groups.items()
    }
    head = front_matter("All scenarios of the conformance suite, by chapter.", exclude=True)
    return {_INDEX: head + _index(groups), **pages}


def _title(path: str) -> str:
    return PurePosixPath(path).stem.replace("-", " ").capitalize()


def _index(groups: Mapping[str, list[Scenario]]) -> str:
    parts = ["# Scenarios", _ABOUT]
    for path, group in groups.items():
        stem = PurePosixPath(path).stem
        parts.append(f"## [{_title(path)}](scenarios/{stem}.md)")
        lines = (f'- <a id="{s.id}"></a>[{_named(s)}]({scenario_page(s)})' for s in group)
        parts.append("\n".join(lines))
    return NOTICE + "\n\n".join(parts) + "\n"


def _page(spec: Specification, path: str, group: list[Scenario]) -> str:
    parts = [f"# {_title(path)}: scenarios", _ABOUT, _DRAWN]
    for scenario in group:
        parts += _scenario(spec, scenario)
    return NOTICE + "\n\n".join(parts) + "\n"


def _scenario(spec: Specification, scenario: Scenario) -> Iterator[str]:
    yield f'<a id="{scenario.id}"></a>'
    yield f"## {_named(scenario)}"
    required = (spec.requirements[citation.id] for citation in scenario.verifies)
    links = ", ".join(requirement_link(requirement, "../") for requirement in required)
    lines = [f"`{scenario.id}` verifies {links}."]
    if scenario.features:
        lines.append(f"Needs {', '.join(scenario.features)}.")
    if len(scenario.cases) > 1:
        names = (text(case.get("id")).partition(":")[2] for case in scenario.cases)
        lines.append(f"{len(scenario.cases)} cases: {', '.join(f'`{name}`' for name in names)}.")
    yield "\n".join(lines)
    yield f"*If it fails:* {scenario.consequence}"
    yield figure(scenario_chart(scenario.cases[0]), f"Drawing: {_named(scenario)}", scrolls=False)


def _named(scenario: Scenario) -> str:
    """Return the title, with an ellipsis where each case says something else."""
    return _CASE.sub("…", scenario.title)
