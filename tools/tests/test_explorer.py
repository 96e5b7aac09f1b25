"""The Explorer runs on the pool that passed the suite, names what exists, and can be read."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from tools.pages.explorer.files import DATA, FOLDER, POOL, cited, pool_modules

REPOSITORY: Final = Path(__file__).parents[2]
TESTEE: Final = REPOSITORY / "conformance" / "testees" / "javascript"
REQUIREMENTS: Final = json.loads((REPOSITORY / "docs/data/requirements.json").read_text("utf-8"))
STATES: Final = ("available", "cooling", "dead", "refreshed", "none")
GROUNDS: Final = {"default": ("#ffffff", "#f5f5f5"), "slate": ("#1e2129", "#262833")}
"""The theme's grounds in both schemes: the page's, and that of code."""


def colours(scheme: str) -> dict[str, str]:
    """Return the colours of a scheme by their names."""
    source = (REPOSITORY / "docs/assets/stylesheets/state.css").read_text("utf-8")
    block = source[source.index(f'"{scheme}"') :].partition("}")[0]
    return dict(re.findall(r"--cp-([\w-]+): (#\w{6});", block))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 has it."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_its_pool_is_the_testee_itself() -> None:
    """Every module is there byte for byte, each import leads to one, and no other file is there."""
    modules = pool_modules(REPOSITORY)
    folder = REPOSITORY / POOL
    imports = {
        name for source in modules.values() for name in re.findall(r'\bfrom "\./([\w.-]+)"', source)
    }

    assert {path.name for path in folder.iterdir()} == {*modules}
    assert imports <= {*modules}
    assert {"course.mjs", "rules.mjs", "classify.mjs", "hints.mjs"} <= {*modules}
    for name in modules:
        assert (folder / name).read_bytes() == (TESTEE / name).read_bytes()


def test_every_requirement_that_it_names_is_known() -> None:
    """A step that names a requirement of the past would lead nowhere."""
    known = {found["id"] for found in REQUIREMENTS["requirements"]}
    chapters = {id_.partition(".")[0] for id_ in known}
    named = {id_ for id_ in cited(REPOSITORY) if id_.partition(".")[0] in chapters}
    tables = json.loads((REPOSITORY / DATA / "tables.json").read_text("utf-8"))

    assert len(named) > 25
    assert named - known == set()
    assert named <= {*tables["requirements"]}


def test_nothing_is_fetched_from_elsewhere() -> None:
    """Its own modules and styles name no other host, and the page no script but its own."""
    files = [path for path in (REPOSITORY / FOLDER).iterdir() if path.is_file()]
    page = (REPOSITORY / "docs" / "explorer.md").read_text("utf-8")
    written = {path.name: path.read_text("utf-8") for path in files} | {"explorer.md": page}
    svg = "http://www.w3.org/2000/svg"  # a name, and no address

    found = {
        name: re.findall(r"(?:https?:)?//[\w-]+\.[\w./-]+", text) for name, text in written.items()
    }

    assert len(files) > 10
    assert {name for name, urls in found.items() if {*urls} - {svg}} == set()


@pytest.mark.parametrize(("scheme", "state"), [*product(GROUNDS, STATES)])
def test_a_states_colours_can_be_read(scheme: str, state: str) -> None:
    """Text in the colour passes WCAG AA on its soft ground and on the theme's own."""
    found = colours(scheme)
    grounds = (found[f"{state}-soft"], *GROUNDS[scheme])

    assert [ground for ground in grounds if contrast(found[state], ground) < 4.5] == []
