"""Talk to a testee that is a child process, one JSON object per line.

Spec: PROTOCOL.md.  Standard error is kept, bounded, and never judged except for secrets.
"""

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Final, Self

from credpool_conformance.problems import HarnessError
from credpool_conformance.provider.inbox import Broke, Deliver, Message, Said
from credpool_conformance.testee.connectors import HOST_VARIABLES
from credpool_conformance.testee.protocol import parse

_MAX_LINE: Final = 1024 * 1024
_MAX_OUTPUT: Final = 256 * 1024
_GRACE: Final = 2.0


class StdioConnector:
    """A child process and the threads that listen to it."""

    name = "stdio"

    def __init__(self, testee: str) -> None:
        """Take a command line, or the path of a Python file."""
        self.command = testee
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: _Drain | None = None

    def start(self, deliver: Deliver) -> None:
        """Start the process.

        Raises: HarnessError when the operating system cannot.
        """
        try:
            process = subprocess.Popen(
                _arguments(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, **HOST_VARIABLES},
            )
        except (OSError, ValueError) as error:
            raise HarnessError(f"the testee cannot be started: {error}") from error
        if process.stdout is None or process.stderr is None:
            raise HarnessError("the testee has no output")
        self._process = process
        self._stderr = _Drain(process.stderr)
        threading.Thread(
            target=_listen, args=(process, process.stdout, deliver), daemon=True
        ).start()

    def send(self, message: Message) -> None:
        """Write one line.

        Raises: HarnessError when nobody reads it.
        """
        if self._process is None or self._process.stdin is None:
            raise HarnessError("the testee is not running")
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            code = _ended(self._process)
            raise HarnessError(f"the testee takes no commands any more ({code})") from error

    def output(self) -> str:
        """Take the standard error so far."""
        return self._stderr.take() if self._stderr else ""

    def stop(self) -> None:
        """End the process: by the end of its input, then SIGTERM, then SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            _close(process.stdin)
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                _signal(process, number)
            try:
                process.wait(timeout=_GRACE if number is None else _GRACE / 2)
            except subprocess.TimeoutExpired:
                continue
            # What the testee itself started must not outlive it.
            _signal(process, signal.SIGKILL)
            break

    def kill(self) -> None:
        """End the process at once; it has broken the protocol already."""
        if self._process is not None:
            _signal(self._process, signal.SIGTERM)
        self.stop()

    def crash(self) -> None:
        """Kill the process: it has no last word."""
        if self._process is not None:
            _signal(self._process, signal.SIGKILL)
        self.stop()

    def peer(self) -> Self:
        """Return a connector for one more process of the same command."""
        return type(self)(self.command)


class _Drain:
    """Reads a pipe as it fills, so that the child never blocks on it.

    `take` first reads what lies in the pipe: the child wrote that before its last reply.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._kept = bytearray()
        self._dropped = 0
        self._ended = False
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def take(self) -> str:
        with self._lock:
            self._read()
            text = self._kept.decode("utf-8", "replace")
            if self._dropped:
                text += f"\n[{self._dropped} more bytes were not kept]\n"
            self._kept.clear()
            self._dropped = 0
        return text

    def _watch(self) -> None:
        with self._pipe:
            while not self._ended:
                select.select([self._pipe], [], [])
                with self._lock:
                    self._read()

    def _read(self) -> None:
        while not self._ended:
            try:
                data = os.read(self._pipe.fileno(), 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            room = _MAX_OUTPUT - len(self._kept)
            self._kept += data[:room]
            self._dropped += max(len(data) - room, 0)
            self._ended = not data


def _arguments(testee: str) -> list[str]:
    if testee.endswith(".py") and Path(testee).is_file():
        return [sys.executable, testee]
    return shlex.split(testee)


def _listen(process: subprocess.Popen[bytes], stdout: IO[bytes], deliver: Deliver) -> None:
    with stdout:
        while line := stdout.readline(_MAX_LINE):
            if len(line) >= _MAX_LINE:
                deliver(Broke("the testee wrote a line without an end"))
                return
            if not line.endswith(b"\n"):
                deliver(Broke(f"the testee wrote half a line, then: {_ended(process)}"))
                return
            try:
                deliver(Said(parse(line.decode())))
            except (HarnessError, UnicodeDecodeError) as error:
                deliver(Broke(f"the testee wrote garbage: {error}"))
                return
    deliver(Broke(f"the testee ended: {_ended(process)}"))


def _ended(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        return "it still runs"
    return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return
