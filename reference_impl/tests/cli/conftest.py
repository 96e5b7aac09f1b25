"""What the tests of the command share: a home of its own, and a way to run it."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from credpool import Entry, Pool
from credpool.cli.app import cli, run
from credpool.pool import engine_of
from credpool.stores import JsonFileStore


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def entries(self) -> list[dict[str, object]]:
        """Read the entries of the first pool of a listing."""
        found: list[dict[str, object]] = json.loads(self.out)["pools"][0]["entries"]
        return found


Command = Callable[..., Ran]
Ask = Callable[..., list[str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a store that is not there yet."""
    return tmp_path / "home" / "auth.json"


@pytest.fixture
def around(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return all the environment there is: never the host's."""
    found = {"HOME": str(path.parent.parent), "CREDPOOL_HOME": str(path.parent), "NO_COLOR": "1"}
    monkeypatch.setattr("os.environ", found)
    return found


@pytest.fixture
def credpool(
    around: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Run the command on the store, with a standard input that is no terminal."""
    del around

    def command(*arguments: str, stdin: str | bytes = "") -> Ran:
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        typed = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", typed)
        code = run([*arguments])
        typed.close()
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return command


@pytest.fixture
def keep(path: Path) -> Callable[..., None]:
    """Return how to put entries into the store's pool of OpenAI."""

    def put(*entries: Entry) -> None:
        engine_of(Pool(JsonFileStore(path, "openai"))).change(
            lambda state: type(state)(key=state.key, provider=state.provider, entries=entries)
        )

    return put


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], around: dict[str, str]) -> Ask:
    """Return how to ask what may come next on a line."""

    def asked(line: str) -> list[str]:
        words = line.split(" ")
        around.update(
            {
                "_CREDPOOL_COMPLETE": "bash_complete",
                "COMP_WORDS": line,
                "COMP_CWORD": str(len(words) - 1),
            }
        )
        with pytest.raises(SystemExit):
            cli.main([], "credpool", complete_var="_CREDPOOL_COMPLETE")
        out = capsys.readouterr().out
        return [found.partition(",")[2] for found in out.split()]

    return asked
