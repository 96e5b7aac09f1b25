"""What the pages show of the command is what it does."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool.cli.page import page

if TYPE_CHECKING:
    from conftest import Command

ROOT = Path(__file__).parents[3]
PAGES = [path for glob in ("*.md", "docs/**/*.md") for path in sorted(ROOT.glob(glob))]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = {page: found for page in PAGES if (found := CONSOLE.findall(page.read_text("utf-8")))}


def exchanges(blocks: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each line that is typed, with the lines that answer it."""
    for typed in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        line, *answer = typed.splitlines()
        yield line, [text.rstrip() for text in answer if text.strip()]


def test_there_is_something_to_compare() -> None:
    """The guide shows the command at work."""
    assert [path.name for path in SHOWN] == ["credential-pools.md"]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.name)
def test_a_session_on_a_page_goes_as_it_is_shown(credpool: "Command", shown: Path) -> None:
    """`…` stands for an id or a fingerprint, and for nothing else."""
    for line, answer in exchanges(SHOWN[shown]):
        typed, _, command = line.rpartition(" | ")
        stdin = shlex.split(typed)[1] if typed else ""

        ran = credpool(*shlex.split(command)[1:], stdin=stdin)

        said = [text.rstrip() for text in (ran.err + ran.out).splitlines() if text.strip()]
        plain = [re.sub(r"\b([0-9a-f]{12}|[0-9a-f]{8})\b", "…", text) for text in said]
        assert [re.sub("─+", "─", text) for text in plain] == [
            re.sub("─+", "─", text) for text in answer
        ], line


def test_the_reference_page_is_what_the_command_says_of_itself() -> None:
    """It is generated: `nox -s generate`."""
    assert (ROOT / "docs/reference/cli.md").read_text("utf-8") == page()
