"""Chapters cite documents that are listed, and the list says what rests on each."""

import shutil
from pathlib import Path

import pytest

from tools.pages.chapters import chapter_page
from tools.sources.specification import Specification, load
from tools.tables.references import linked_references, reference_problems, reference_tables

TREE = Path(__file__).parent / "tree"
REPOSITORY = TREE.parents[2]
ROW = "  - {{name: {}, kind: {}, title: A document, url: 'https://docs.example'}}\n"
RECOVERY = """\
# Recovery

> `[recover.a+1]` A pool **MUST** rotate.

*Intent:* {must}

*If broken:* It waits.

> `[recover.b+1]` A pool **SHOULD** rotate.

*Intent:* {should}

*If broken:* It waits.

## Definition: rotation

{definition}

## Rationale

{rationale}
"""


def spec_with(folder: Path, rows: str, **places: str) -> Specification:
    """Return the sample with one chapter that cites, and a list of references."""
    root = shutil.copytree(TREE, folder / "tree")
    said = {"must": "", "should": "", "definition": "", "rationale": ""} | places
    (root / "spec/recovery.md").write_text(RECOVERY.format(**said), encoding="utf-8")
    (root / "spec/tables/references.yaml").write_text(
        f"version: 1\nrows:\n{rows}", encoding="utf-8"
    )
    intro = root / "spec/introduction.md"
    bare = intro.read_text(encoding="utf-8").replace("BCP 14", "the usual way")
    intro.write_text(bare, encoding="utf-8")
    return load(root)


def said_of(spec: Specification) -> list[str]:
    """Return what is wrong with the citations and the list."""
    return [problem.what for problem in reference_problems(spec)]


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("must", "normative"),
        ("definition", "normative"),
        ("should", "informative"),
        ("rationale", "informative"),
    ],
)
def test_the_kind_follows_from_where_it_is_cited(tmp_path: Path, place: str, kind: str) -> None:
    """What a MUST or a definition cites is normative, and all else explains."""
    other = {"normative": "informative", "informative": "normative"}[kind]
    rows = ROW.format("RFC 1", kind) + ROW.format("RFC 2", other)

    spec = spec_with(tmp_path, rows, **{place: "As [RFC 1] and [RFC 2] say."})

    assert said_of(spec) == [f"RFC 2 is {kind}, by where it is cited"]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        pytest.param("See [RFC 1].", [], id="cited"),
        pytest.param(
            "See [RFC 1] and [RFC 9].", ["cites [RFC 9], which is no reference"], id="other"
        ),
        pytest.param(
            "See [RFC 1] and RFC 9.",
            ["speaks of RFC 9 and does not cite it"],
            id="without brackets",
        ),
        pytest.param("See [RFC 1], `[RFC 9]` and [This](terms.md).", [], id="code and links"),
        pytest.param("See nothing.", ["no chapter cites RFC 1"], id="cited nowhere"),
    ],
)
def test_citations_and_the_list_agree(tmp_path: Path, sentence: str, found: list[str]) -> None:
    """A citation is listed, and what is listed is cited."""
    spec = spec_with(tmp_path, ROW.format("RFC 1", "normative"), must=sentence)

    assert said_of(spec) == found


def test_a_citation_leads_to_the_list(tmp_path: Path) -> None:
    """The page links it, and the list links the document and the chapter."""
    spec = spec_with(tmp_path, ROW.format("RFC 1", "normative"), must="As [RFC 1] says.")
    chapter = next(chapter for chapter in spec.chapters if chapter.name == "recovery.md")

    page, lists = chapter_page(spec, chapter, {}), reference_tables(spec)

    assert r"As [\[RFC 1\]](references.md#rfc-1) says." in page
    row = (
        '| <a id="rfc-1"></a>RFC 1 | [A document](https://docs.example) | [Recovery](recovery.md) |'
    )
    assert row in lists["references-normative"]
    assert "RFC 1" not in lists["references-informative"]


def test_a_specification_without_a_list_has_no_citations_to_judge() -> None:
    """The sample has no references, and its brackets are left alone."""
    spec = load(TREE)

    assert said_of(spec) == []
    assert linked_references(spec, "As [RFC 1] says.") == "As [RFC 1] says."


def test_the_specification_rests_on_what_it_lists() -> None:
    """Every document of the real list is cited, and some are of each kind."""
    spec = load(REPOSITORY)
    lists = reference_tables(spec)

    assert said_of(spec) == []
    assert lists["references-normative"].count("<a id=") >= 15
    assert lists["references-informative"].count("<a id=") >= 5
