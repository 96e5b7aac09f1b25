"""The command at a real terminal: what somebody types, and what is then on the screen."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from conftest import Command

PATIENCE: Final = 30.0
"""How long a busy machine may take before a test gives up waiting, in seconds."""

_SEQUENCE: Final = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>()][B0]?)")


class Typed:
    """Run the command in a terminal, type, and wait for what it shows."""

    def __init__(self, *arguments: str, environ: Mapping[str, str], width: int = 80) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, width))
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "credpool", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            start_new_session=True,
        )
        os.close(slave)
        self.raw = ""

    def close(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """Return all that was shown so far, without what moves the cursor or colours it."""
        return _SEQUENCE.sub("", self.raw).replace("\r", "")

    def type(self, text: str) -> None:
        """Type some characters."""
        os.write(self._master, text.encode())

    def wait_for(self, wanted: str, *, times: int = 1) -> None:
        """Wait until something has been shown so often."""
        ends = time.monotonic() + PATIENCE
        while self.text.count(wanted) < times:
            assert time.monotonic() < ends, f"{wanted!r} is not in {self.text!r}"
            if not self._read(ends):
                break
        assert self.text.count(wanted) >= times, f"{wanted!r} is not in {self.text!r}"

    def end(self) -> int:
        """Wait for the end of the command, and return its exit code."""
        ends = time.monotonic() + PATIENCE
        while self._read(ends):
            assert time.monotonic() < ends, f"it goes on: {self.text!r}"
        return self._process.wait(PATIENCE)

    def _read(self, ends: float) -> bool:
        """Read what has come, and return whether more may come."""
        ready, _, _ = select.select([self._master], [], [], max(ends - time.monotonic(), 0))
        if not ready:
            return True
        try:
            read = os.read(self._master, 65536)
        except OSError:  # Linux: whoever had the other end open has gone
            return False
        self.raw += read.decode("utf-8", "replace")
        return bool(read)


ONE, TWO = "sk-one-0123456789abcdef", "sk-two-0123456789abcdef"
Open = Callable[..., Typed]
MENU = "What do you want to do?"


@pytest.fixture
def at_terminal(around: dict[str, str]) -> Iterator[Open]:
    """Return how to run the command in a terminal; whatever still runs is ended."""
    opened: list[Typed] = []

    def run(*arguments: str, width: int = 80) -> Typed:
        opened.append(Typed(*arguments, environ=around, width=width))
        return opened[-1]

    yield run
    for typed in opened:
        typed.close()


def stored(path: Path) -> dict[str, list[str]]:
    """Return the secrets in the file, by pool."""
    pools = json.loads(path.read_text("utf-8"))["credential_pool"]
    return {key: [row["access_token"] for row in rows] for key, rows in pools.items()}


@pytest.mark.parametrize("width", [80, 120])
def test_a_provider_is_typed_by_its_name(at_terminal: Open, path: Path, width: int) -> None:
    """`openai` and Enter is OpenAI, not whoever begins with one of its letters; the key is hidden."""
    typed = at_terminal(width=width)
    typed.wait_for(MENU)
    typed.type("add\r")
    typed.wait_for("For which provider?")
    typed.type("openai\r")
    typed.wait_for("API key or OAuth login?")
    typed.type("api\r")
    typed.wait_for("The key (it is not shown)")
    typed.type(f"{ONE}\r")
    typed.wait_for("A label")
    typed.type("work\r")
    typed.wait_for("Added ")
    typed.wait_for(MENU, times=3)
    typed.type("leave\r")

    assert typed.end() == 0
    assert stored(path) == {"openai": [ONE]}
    assert "? For which provider? openai\n" in typed.text
    assert ONE not in typed.raw


@pytest.mark.parametrize(
    "pasted", [f"{ONE}\r", f"\x1b[200~{ONE}\n\x1b[201~\r"], ids=["as typed", "as a paste"]
)
@pytest.mark.parametrize("question", [MENU, "For which provider?"])
def test_a_key_that_is_pasted_at_a_menu_chooses_nothing(
    at_terminal: Open, path: Path, pasted: str, question: str
) -> None:
    """It is not shown either; what it says instead is how to go on."""
    typed = at_terminal()
    typed.wait_for(MENU)
    if question != MENU:
        typed.type("add\r")
        typed.wait_for(question)

    first = " » Add a credential" if question == MENU else " » alibaba"
    typed.type(pasted)
    typed.wait_for("Nothing here is called that")
    typed.type("\x7f")
    typed.wait_for(first, times=2)
    typed.type("\x03")

    assert typed.end() == 130
    assert ONE[:6] not in typed.raw
    assert not path.exists()


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [("n\r", 130, [ONE, TWO]), ("\r", 130, [ONE, TWO]), ("y\r", 0, [ONE])],
)
def test_a_removal_shows_what_goes_and_asks(
    credpool: "Command", at_terminal: Open, path: Path, answer: str, code: int, left: list[str]
) -> None:
    """Without a yes nothing is removed, and a script that went on would be wrong."""
    for name, key in (("work", ONE), ("home", TWO)):
        credpool("add", "openai", "--label", name, stdin=key)

    typed = at_terminal("remove", "openai", "2")
    typed.wait_for("(y/N)")
    typed.type(answer)

    assert typed.end() == code
    assert re.search(r" 2  home +API key +ok", typed.text)
    assert re.search(r"\? Remove \w{12} \(home\) from openai\? \(y/N\)", typed.text)
    assert stored(path) == {"openai": left}


def test_who_is_sure_is_not_asked(credpool: "Command", at_terminal: Open, path: Path) -> None:
    """`--yes` removes at a terminal as a script does."""
    for key in (ONE, TWO):
        credpool("add", "openai", stdin=key)

    assert at_terminal("remove", "openai", "1", "--yes").end() == 0
    assert stored(path) == {"openai": [TWO]}


@pytest.mark.parametrize("width", [80, 120])
def test_what_is_missing_is_asked_for(credpool: "Command", at_terminal: Open, width: int) -> None:
    """The entry is chosen from a list, and what is then done is done to it."""
    credpool("add", "openai", "--label", "work", stdin=ONE)
    credpool("add", "openai", "--label", "home", stdin=TWO)
    typed = at_terminal("rename", width=width)
    typed.wait_for("Which one?")
    typed.type("home\r")
    typed.wait_for("Its new label:")
    typed.type("spare\r")

    assert typed.end() == 0
    labels = [e["label"] for e in credpool("list", "openai", "--json").entries]
    assert labels == ["work", "spare"]


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("verb", ["list", "status", "providers", "doctor"])
def test_a_narrow_terminal_is_shown_whole_words(
    credpool: "Command", at_terminal: Open, width: int, verb: str
) -> None:
    """No line of a table is longer than the terminal is wide, and no name is broken or left out."""
    for name, key in (("the-key-of-our-office", ONE), ("home", TWO)):
        credpool("add", "openai", "--label", name, stdin=key)

    typed = at_terminal(verb, width=width)

    assert typed.end() in (0, 1)
    wanted = {"list": "the-key-of-our-office", "providers": "CLAUDE_CODE_OAUTH_TOKEN"}
    assert wanted.get(verb, "openai") in typed.text
    if verb != "doctor":  # whose sentences a terminal folds by itself
        assert max(len(line) for line in typed.text.splitlines()) <= width


def test_a_provider_is_asked_for(at_terminal: Open, path: Path) -> None:
    """Bare `add` is a conversation about what is to be added."""
    typed = at_terminal("add")
    typed.wait_for("For which provider?")
    typed.type("groq\r")
    typed.wait_for("The key (it is not shown)")
    typed.type("gsk_0123456789abcdef\r")

    assert typed.end() == 0
    assert stored(path) == {"groq": ["gsk_0123456789abcdef"]}


def test_the_status_of_a_reply_is_asked_for(at_terminal: Open) -> None:
    """`explain` begins a conversation too."""
    typed = at_terminal("explain", "--provider", "OpenAI")
    typed.wait_for("The HTTP status of the reply:")
    typed.type("402\r")
    typed.wait_for("class:")

    assert typed.end() == 0
    assert "out_of_credit" in typed.text


def test_a_verb_that_needs_a_pool_says_so(at_terminal: Open) -> None:
    """There is nothing to choose from."""
    typed = at_terminal("disable")

    assert typed.end() == 2
    assert "no credentials yet" in typed.text


@pytest.mark.parametrize("width", [80, 120])
def test_an_endpoint_of_ones_own_is_typed(at_terminal: Open, path: Path, width: int) -> None:
    """`custom` finds it; the key is hidden, and the menu shows no broken line."""
    typed = at_terminal(width=width)
    typed.wait_for(MENU)
    typed.type("add\r")
    typed.wait_for("For which provider?")
    typed.type("custom\r")
    typed.wait_for("Its name:")
    typed.type("My Box\r")
    typed.wait_for("Its base URL")
    typed.type("http://127.0.0.1:1/v1\r")
    typed.wait_for("The key (it is not shown)")
    typed.type(f"{ONE}\r")
    typed.wait_for("A label")
    typed.type("home\r")
    typed.wait_for("Added ")
    typed.wait_for(MENU, times=3)
    typed.type("look\r")
    typed.wait_for("this is the store")
    typed.type("leave\r")

    assert typed.end() == 0
    assert stored(path) == {"custom:my-box": [ONE]}
    assert ONE not in typed.raw


@pytest.mark.parametrize("name", ["openai", "OpenAI", "anthropic", "groq", "gemini"])
def test_no_name_leads_to_another_pool(at_terminal: Open, name: str) -> None:
    """Whatever is typed at the menu, the choice that is taken is the one of that name."""
    typed = at_terminal()
    typed.wait_for(MENU)
    typed.type("add\r")
    typed.wait_for("For which provider?")
    typed.type(f"{name}\r")

    typed.wait_for(f"? For which provider? {name.casefold()}\n")
