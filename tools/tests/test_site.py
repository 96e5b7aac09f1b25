"""The site's Markdown form, its list for programs, and the words that it explains."""

from pathlib import Path

import pytest

from tools.site.plain import listing, main, place, plain
from tools.sources.glossary import abbreviations
from tools.sources.specification import load

ROOT = Path(__file__).parents[2]
NAV = """\
site_name: A

nav:
  - Home: index.md
  - Guide:
      - Deep:
          - guide/one.md
          - "Two: b": guide/two.md

theme: x
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a small site's sources, and the folder of one that is built."""
    files = {
        "mkdocs.yml": NAV,
        "docs/index.md": "---\ndescription: All of it.\n---\n\n# Home\n",
        "docs/guide/one.md": '# One\n\n=== "A"\n\n    --8<-- "code.py:2:3"\n',
        "docs/guide/two.md": '---\ndescription: "b"\n---\n\n# Two\n\n--8<-- "code.py"\n',
        "code.py": "a\nb\n\nc\n",
        "built/index.html": "",
        "built/guide/one/index.html": "",
        "built/guide/two/index.html": "",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pages_markdown_stands_beside_it(root: Path) -> None:
    """It is the page as it is written, with what it takes in and without its front matter."""
    assert main(["built"]) == 0

    assert (root / "built/index.md").read_text("utf-8") == "# Home\n"
    assert (root / "built/guide/two/index.md").read_text("utf-8") == "# Two\n\na\nb\n\nc\n"
    assert '=== "A"\n\n    b\n\n' in plain(root, root / "docs/guide/one.md")


def test_the_list_has_every_page_under_its_section(root: Path) -> None:
    """A page without a title in the navigation has its own."""
    found = listing(root)

    assert "- [Home](index.md): All of it.\n" in found
    assert "## Guide\n\n\n### Deep\n\n- [One](guide/one/index.md): \n" in found


def test_without_a_site_nothing_is_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what to do."""
    assert main(["elsewhere"]) == 2
    assert "build it first" in capsys.readouterr().err
    assert not (root / "elsewhere").exists()


def test_every_page_of_the_repository_is_listed_and_says_what_it_is_about() -> None:
    """A page that is in no section, or has no description, is found here."""
    lines = [line for line in listing(ROOT).splitlines() if line.startswith("- [")]
    listed = {line.partition("](")[2].partition(")")[0] for line in lines}
    pages = {
        place(page.relative_to(ROOT / "docs")).as_posix() for page in ROOT.glob("docs/**/*.md")
    }

    assert pages - listed == set()
    assert [line for line in lines if line.endswith("): ")] == []


def test_a_rare_word_is_explained_by_its_definition() -> None:
    """Words of every second sentence are not marked."""
    found = abbreviations(load(ROOT))

    assert "*[testee]: An implementation under test.\n" in found
    assert "*[payer]: Who is billed: subscription, metered, free or unknown.\n" in found
    assert "*[entry]" not in found
    assert "](" not in found
