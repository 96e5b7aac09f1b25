"""The gallery of pools that others wrote: its adapters are short, its page is made of its data."""

import importlib.util
import json
import re
import tomllib
from types import ModuleType

import pytest

from credpool_conformance.data import find
from credpool_conformance.json_values import fields, items, text
from credpool_conformance.specification.registry import read

ROOT = find().spec.parent
GALLERY = ROOT / "conformance" / "gallery"
POOLS = tomllib.loads((GALLERY / "pools.toml").read_text(encoding="utf-8"))["pool"]
WORDS = {"fault", "design choice", "adapter's"}


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """Load the module that writes the page."""
    spec = importlib.util.spec_from_file_location("gallery_page", GALLERY / "page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: str(pool["id"]))
def test_an_adapter_is_short(pool: dict[str, str]) -> None:
    """An adapter adds nothing to the product that it drives: 120 lines are enough."""
    lines = (GALLERY / pool["adapter"]).read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: str(pool["id"]))
def test_each_failing_requirement_has_a_verified_line(pool: dict[str, str]) -> None:
    """What the data says of a requirement is what was verified by hand, in one of three words."""
    data = json.loads((ROOT / "docs" / "data" / "gallery.json").read_text(encoding="utf-8"))
    rows = next(each["failing"] for each in data["pools"] if each["id"] == pool["id"])
    lines = fields(fields(read(GALLERY / "verified.yaml").data)[pool["id"]])

    assert {row["requirement"] for row in rows} == {*lines}
    assert {text(fields(line)["word"]) for line in lines.values()} <= WORDS
    assert all(row["line"] == text(fields(lines[row["requirement"]])["line"]) for row in rows)


def test_the_page_shows_the_data(page: ModuleType) -> None:
    """The page is nothing but the data, put in tables."""
    data = json.loads((ROOT / "docs" / "data" / "gallery.json").read_text(encoding="utf-8"))

    written = (ROOT / "docs" / "conformance" / "gallery.md").read_text(encoding="utf-8")
    assert written == page.page(data["pools"])
    assert items(data["pools"])


def test_each_cell_of_the_matrix_opens_its_story() -> None:
    """What a cell leads to is on the page, once, and has the tone of its word."""
    written = (ROOT / "docs" / "conformance" / "gallery.md").read_text(encoding="utf-8")
    cells = re.findall(
        r'\[([^\]<]+) <small>[^\]]*\]\(#([^)]+)\)\{ .cell data-tone="(\w+)" \}', written
    )
    data = json.loads((ROOT / "docs" / "data" / "gallery.json").read_text(encoding="utf-8"))

    assert len(cells) == sum(len(pool["failing"]) for pool in data["pools"])
    assert [place for _, place, _ in cells if written.count(f'<a id="{place}"></a>') != 1] == []
    assert {(word, tone) for word, _, tone in cells} <= {
        ("fault", "dead"),
        ("design choice", "cooling"),
        ("adapter's", "none"),
    }


def test_the_worst_comes_first(page: ModuleType) -> None:
    """The rows of the matrix, and of each pool's stories, go from a lost secret to an untrue word."""
    written = (ROOT / "docs" / "conformance" / "gallery.md").read_text(encoding="utf-8")
    tables = [
        re.findall(r'data-severity="(\w+)"', part) for part in written.split('<div class="gallery')
    ]
    ranks = [[page.SEVERITIES.index(word) for word in found] for found in tables if found]

    assert len(ranks) == 1 + len(POOLS)
    assert all(found == sorted(found) for found in ranks)
