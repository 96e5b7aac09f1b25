"""The setting of one run: who is measured, how long, and where the files and the server are."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.bench.worker import Subject

OURS: Final = "credpool"
_PEERS: Final = {
    "gallery-open-keypool": ("open-keypool", "keypool.py"),
    "gallery-litellm": ("LiteLLM Router", "litellm_router.py"),
    "gallery-hermes-agent": ("Hermes Agent", "hermes.py"),
}
_NAMES: Final = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The parts that every measure is given."""

    quick: bool
    ours: Subject
    peers: Sequence[Subject]
    url: str
    folder: Path

    def path(self, name: str = "auth.json") -> str:
        """Return the path of a file that nobody has used yet."""
        return str(self.folder / f"{next(_NAMES)}-{name}")

    def rounds(self, whole: int, quick: int) -> int:
        """Return how many rounds a measure takes."""
        return quick if self.quick else whole

    def peer(self, *names: str) -> Sequence[Subject]:
        """Return those of the peers with these names that are there."""
        return [peer for peer in self.peers if peer.name in names]


@contextmanager
def setting(environments: Path | None, *, quick: bool) -> Iterator[Setting]:
    """Start the server, in a process of its own, and stop that process.

    Args:
        environments: the folder that has the peers' environments, if they are measured.
        quick: whether the run is a short one.
    """
    program = [sys.executable, str(Path(__file__).with_name("server.py"))]
    ours, pipe = Subject(OURS, "ours.py", Path(sys.executable)), subprocess.PIPE
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            yield Setting(
                quick=quick, ours=ours, peers=peers(environments), url=url, folder=Path(folder)
            )
        finally:
            server.terminate()


def peers(environments: Path | None) -> Sequence[Subject]:
    """Return the peers whose environments are there."""
    if environments is None:
        return ()
    found = ((environments / name / "bin" / "python", who) for name, who in _PEERS.items())
    return [Subject(*who, python) for python, who in found if python.exists()]
