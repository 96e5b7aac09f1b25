"""Patterns of the data mean the same in every language, and what does not is found."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import re2

from credpool_conformance.data import SCHEMAS
from credpool_conformance.json_values import fields, items, text
from credpool_conformance.specification.documents import parse
from tools.lints.patterns import pattern_fault, pattern_problems, schema_patterns
from tools.sources.specification import Specification, load

TREE = Path(__file__).parent / "tree"
ROOT = TREE.parents[2]
HINTS = "spec/tables/hints.yaml"

PORTABLE = (
    "retry in ([0-9]+)",
    "(?:a|b)+c?",
    "^[a-z0-9!#$%&'*+.^_`|~-]+$",
    r"x{2}y{1,3}\.\{\t",
    "将在 ([0-9]{4})",
    r"[^\]a-]",
)
FAULTY = {
    "a look ahead": ("[0-9]s(?![a-z])", "holds '(?!['"),
    "a look behind": ("(?<=a)b", "holds '(?<='"),
    "a reference back": (r"(a)\1", r"holds '\\1'"),
    "an atomic group": ("(?>a+)b", "holds '(?>a'"),
    "a named group": ("(?P<n>a)", "holds '(?P<'"),
    "a flag": ("(?i)a", "holds '(?i)'"),
    "digits of every script": (r"\d+", r"holds '\\d+'"),
    "spaces of every script": (r"a\s", r"holds '\\s'"),
    "the end of a word": (r"a\b", r"holds '\\b'"),
    "a class within a set": (r"[\w]", r"holds '[\\w]'"),
    "anything": ("a.b", "holds '.b'"),
    "a possessive repeat": ("a++", "repeats twice"),
    "a lazy repeat": ("a+?", "repeats twice"),
    "a repeat of nothing": ("*a", "repeats nothing"),
    "too many repeats": ("a{1001}", "more than 1000"),
    "an open end": ("a{2,}", "holds '{2,}'"),
    "a bare brace": ("{a}", "holds '{a}'"),
    "a group that is not closed": ("(a", "without its end"),
    "a group that is not opened": ("a)", "was not opened"),
    "an empty alternative": ("(?:a|)", "empty alternative"),
    "an empty last alternative": ("a|", "without its end"),
    "an empty group": ("a()", "empty alternative"),
    "an anchor within": ("(?:a|$)", "not its first or last"),
    "a beginning within": ("a^b", "not its first or last"),
    "an empty range": ("[z-a]", "is empty"),
    "a range over signs": ("[!-~]", "holds '[!-~'"),
    "an operation on sets": ("[a&&b]", "an operator"),
    "a set of POSIX": ("[[:alpha:]]", "holds '[[:a'"),
    "a surrogate pair": ("\U0001f511", "more than one character"),
}


def with_pattern(pattern: str) -> Specification:
    """Read the sample, with a table of hints that has one pattern."""
    spec = load(TREE)
    document = parse(HINTS, f"rows:\n  - id: a\n    pattern: '{pattern}'\n")
    return replace(spec, tables={"hints": document})


def text_rows() -> list[dict[str, object]]:
    """Return the rows of hints that have a pattern."""
    rows = map(fields, items(fields(load(ROOT).tables["hints"].data)["rows"]))
    return [row for row in rows if row.get("pattern")]


@pytest.mark.parametrize("pattern", PORTABLE)
def test_what_every_language_reads_alike_is_portable(pattern: str) -> None:
    """The subset has all that the data needs, and RE2 and Python compile it."""
    assert pattern_fault(pattern) is None
    assert re2.compile(pattern)
    assert re.compile(pattern)


@pytest.mark.parametrize(("pattern", "says"), FAULTY.values(), ids=FAULTY)
def test_what_differs_between_languages_is_found(pattern: str, says: str) -> None:
    """Whatever one of the languages lacks, or reads in its own way, is named."""
    assert says in (pattern_fault(pattern) or "")


def test_a_fault_is_told_with_its_line() -> None:
    """A pattern of a table that is not portable is a problem at its line."""
    (problem,) = pattern_problems(with_pattern(r"(?:in) \d+"))

    assert (problem.path, problem.line) == (HINTS, 3)
    assert "Portable patterns" in problem.fix


@pytest.mark.parametrize("pattern", ["Retry", "größe"], ids=["a capital", "not of a to z"])
def test_a_pattern_for_texts_is_written_small(pattern: str) -> None:
    """Case is ignored for a to z alone, so a pattern for texts has no other letters that have one."""
    (problem,) = pattern_problems(with_pattern(pattern))

    assert "one of a to z" in problem.what


def test_a_schema_is_looked_through(tmp_path: Path) -> None:
    """A pattern anywhere in a schema is judged, with the line on which it stands."""
    folder = tmp_path / "spec/schemas"
    folder.mkdir(parents=True)
    (folder / "a.schema.json").write_text('{"properties":\n {"pattern": {"pattern": "\\\\d"}}}')

    (problem,) = pattern_problems(replace(load(TREE), root=tmp_path, tables={}))

    assert (problem.path, problem.line) == ("spec/schemas/a.schema.json", 2)


def test_all_patterns_compile_in_re2() -> None:
    """RE2, on which Go's and Rust's engines are built, compiles each pattern of data and schemas."""
    paths = [*(ROOT / "spec/schemas").glob("*.json"), *SCHEMAS.rglob("*.json")]
    written = [p for path in paths for p in schema_patterns(json.loads(path.read_text()))]
    patterns = [*written, *(text(row["pattern"]) for row in text_rows())]

    assert len(patterns) > 40
    assert all(re2.compile(pattern) for pattern in patterns)


def test_re2_finds_what_python_finds() -> None:
    """In the example messages of the table, both engines find the same groups."""
    compared = 0
    for row in text_rows():
        for example in map(fields, items(row["examples"])):
            error = fields(fields(example["reply"])["body"])["error"]
            message = (text(error) or text(fields(error)["message"])).lower()
            pattern, engines = text(row["pattern"]), (re, re2)
            found = [engine.search(pattern, message) for engine in engines]
            assert len({match.groups() if match else None for match in found}) == 1
            compared += 1
    assert compared > 25
