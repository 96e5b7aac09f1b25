"""What the site shows of the minimal pool is what its folder holds."""

import re
from pathlib import Path

import pytest

from tools.pages.minimal import PAGE, minimal_page, minimal_regions
from tools.sources.specification import load

ROOT = Path(__file__).parents[2]
SNIPPET = re.compile(r'--8<-- "([^":]+)(?::(\d+):(\d+))?"')
INTRODUCTION = '''\
"""A pool. It is small.

It has no store, no
logins.
"""
'''
DECIDE = '''\
"""What follows (spec/recovery.md): the rules."""


def decide() -> None:
    """Decide."""


def may_retry() -> None:
    """Say no."""
'''
RECOVERY = """\
version: 1
rows:
  - {class: throttled, action: retry, then: rotate, cooldown: 3600}
  - {class: dead, action: rotate, then: null, cooldown: forever}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write a tree that has a pool and its table."""
    folder = tmp_path / "reference_impl" / "minimal"
    folder.mkdir(parents=True)
    for name in ("rules", "classify", "hints", "pool", "select", "http"):
        (folder / f"{name}.py").write_text(f'"""The {name}."""\n', encoding="utf-8")
    (folder / "__init__.py").write_text(INTRODUCTION, encoding="utf-8")
    (folder / "decide.py").write_text(DECIDE, encoding="utf-8")
    table = tmp_path / "spec" / "tables" / "recovery.yaml"
    table.parent.mkdir(parents=True)
    table.write_text(RECOVERY, encoding="utf-8")
    return tmp_path


def test_the_introduction_has_a_sentence_on_a_line(root: Path) -> None:
    """The paragraphs are those of the package's docstring."""
    shown = minimal_regions(load(root))["minimal-introduction"]

    assert shown == "A pool.\nIt is small.\n\nIt has no store, no logins."


def test_decide_stands_beside_what_it_reads(root: Path) -> None:
    """The lines are those of the two functions, and the table has what follows and for how long."""
    shown = minimal_regions(load(root))["minimal-decide"]

    assert '--8<-- "reference_impl/minimal/decide.py:4:9"' in shown
    assert "| `throttled` | retry, then rotate | 1 h |" in shown
    assert "| `dead` | rotate | until re-authenticated |" in shown


def test_a_module_is_listed_with_its_chapters(root: Path) -> None:
    """What it is comes from its docstring, and so do the chapters."""
    shown = minimal_regions(load(root))["minimal-modules"]

    link = "[Recovery](../spec/recovery.md)"
    assert f"| [`decide`](minimal.md#decide) | What follows: the rules. | {link} |" in shown


def test_without_a_pool_there_is_no_page(tmp_path: Path) -> None:
    """A specification of somebody's own may have none."""
    assert minimal_page(load(tmp_path)) == {}
    assert minimal_regions(load(tmp_path)) == {}


def test_the_repositorys_page_is_current_and_whole() -> None:
    """It has every module, in full."""
    page = minimal_page(load(ROOT))[PAGE]

    modules = {f.name for f in (ROOT / "reference_impl" / "minimal").glob("*.py")}
    shown = {Path(path).name for path, _, _ in SNIPPET.findall(page)}
    assert page == (ROOT / PAGE).read_text(encoding="utf-8")
    assert shown == modules - {"__init__.py"}
