"""A pool that has one feature, with what that needs, can conform; one that lacks the need is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "spec" / "tables" / "features.yaml"
FEATURES = [row["name"] for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))["rows"]]


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """Run the reference library as a pool of each feature, and read the verdicts."""
    program = HERE / "programs" / "features_alone.py"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, str(program)], capture_output=True, text=True, timeout=600, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("feature", ["core", *FEATURES])
def test_a_feature_alone_can_conform(feature: str, runs: dict[str, Any]) -> None:
    """Declared with its needs and without any other, each feature gets the best verdict there is."""
    assert runs["verdicts"][feature] == ["conformant"]


def test_a_feature_without_its_need_is_refused(runs: dict[str, Any]) -> None:
    """Who declares a feature without what it needs learns which one, and what to declare."""
    assert runs["refused"] == (
        "the testee declares the feature shared-store without store, which it needs: "
        "declare store too, or leave shared-store out (see the table of features)"
    )
