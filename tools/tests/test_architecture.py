"""The charts of the guide's page on architecture are what the contract and the table say."""

from pathlib import Path

import pytest

from tools.pages.architecture import PAGE, architecture_page, layers_chart
from tools.sources.specification import load

CONTRACTS = """\
[[tool.importlinter.contracts]]
id = "other"

[[tool.importlinter.contracts]]
id = "layers"
layers = ["cli", "httpx | (testing)", "core"]
"""
RECOVERY = """\
version: 1
rows:
  - {class: throttled, action: retry, then: rotate}
  - {class: broken, action: deliver, then: null}
"""
CHART = "<!-- generated:{} -->\n<!-- /generated -->\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write a tree that is nothing but what the page comes from."""
    for name, content in (
        ("spec/tables/recovery.yaml", RECOVERY),
        ("reference_impl/pyproject.toml", CONTRACTS),
        (PAGE, "# Architecture\n\n" + CHART.format("layers") + CHART.format("outcomes")),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_each_layer_is_a_box_above_those_that_it_may_import() -> None:
    """The modules of a layer stand side by side, without the contract's marks."""
    lines = layers_chart(CONTRACTS).splitlines()

    assert lines[2:-1] == [
        '    l0["cli"]',
        '    l1["httpx · testing"]',
        '    l2["core"]',
        "    l0 --> l1 --> l2",
    ]


def test_a_class_stands_where_its_actions_lead(root: Path) -> None:
    """A class with a second action stands in both boxes."""
    page = architecture_page(load(root))[PAGE]

    assert '    rule --> again("<b>the same once more</b><br/>throttled")' in page
    assert "select again</b><br/>throttled, the second time" in page
    assert '    rule --> fault("<b>deliver it</b><br/>broken")' in page


def test_the_repositorys_page_is_current() -> None:
    """It has both charts, as they would be generated."""
    repository = Path(__file__).parents[2]
    page = (repository / PAGE).read_text(encoding="utf-8")

    assert architecture_page(load(repository))[PAGE] == page
    assert all(f"<!-- generated:{name} -->" in page for name in ("layers", "outcomes"))
