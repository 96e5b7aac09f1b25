"""Users' reports come from one file, each has one answer, and requirements say what they answer."""

import shutil
from pathlib import Path

import pytest

from tools.pages.__main__ import main

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "spec/schemas/reports.schema.json"
TABLE = "spec/tables/reports.yaml"
TOLD = """\
version: 1
about: What people told.
groups:
  - title: Retries
    rows:
      - reports: {some/pool: [1, 2, 3, 4], other/pool: [5, 6]}
        mentioned: {other/pool: [7]}
        happened: Nobody tried again.
        requirements: [recover.retry]
      - reports: {some/pool: [8]}
        happened: A wish for more.
        why_not: Less is more.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the sample tree and give it reports."""
    copy = shutil.copytree(HERE / "tree", tmp_path / "tree")
    shutil.copy(SCHEMA, copy / "spec/schemas")
    (copy / TABLE).write_text(TOLD, encoding="utf-8")
    return copy


def test_the_page_has_every_report_with_its_answer(root: Path) -> None:
    """Each row links its threads and its requirements, or says why there are none."""
    assert main(["--write", "--root", str(root)]) == 0

    page = (root / "docs/reports.md").read_text(encoding="utf-8")

    assert (
        "What people told.\n\n8 reports: 7 answered by a requirement, 1 by a reason why not."
        in page
    )
    assert "| some/pool [#1](https://github.com/some/pool/issues/1) [#2](" in page
    assert "<br>other/pool [#5](https://github.com/other/pool/issues/5) [#6](" in page
    assert "[#7](https://github.com/other/pool/issues/7)† | Nobody tried again. | " in page
    assert "| [<code>recover.<wbr>retry</code>](spec/recovery.md#recover.retry) |" in page
    assert "| A wish for more. | Less is more. |" in page


def test_a_requirement_names_what_it_answers(root: Path) -> None:
    """Six reports stand under a requirement, the page has the others; most have none."""
    main(["--write", "--root", str(root)])

    page = (root / "docs/spec/recovery.md").read_text(encoding="utf-8")

    line = page.partition("*Reported:* ")[2].partition("\n")[0]
    assert line.startswith("[some/pool#1](https://github.com/some/pool/issues/1), [some/pool#2](")
    assert line.endswith(
        "[other/pool#6](https://github.com/other/pool/issues/6), [1 more](../reports.md)"
    )
    assert page.count("*Reported:*") == 1


def test_the_reports_are_counted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed tells how many there are, and how many of each kind."""
    main(["--lint", "--root", str(root)])

    assert capsys.readouterr().out.splitlines()[-1] == "reports 8: 7 covered, 1 declined"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "[recover.retry]",
            "[recover.rest]",
            f"{TABLE}:9: 'recover.rest' is no requirement; write the id of one",
            id="an unknown requirement",
        ),
        pytest.param(
            "        why_not: Less is more.\n",
            "",
            f"{TABLE}:10: has no answer; write either requirements or why_not",
            id="no answer",
        ),
        pytest.param(
            "why_not: Less is more.",
            "why_not: Less is more.\n        requirements: [recover.retry]",
            f"{TABLE}:10: has requirements and why_not; write either requirements or why_not",
            id="two answers",
        ),
        pytest.param(
            "{some/pool: [8]}",
            "{some/pool: [8, 2]}",
            f"{TABLE}:10: some/pool#2 is already at line 6; keep one of them",
            id="a report that is listed twice",
        ),
        pytest.param(
            "{some/pool: [8]}", "{pool: [8]}", "'pool' does not match", id="no repository"
        ),
    ],
)
def test_a_faulty_row_is_found(
    old: str, new: str, says: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report that nobody can find, or that has no single answer, stops the build."""
    path = root / TABLE
    assert old in TOLD
    path.write_text(TOLD.replace(old, new), encoding="utf-8")

    status = main(["--lint", "--root", str(root)])

    assert status == 2
    assert says in capsys.readouterr().err
