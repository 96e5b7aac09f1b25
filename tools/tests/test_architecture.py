"""The charts of the guide's page on architecture are what the contract and the table say."""

from pathlib import Path

from tools.diagrams.recovery_charts import outcome_chart
from tools.pages.architecture import PAGE, architecture_drawings, architecture_page
from tools.sources.specification import load

CONTRACTS = """\
[[tool.importlinter.contracts]]
id = "other"

[[tool.importlinter.contracts]]
id = "layers"
layers = ["cli", "httpx | (testing)", "core"]
"""


def test_each_layer_is_a_box_above_those_that_it_may_import(tmp_path: Path) -> None:
    """The modules of a layer stand side by side, without the contract's marks."""
    contracts = tmp_path / "reference_impl/pyproject.toml"
    contracts.parent.mkdir()
    contracts.write_text(CONTRACTS, encoding="utf-8")

    drawn = architecture_drawings(load(tmp_path))["layers"]

    places = [drawn.index(f">{name}</text>") for name in ("cli", "httpx · testing", "core")]
    assert places == sorted(places)
    assert drawn.count("marker-end") == 2


def test_a_class_stands_where_its_actions_lead() -> None:
    """A class with a second action stands in both boxes."""
    rows = [
        {"class": "throttled", "action": "retry", "then": "rotate"},
        {"class": "broken", "action": "deliver", "then": None},
    ]

    drawn = outcome_chart(rows)

    assert drawn.count(">throttled</text>") == drawn.count(">throttled,</text>") == 1
    assert drawn.count(">broken</text>") == 1


def test_the_repositorys_page_is_current() -> None:
    """It takes in its charts, and is as it would be generated."""
    repository = Path(__file__).parents[2]
    page = (repository / PAGE).read_text(encoding="utf-8")

    assert architecture_page(load(repository))[PAGE] == page
    for name in ("credentials", "whole-call", "one-call", "layers"):
        assert f'--8<-- "docs/assets/diagrams/{name}.svg"' in page
