"""The numbered procedure of a call leads from step to step as its table says."""

from pathlib import Path

import pytest

from tools.sources.specification import load
from tools.tables.procedure import procedure_problems

PAGE = "spec/at-a-glance.md"
TABLE = """\
version: 1
steps:
  - {step: begin, title: Begin., next: [send]}
  - {step: send, title: Send, next: [begin, send, end]}
  - {step: look, title: Look, next: [end]}
"""
LIST = """\
# At a glance

## The procedure of a call

1. **Begin.** Nothing is done.
2. **Send** it.
    1. Go to step 1 or 2.
    2. Otherwise end.
3. **Look** and end a probe's cooldown, and end.

## Else

4. **Else** go to step 1.
"""


def problems(root: Path, page: str) -> list[str]:
    """Return what is wrong with a specification that is nothing but the list and its table."""
    (root / "spec/tables").mkdir(parents=True)
    (root / "spec/tables/procedure.yaml").write_text(TABLE, encoding="utf-8")
    (root / PAGE).write_text(page, encoding="utf-8")
    return [str(problem).partition(";")[0] for problem in procedure_problems(load(root))]


def test_a_list_that_is_the_tables_is_sound(tmp_path: Path) -> None:
    """An item that names no step leads to the one after it."""
    assert problems(tmp_path, LIST) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("step 1 or 2", "step 2", f"{PAGE}:6: the step 'Send' does not lead to begin"),
        ("Otherwise end.", "Otherwise stop.", f"{PAGE}:6: the step 'Send' does not lead to end"),
        ("Nothing is done.", "Go to step 3.", f"{PAGE}:5: the step 'Begin.' leads to look"),
        ("and end.", "and stop.", f"{PAGE}:9: the step 'Look' does not lead to end"),
        (
            "3. **Look**",
            "3. **Peek**",
            f"{PAGE}:5: the procedure has the items Begin., Send, Peek",
        ),
        ("## The procedure of a call", "## It", f"{PAGE}:1: the procedure has the items "),
    ],
    ids=["a step too few", "no end", "a step too many", "only a probe's end", "title", "no list"],
)
def test_a_list_that_leads_elsewhere_is_named(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    """What the list says beside the table is a problem of the item's line."""
    assert says in problems(tmp_path, LIST.replace(old, new, 1))
