"""The table of features, and what is of no feature that it names."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from credpool_conformance.book.features import feature_problems, features_table
from credpool_conformance.book.sources import Book, load
from credpool_conformance.book.yaml_lines import fields, items, parse
from credpool_conformance.data import SCHEMAS

TREE = Path(__file__).parent / "book_tree"
ROOT = TREE.parents[2]


def with_features(*names: str) -> Book:
    """Read the sample, with a table of these features."""
    book = load(TREE)
    rows = "".join(f"  - {{name: {name}, means: it has {name}}}\n" for name in names)
    document = parse("spec/tables/features.yaml", f"version: 1\nrows:\n{rows}")
    return replace(book, tables={**book.tables, "features": document})


def test_each_feature_is_counted() -> None:
    """A row has the feature's meaning, its requirements, and the cases that need it."""
    lines = features_table(with_features("oauth")).splitlines()

    assert lines[0] == "| feature | means | requirements | checks |"
    assert lines[2].startswith("| core | what every pool does |")
    assert lines[3] == "| `oauth` | it has oauth | 1 | 2 |"


@pytest.mark.parametrize(
    ("names", "told"),
    [(("oauth",), set()), (("store",), {"unknown feature, oauth"}), ((), set())],
    ids=["all are named", "one is not named", "there is no table"],
)
def test_what_is_of_an_unknown_feature_is_found(names: tuple[str, ...], told: set[str]) -> None:
    """A requirement and a scenario of a feature without a meaning are problems."""
    found = list(feature_problems(with_features(*names)))

    assert {problem.what.rpartition(" an ")[2] for problem in found} == told
    assert len(found) == 2 * len(told)


def test_a_testee_may_declare_what_the_table_names() -> None:
    """The protocol's schema and the table name the same features; names of one's own begin with `x-`."""
    document = load(ROOT).tables["features"]
    schema = json.loads((SCHEMAS / "protocol" / "hello.reply.schema.json").read_text())

    declared = schema["properties"]["hello"]["properties"]["features"]["items"]["pattern"]

    names = (str(fields(row)["name"]) for row in items(fields(document.data)["rows"]))
    assert declared == f"^(core|{'|'.join(names)}|x-[^ ]+)$"
