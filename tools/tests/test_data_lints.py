"""What the data must not do: cut a value off, explain itself in comments, say a thing twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from credpool_conformance.specification.documents import parse
from tools.lints.data import comment_problems, completion_problems, duplicate_problems
from tools.pages.registry.index import providers_pages
from tools.pages.registry.rules import COMPLETED
from tools.sources.specification import Specification, load

TREE = Path(__file__).parent / "tree"
ROOT = TREE.parents[2]
TABLE = "spec/tables/odd.yaml"
RULES = "spec/registry/odd.yaml"


def spec_of(folder: Path, path: str, source: str) -> Specification:
    """Read the sample, with one file in place of its tables and its registry."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    kind = "tables" if path == TABLE else "registry"
    nothing = {"tables": {}, "registry": {}, "scenario_files": (), "root": folder}
    return replace(load(TREE), **nothing | {kind: {"odd": parse(path, source)}})


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        pytest.param("a: owner/name#1 and #2\n", [1], id="a source that is cut off"),
        pytest.param("a:\n  - b  # why\n  - c\n", [2], id="a comment behind an item"),
        pytest.param("a: {b: c}  # why\n", [1], id="a comment behind a flow"),
        pytest.param("a:  # why\n  b: c\n", [1], id="a comment behind a key"),
        pytest.param('a: "x and #2"\nb: u#f\nc: >-\n  x #3\nd: 1\n', [], id="no comment"),
        pytest.param("# head\na: 1\n  # --- part\n", [], id="headings"),
        pytest.param("# head\n# Format: x.\n# why\na: 1\n# why\n", [3, 5], id="below the heading"),
        pytest.param("rows:\n  # why\n  - a\n", [2], id="a comment that explains"),
    ],
)
def test_comments_neither_cut_nor_explain(tmp_path: Path, source: str, lines: list[int]) -> None:
    """A comment behind a value, or within the data, is found; a heading and quoted text are not."""
    found = [*comment_problems(spec_of(tmp_path, TABLE, source))]

    assert [problem.line for problem in found] == lines


@pytest.mark.parametrize(
    ("path", "source", "says"),
    [
        pytest.param(
            TABLE,
            "document:\n  - {field: a}\nrows:\n  - {field: a, n: 1}\n  - {field: a, n: 2}\n",
            [(5, "field 'a' is already at line 4")],
            id="a row of one name",
        ),
        pytest.param(
            RULES,
            "rules:\n  - {id: a}\n  - {id: b}\n  - {id: a}\n",
            [(4, "id 'a' is already at line 2")],
            id="a rule of one id",
        ),
        pytest.param(
            TABLE,
            "rows:\n  - {says: a, on: 1}\n  - {says: a, on: 2}\n  - {on: 1, says: a}\n",
            [(4, "the row is already at line 2")],
            id="a row that says the same",
        ),
    ],
)
def test_what_stands_twice_is_found(
    tmp_path: Path, path: str, source: str, says: list[tuple[int, str]]
) -> None:
    """Rows are known by their names, rules by their ids, and the others by all that they say."""
    found = [*duplicate_problems(spec_of(tmp_path, path, source))]

    assert [(problem.line, problem.what) for problem in found] == says


def test_a_key_that_stands_twice_in_a_schema_is_found(tmp_path: Path) -> None:
    """JSON's readers keep the last of two keys and say nothing; here it is a fault."""
    spec = spec_of(tmp_path, TABLE, "rows: []\n")
    (tmp_path / "spec/schemas").mkdir()
    (tmp_path / "spec/schemas/a.json").write_text('{"a": {"type": 1, "type": 2}}')

    (problem,) = duplicate_problems(spec)

    assert problem.what == "the key 'type' is listed twice in one object"


@pytest.mark.parametrize("said", ["documented envelope", "its date moved to the virtual time"])
@pytest.mark.parametrize(("mark", "faults"), [("", 1), ("completed: true, ", 0)])
def test_an_example_that_is_partly_ours_says_so(
    tmp_path: Path, said: str, mark: str, faults: int
) -> None:
    """Where the source speaks of an envelope or of a value that was chosen, the example has a mark."""
    rule = f"  - {{id: a, source: docs; {said}, example: {{{mark}status: 400}}}}\n"

    found = [*completion_problems(spec_of(tmp_path, RULES, f"rules:\n{rule}"))]

    assert len(found) == faults


def test_the_page_marks_each_of_them_where_it_stands() -> None:
    """A reader of a provider's page sees the mark directly above the reply."""
    page = "".join(providers_pages(load(ROOT)).values())

    marked = page.split(f"{COMPLETED}\n\n")[1:]

    assert len(marked) > 70
    assert all(part.startswith("```http\n") for part in marked)
