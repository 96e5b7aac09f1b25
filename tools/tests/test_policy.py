"""The policy table: its page, its own bounds, and where else its values are said."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tools.sources.specification import load
from tools.tables.policy import CONFIGURE, policy_problems, policy_table

TREE = Path(__file__).parent / "tree"
REPOSITORY = TREE.parents[2]
WAIT = {"name": "wait", "kind": "seconds", "default": 10, "least": 0, "meaning": "how long"}
WORD = {"name": "first", "kind": "word", "default": "go", "words": ["go", "stop"], "meaning": "it"}
SCHEMA = {"wait": {"type": "number", "minimum": 0}, "first": {"enum": ["go", "stop"]}}


def said_of(folder: Path, *rows: object, sentence: str = "", schema: object = None) -> list[str]:
    """Return what is wrong with a table, beside a sentence and a message that say it too."""
    root = shutil.copytree(TREE, folder / "tree")
    table = yaml.safe_dump({"version": 1, "reading": ["It is so."], "rows": rows})
    (root / "spec/tables/policy.yaml").write_text(table, encoding="utf-8")
    with (root / "spec/introduction.md").open("a", encoding="utf-8") as chapter:
        chapter.write(f"\n{sentence}\n")
    if schema is not None:
        pool = {"properties": {"policy": {"properties": schema}}}
        (root / CONFIGURE).parent.mkdir(parents=True, exist_ok=True)
        message = json.dumps({"properties": {"pool": pool}})
        (root / CONFIGURE).write_text(message, encoding="utf-8")
    return [problem.what for problem in policy_problems(load(root))]


def test_what_agrees_is_silent(tmp_path: Path) -> None:
    """A table, a sentence and a message that say the same are all right."""
    said = "It waits `wait` (10 s), and `other` of whoever asks."

    assert said_of(tmp_path, WAIT, WORD, sentence=said, schema=SCHEMA) == []


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({**WAIT, "default": -1}, "it is out of bounds"),
        ({**WAIT, "most": 5}, "it is out of bounds"),
        ({**WAIT, "at_most": "nothing"}, "'nothing' is no value of a policy"),
        ({**WAIT, "name": "more", "default": 11, "at_most": "wait"}, "it is out of bounds"),
        ({**WORD, "default": "wait"}, "the default 'wait' is none of the words"),
    ],
)
def test_a_default_is_within_its_bounds(tmp_path: Path, row: object, what: str) -> None:
    """A default is one of the words, and no less or more than its row allows."""
    assert what in said_of(tmp_path, WAIT, row)


@pytest.mark.parametrize("said", ["`wait` (11 s)", "`wait` (10 min)", "`delay` (10 s)"])
def test_a_sentence_has_the_tables_default(tmp_path: Path, said: str) -> None:
    """A chapter that names a value with its default is compared with the table."""
    assert len(said_of(tmp_path, WAIT, sentence=f"It waits {said}.")) == 1


@pytest.mark.parametrize(
    "schema",
    [
        {**SCHEMA, "wait": {"minimum": 1}},
        {**SCHEMA, "first": {"enum": ["go"]}},
        {**SCHEMA, "more": {}},
        {"wait": SCHEMA["wait"]},
    ],
)
def test_the_message_has_the_tables_values(tmp_path: Path, schema: object) -> None:
    """What `configure` can set has the names, the words and the bounds of the table."""
    assert len(said_of(tmp_path, WAIT, WORD, schema=schema)) == 1


def test_the_page_has_a_row_for_each_value() -> None:
    """The chapter's table says the default of each value and what it can be."""
    page = policy_table(load(REPOSITORY)).splitlines()

    assert any(line.startswith("| `first_429` | `retry` | `retry`, `rotate` |") for line in page)
    assert any(line.startswith("| `min_cooldown` | 1 s | 0 s to `max_cooldown` |") for line in page)
    assert any(line.startswith("| `max_concurrent` | none | 1 or more |") for line in page)
    assert any(line.startswith("| `max_cooldown` | 31 days | 0 s or more |") for line in page)
