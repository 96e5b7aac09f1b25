"""A subject's program in a process of its own, in the environment that it needs."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.bench.figures import Timings

SUBJECTS: Final = Path(__file__).parent / "subjects"
PATIENCE: Final = 60.0
"""How many seconds a program that was told to end may take."""


class SubjectFailed(Exception):
    """A subject could not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is measured: its name, its program, and the Python that runs it."""

    name: str
    program: str
    python: Path


class Worker:
    """A subject at work."""

    def __init__(self, subject: Subject, process: "subprocess.Popen[str]") -> None:
        self._subject = subject
        self._process = process

    def open(self, task: str, **options: object) -> None:
        """Prepare a task, in place of the one before."""
        self._ask({"open": task, "options": options})
        self._answer()

    def run(self, rounds: int, pace: float = 0.0) -> Mapping[str, Timings]:
        """Take each way of the task in turn, so often."""
        self.begin(rounds, pace)
        return self.end()

    def begin(self, rounds: int, pace: float = 0.0) -> None:
        """Let the ways be taken, and do not wait."""
        self._ask({"rounds": rounds, "pace": pace})

    def end(self) -> Mapping[str, Timings]:
        """Wait for what was begun."""
        return {name: Timings(**found) for name, found in self._answer().items()}  # type: ignore[arg-type]

    def _ask(self, command: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> "dict[str, dict[str, list[int]]]":
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line or '{"error": "its process has ended"}')
        if isinstance(answer, dict) and "error" in answer:
            raise SubjectFailed(f"{self._subject.name}: {answer['error']}")
        return dict(answer) if isinstance(answer, dict) else {}


@contextmanager
def working(subject: Subject) -> Iterator[Worker]:
    """Run a subject's program, and end that process."""
    command = [str(subject.python), str(SUBJECTS / subject.program)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Worker(subject, process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
