"""Run a program without a shell, and return the first line that it prints; what it prints is in no error."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from threading import Event, Thread
from time import monotonic
from typing import Final

from credpool.model.secret import Veiled, VeiledBytes

_MOST: Final = 64 * 1024
"""How much of a first line is kept; no secret is as long."""


@dataclass(frozen=True, slots=True)
class NoLine:
    """There is no first line, in words that follow the program."""

    why: str


def first_line(
    words: Sequence[str], *, folder: Path | None, variables: Mapping[str, str], seconds: float
) -> Veiled | NoLine:
    """Return the first line that the program prints, without the blanks around it, or why there is none.

    After that time the program is ended, with everything of its process group.
    """
    try:
        process = Popen(  # noqa: S603  only what the file's owner has written there
            words,  # spec: borrow.command.no-shell+1
            cwd=folder,
            env=dict(variables),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
    except OSError as err:
        return NoLine(f"cannot be started ({err.strerror})")
    except ValueError:  # NUL or half a character, in a word or in a variable
        return NoLine("cannot be started (no program can be given such a character)")
    line = _outcome(process, seconds)
    if isinstance(line, NoLine):
        return line
    text = Veiled(line.decode("utf-8", "replace").strip())
    return text or NoLine("prints nothing in its first line")


def _outcome(process: Popen[bytes], seconds: float) -> VeiledBytes | NoLine:
    """Wait for the end of a program and of its first line, within one limit."""
    ends = monotonic() + seconds
    output = _Output(process)
    try:
        code = process.wait(seconds)
        in_time = output.has_line.wait(max(0.0, ends - monotonic()))
    except TimeoutExpired:
        code, in_time = 0, False
    except BaseException:
        _end(process)
        raise
    if not in_time:
        _end(process)  # spec: borrow.command.time+1
        return NoLine(f"has not ended within {seconds:g} s")
    if code != 0:  # spec: borrow.command.failed+1
        how = f"with status {code}" if code > 0 else f"by signal {-code}"
        return NoLine(f"has failed: it ended {how}")
    return VeiledBytes(output.line.partition(b"\n")[0])  # spec: borrow.command+1


class _Output:
    """The first line of what a program prints; the rest is read and dropped, so that it can end."""

    def __init__(self, process: Popen[bytes]) -> None:
        self.line = bytearray()
        self.has_line = Event()
        Thread(target=self._read, args=(process,), name="credpool-command", daemon=True).start()

    def _read(self, process: Popen[bytes]) -> None:
        assert process.stdout is not None, "it is a pipe"
        with process.stdout as stream:
            while part := os.read(stream.fileno(), _MOST):
                if not self.has_line.is_set():
                    self.line += part
                if b"\n" in part or len(self.line) >= _MOST:
                    self.has_line.set()
        self.has_line.set()


def _end(process: Popen[bytes]) -> None:
    """End a program with everything of its process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
