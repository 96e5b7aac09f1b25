"""The billing notes come from one file, cover every credential, and say how each is known."""

import json
import shutil
from pathlib import Path

import pytest

from tools.pages.__main__ import main

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "spec/schemas/billing.schema.json"
STATED = """\
version: 1
verified: "2026-11-23"
rows:
  - provider: sample
    credential: api_key
    date: "2026-11"
    says: Pay-per-token against the account.
    source: its documentation
    evidence: documented
    confidence: high
    brief: true
  - provider: sample
    credential: any
    date: "2026-10"
    says: Nothing is free.
    source: the press
    evidence: inferred
    confidence: low
    note: Nobody has checked it.
"""
CHAPTER = "# Billing\n\n<!-- generated:billing -->\n\n<!-- /generated -->\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the sample tree and give it billing notes."""
    copy = shutil.copytree(HERE / "tree", tmp_path / "tree")
    shutil.copy(SCHEMA, copy / "spec/schemas")
    (copy / "spec/tables/billing.yaml").write_text(STATED, encoding="utf-8")
    (copy / "spec/billing.md").write_text(CHAPTER, encoding="utf-8")
    return copy


def test_the_chapter_has_every_statement(root: Path) -> None:
    """Each statement is a row, with its date, how it is known, and what is not known."""
    assert main(["--write", "--root", str(root)]) == 0

    chapter = (root / "spec/billing.md").read_text(encoding="utf-8")

    link = "[Sample](registry/sample.yaml)"
    told = "Pay-per-token against the account."
    assert (
        f"| {link} | API key | 2026-11 | {told} | "
        "its documentation (documented) | high |" in chapter
    )
    assert "| the press (inferred, not checked). Nobody has checked it. | low |" in chapter


def test_the_note_has_the_brief_ones(root: Path) -> None:
    """The box that pages include holds the statements meant for it, and no others."""
    main(["--write", "--root", str(root)])

    note = (root / "spec/_includes/billing.md").read_text(encoding="utf-8")

    assert '!!! warning "What is billed"\n\n    - **Sample**, API key. 2026-11: Pay' in note
    assert "Nothing is free" not in note


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "provider: sample\n    credential: any",
            "provider: simple\n    credential: any",
            "simple is unknown; write the name of a file in spec/registry",
            id="an unknown provider",
        ),
        pytest.param(
            "- provider: sample\n    credential: api_key",
            "- provider: sample\n    credential: oauth",
            None,
            id="a statement about either covers both",
        ),
        pytest.param(
            "    note: Nobody has checked it.\n", "", "'note'", id="hearsay without a note"
        ),
        pytest.param('date: "2026-11"', 'date: "soon"', "'soon'", id="no date"),
    ],
)
def test_a_faulty_statement_is_found(
    old: str, new: str, says: str | None, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A statement that nobody can place, date or weigh stops the build."""
    path = root / "spec/tables/billing.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    complaint = capsys.readouterr().err
    assert status == (0 if says is None else 2)
    assert says is None or ("spec/tables/billing.yaml:" in complaint and says in complaint)


def test_a_credential_without_a_statement_is_found(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can add a provider without saying who pays for it."""
    path = root / "spec/tables/billing.yaml"
    other = STATED.replace("credential: api_key", "credential: oauth").replace(": any", ": oauth")
    path.write_text(other, encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    assert "nothing is said of sample with api_key; say who pays" in capsys.readouterr().err


def test_the_providers_page_has_their_variables(root: Path) -> None:
    """One row for each credential: variables, header, address and payer; then the note is included."""
    main(["--write", "--root", str(root)])

    page = (root / "docs/reference/providers.md").read_text(encoding="utf-8")

    assert (
        "| [Sample](providers/sample.md) | api_key | `SAMPLE_API_KEY` | `authorization: Bearer …` | "
        "<code>https://api.<wbr>sample.<wbr>test/<wbr>v1</code> | metered |" in page
    )
    assert '\n--8<-- "spec/_includes/billing.md"\n' in page


def test_the_page_of_variables_is_in_their_order(root: Path) -> None:
    """One row for each variable, with its provider and its place; then the note is included."""
    main(["--write", "--root", str(root)])

    page = (root / "docs/guide/environment-variables.md").read_text(encoding="utf-8")

    link = "[Sample](../reference/providers/sample.md)"
    assert f"| `SAMPLE_API_KEY` | {link} | API key | 1 | metered |" in page
    assert '--8<-- "spec/_includes/billing.md"' in page


DISPUTED = (
    STATED.replace("    brief: true\n", "    brief: true\n    stands: origin\n").rstrip()
    + """
  - provider: sample
    credential: api_key
    stands: assume
    asks: What does it cost?
    date: "2026-12"
    says: that it costs money.
    source: the statements above
    evidence: inferred
    confidence: low
    brief: true
    note: Nobody has checked it.
"""
)


def test_a_dispute_begins_with_the_origin_and_ends_with_what_to_assume(root: Path) -> None:
    """The note has the origin's statement first, and one line with the date that says what to go by."""
    (root / "spec/tables/billing.yaml").write_text(DISPUTED, encoding="utf-8")
    registry = root / "spec/registry/sample.yaml"
    registry.write_text(registry.read_text().replace("payer: metered", "payer: unknown"))

    status = main(["--write", "--root", str(root)])

    note = (root / "spec/_includes/billing.md").read_text(encoding="utf-8")
    library = (root / "reference_impl/src/credpool/cli/talk/billing.json").read_text("utf-8")
    assert status == 0
    assert note.index("2026-11: Pay-per-token") < note.index("As of 2026-12, assume that it costs")
    page = (root / "docs/reference/providers/sample.md").read_text(encoding="utf-8")
    assert "## Who pays: what does it cost?" in page
    assert page.index("As of 2026-12, assume") < page.index("as of 2026-11: Pay-per-token")
    assert json.loads(library)["disputed"] == [["sample", "api_key"]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("", "", "is disputed, and has the payer metered; write unknown", id="decided"),
        pytest.param(
            "stands: origin", "note: a", "do not begin and end as a dispute", id="no origin"
        ),
        pytest.param(
            "stands: assume", "", "do not begin and end as a dispute", id="nothing to assume"
        ),
    ],
)
def test_a_dispute_that_is_decided_or_half_told_is_found(
    old: str, new: str, says: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The registry has no word for who pays, and the statements are all there."""
    told = DISPUTED.replace(old, new, 1) if old else DISPUTED
    (root / "spec/tables/billing.yaml").write_text(told, encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    assert says in capsys.readouterr().err
