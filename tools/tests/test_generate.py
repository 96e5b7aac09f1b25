"""What is derived from the specification is complete, stable, and compared with the disk."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tools.pages.__main__ import main

TREE = Path(__file__).parent / "tree"
REPOSITORY = Path(__file__).parents[2]
LIBRARY_DATA = "reference_impl/src/credpool/providers/registry.json"


def texts(drawing: Path) -> list[str]:
    """Return the lines that a drawing holds, in its order."""
    svg = ET.fromstring(drawing.read_text(encoding="utf-8"))  # noqa: S314  written just now
    return [found.text or "" for found in svg.iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the sample tree and generate everything once."""
    copy = shutil.copytree(TREE, tmp_path / "tree")
    main(["--write", "--root", str(copy)])
    return copy


def test_what_was_written_is_current(root: Path) -> None:
    """Writing twice changes nothing, and the check agrees."""
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    statuses = [main([action, "--root", str(root)]) for action in ("--check", "--write")]

    assert statuses == [0, 0]
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "path",
    [
        "spec/requirements.json",
        "spec/recovery.md",
        "docs/spec/recovery.md",
        "docs/spec/requirements.md",
        "docs/spec/scenarios.md",
        "docs/reference/providers.md",
        "docs/guide/environment-variables.md",
        "docs/data/requirements.json",
        "docs/data/scenarios.json",
        "docs/data/recovery.yaml",
        "docs/data/recovery.json",
        "docs/data/registry.json",
        LIBRARY_DATA,
    ],
)
def test_a_generated_file_that_is_gone_or_edited_is_drift(
    root: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check exits with 1, names the file and the command, and writing corrects it."""
    file = root / path
    original = file.read_text(encoding="utf-8")
    edited = original.replace("usage_limited", "edited") if path == "spec/recovery.md" else None
    file.unlink() if edited is None else file.write_text(edited, encoding="utf-8")

    statuses = [main([action, "--root", str(root)]) for action in ("--check", "--write")]

    assert statuses == [1, 0]
    wanted = f"{path}: out of date; run python -m tools.pages --write"
    assert wanted in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == original


def test_a_page_whose_chapter_is_gone_is_removed(root: Path) -> None:
    """A stale generated page is drift, and writing removes it; a page by hand stays."""
    page = (root / "docs/spec/recovery.md").read_text(encoding="utf-8")
    stale = root / "docs/spec/gone.md"
    stale.write_text(page, encoding="utf-8")
    by_hand = root / "docs/spec/by-hand.md"
    by_hand.write_text("# By hand\n", encoding="utf-8")

    statuses = [main([action, "--root", str(root)]) for action in ("--check", "--write")]

    assert statuses == [1, 0]
    assert (stale.exists(), by_hand.exists()) == (False, True)


def test_requirements_carry_their_sentence_and_reasons(root: Path) -> None:
    """The JSON holds each requirement, sorted by id, with whitespace folded and no bold."""
    data = json.loads((root / "spec/requirements.json").read_text(encoding="utf-8"))

    found = data["requirements"]

    assert (data["spec"], data["version"]) == ("Sample Rotation", "0.1")
    ids = ["intro.optional", "recover.hidden", "recover.refresh", "recover.retry"]
    assert [entry["id"] for entry in found] == ids
    text = "The first `MUST`-labelled reply MUST be followed by one more attempt."
    assert found[3]["text"] == text
    assert found[3]["intent"] == "Most throttles clear at once."
    assert found[3]["heading"] == "Rate limits"
    assert (found[2]["keyword"], found[2]["revision"]) == ("SHOULD NOT", 2)
    assert (found[2]["feature"], found[2]["intent"]) == ("oauth", "Once is enough.")
    lines = (root / "spec/recovery.md").read_text(encoding="utf-8").splitlines()
    assert lines[found[3]["line"] - 1].startswith("> `[recover.retry+1]`")


def test_the_decision_table_has_a_line_for_each_row(root: Path) -> None:
    """The prose table writes durations for people and escapes what would break a cell."""
    chapter = (root / "spec/recovery.md").read_text(encoding="utf-8")

    rows = [line for line in chapter.splitlines() if line.startswith("| `")]

    first = "| `rate_limited` | 429 \\| no cap named | retry | rotate | 1 h | yes | entry "
    assert len(rows) == 6
    assert rows[0] == first + "| The caller waits. |"
    assert "| 90 min |" in rows[1]
    assert "| until re-authenticated | no |" in rows[3]


def test_the_drawing_of_the_classes_tells_the_two_429s_apart(root: Path) -> None:
    """One 429 is retried before the entry is benched, the other benches it at once."""
    drawn = texts(root / "docs/assets/diagrams/classes.svg")

    said = " ".join(drawn)
    assert "Wait for the hint; retry the same entry once" in said
    assert "Bench every entry of its owner for 90 min, or the hint; rotate at once" in said
    assert "60 s if no other entry is left" in said
    assert drawn.count("Refresh once:") == drawn.count("refused again") == 1


def test_a_drawing_is_a_picture_in_the_chapter_and_text_on_the_page(root: Path) -> None:
    """A forge shows the file; the site takes it in, so that its words can be selected."""
    line = "![The course of a call](../docs/assets/diagrams/call.svg)"
    page = (root / "docs/spec/recovery.md").read_text(encoding="utf-8")

    assert line in (root / "spec/recovery.md").read_text(encoding="utf-8")
    assert line not in page
    assert 'aria-label="The course of a call"' in page
    assert '\n--8<-- "docs/assets/diagrams/call.svg"\n</figure>' in page


def test_the_table_of_hints_tells_places_and_forms_in_order(root: Path) -> None:
    """Each row says where the hint is found and how it is read, the site without escapes in code."""
    chapter = (root / "spec/cooldowns.md").read_text(encoding="utf-8")
    page = (root / "docs/spec/cooldowns.md").read_text(encoding="utf-8")

    rows = chapter.splitlines()[6:10]

    windows = "`x-hour-reset` (state `x-hour-left`), `x-day-reset` (state `x-day-left`)"
    state = "whose state is at most 0"
    assert rows == [
        "| 1 | `retry-after` | the header `retry-after` | seconds, http-date |",
        f"| 2 | `windows` | the largest of {windows} {state}; if none is, nothing | seconds |",
        "| 3 | `resets-at` | the body's `error.resets_at` | epoch |",
        r"| 4 | `text-seconds` | a message like `(?:retry\|again) in ([0-9]+) s` | seconds |",
    ]
    assert r"a message like `(?:retry|again) in ([0-9]+) s`" in page
    assert "| `http-date` | a date |" in chapter.splitlines()


def test_the_providers_are_listed_with_what_their_rules_tell_apart(root: Path) -> None:
    """The chapter's overview links the registry; the site's page shows every rule and example."""
    chapter = (root / "spec/classification.md").read_text(encoding="utf-8")
    page = (root / "docs/reference/providers/sample.md").read_text(encoding="utf-8")
    index = (root / "docs/reference/providers.md").read_text(encoding="utf-8")

    rule = page.partition("### guessed")[2]

    link = "[`sample`](registry/sample.yaml)"
    classes = "`rate_limited`, `out_of_credit`"
    assert f"| {link} | Sample | api_key (metered) | 2 | {classes} |" in chapter
    assert "`out_of_credit` when the status is `402` and a code is `a_long_code_of_a_pr" in rule
    assert "Out: the entry, 24 h" in rule
    assert "nobody has seen it" in rule
    assert "Source: hearsay (inferred, not checked); as of 2026-11-23." in rule
    assert "Source: its documentation (documented); the document is of 2026-11-23." in page
    assert "Nobody called a provider to check a rule." in index
    assert "[Sample](providers/sample.md)" in index
    assert "```http\nHTTP/1.1 402\n\ngone\n```" in rule


def test_a_chapter_page_links_requirements_checks_and_data(root: Path) -> None:
    """Each requirement has its anchor, its box and its scenarios; sources become site links."""
    page = (root / "docs/spec/recovery.md").read_text(encoding="utf-8")

    box = page.partition('<a id="recover.retry"></a>')[2].partition("*Intent:*")[0]

    assert '!!! requirement "[`recover.retry+1`](#recover.retry) · core"' in box
    sentence = (
        "    The first `MUST`-labelled reply **MUST** be followed\n    by one more attempt.\n"
    )
    assert sentence in box
    assert "*Checked by:* [A 429 is tried once more](scenarios/recovery.md#retry-once)" in page
    assert "*Checked by:* no check (unobservable): forgetting leaves no trace" in page
    assert (
        "See [`recover.retry`](recovery.md#recover.retry), the [table](../data/recovery.yaml)"
        in page
    )
    assert "(../reference/providers/sample.md)" in page
    assert 'MUST = "code may say what it likes"' in page


def test_the_scenarios_page_counts_the_cases_of_a_table(root: Path) -> None:
    """A scenario is listed once, with what it verifies, needs and stands for."""
    page = (root / "docs/spec/scenarios/recovery.md").read_text(encoding="utf-8")
    compiled = json.loads((root / "docs/data/scenarios.json").read_text(encoding="utf-8"))

    listed = page.partition('<a id="refresh-once"></a>')[2]

    assert "verifies [`recover.refresh+2`](../recovery.md#recover.refresh)." in listed
    assert "Needs oauth.\n2 cases: `first`, `second`." in listed
    assert "*If it fails:* Tokens burn." in listed
    ids = [scenario["id"] for scenario in compiled["scenarios"]]
    assert ids == ["retry-once", "refresh-once:first", "refresh-once:second"]


def test_the_tables_are_there_as_json_too(root: Path) -> None:
    """A reader without YAML finds the same rows, and all providers in one file."""
    rows = json.loads((root / "docs/data/recovery.json").read_text(encoding="utf-8"))["rows"]
    registry = json.loads((root / "docs/data/registry.json").read_text(encoding="utf-8"))

    assert rows == yaml.safe_load((root / "spec/tables/recovery.yaml").read_text("utf-8"))["rows"]
    assert registry["version"] == "0.1"
    assert registry["providers"]["sample"]["rules"][0]["class"]


def test_the_library_gets_the_rules_without_the_prose(root: Path) -> None:
    """The file has the rules' conditions and none of their sources."""
    data = json.loads((root / LIBRARY_DATA).read_text(encoding="utf-8"))

    sample = data["providers"]["sample"]
    rows = (*data["hints"], *data["quota"])
    assert all("source" not in row and "examples" not in row for row in rows)
    assert list(sample) == ["title", "base_url", "credentials", "rules"]
    assert sample["rules"][0] == {
        "id": "quoted",
        "when": {"status": 429, "message": ['it\'s "late"', 'say "when"']},
        "class": "rate_limited",
    }
    assert sample["rules"][1]["cooldown"] == 86400


def test_chapters_come_in_the_order_of_the_site(root: Path) -> None:
    """The index of requirements is read in the order of the chapters, not of their names."""
    nav = "nav:\n  - Specification:\n      - Recovery: spec/recovery.md\n      - Intro: spec/introduction.md\n"
    (root / "mkdocs.yml").write_text(nav, encoding="utf-8")

    main(["--write", "--root", str(root)])

    page = (root / "docs/spec/requirements.md").read_text(encoding="utf-8")
    assert page.index("## Recovery") < page.index("## Introduction")
