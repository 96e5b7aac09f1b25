"""A server's own counters: the commands and the bytes that something costs, exactly.

The counters are read over a connection of their own, whose bytes are subtracted.
"""

import re
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final

from credpool_conformance.json_values import Json

_CALLS: Final = re.compile(r"cmdstat_([^:]+):calls=(\d+)")
_BYTES: Final = re.compile(r"total_net_(input|output)_bytes:(\d+)")
_CPU: Final = re.compile(r"used_cpu_(?:sys|user)_main_thread:([\d.]+)")
_SCRIPTS: Final = ("eval", "eval_ro", "evalsha", "evalsha_ro")


class Counters:
    """The counters of a server on loopback that nobody else uses."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def cost(self, operation: Callable[[], object]) -> dict[str, Json]:
        """Return what an operation costs; the commands of a script are listed apart."""
        calls = self._calls()
        asked, told, before = self._bytes()
        operation()
        _, _, after = self._bytes()
        found = self._calls()
        found.subtract(calls)
        commands = {name: n for name, n in sorted(found.items()) if n and name != "info"}
        scripts = any(name in commands for name in _SCRIPTS)
        return {
            "commands": {c: n for c, n in commands.items() if c in _SCRIPTS or not scripts},
            "within": {c: n for c, n in commands.items() if c not in _SCRIPTS and scripts},
            "in": after["input"] - before["input"] - asked,
            "out": after["output"] - before["output"] - told,
        }

    def cpu(self) -> float:
        """Return the seconds of CPU that the server's one thread has used."""
        return sum(map(float, _CPU.findall(self._ask(b"cpu")[1])))

    def _calls(self) -> Counter[str]:
        _, found = self._ask(b"commandstats")
        return Counter({name: int(n) for name, n in _CALLS.findall(found)})

    def _bytes(self) -> tuple[int, int, dict[str, int]]:
        """Return how long the question and its answer were, and what was counted between the two."""
        asked, found = self._ask(b"stats")
        told = len(f"${len(found)}\r\n{found}\r\n")
        return asked, told, {way: int(n) for way, n in _BYTES.findall(found)}

    def _ask(self, section: bytes) -> tuple[int, str]:
        question = b"*2\r\n$4\r\nINFO\r\n$%d\r\n%s\r\n" % (len(section), section)
        self._socket.sendall(question)
        head = self._file.readline()
        found = self._file.read(int(head[1:]) + 2)
        return len(question), found[:-2].decode("ascii")


class Subscriber:
    """A connection that hears the notices of a pool, and counts their bytes."""

    def __init__(self, port: int, channel: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")
        name = channel.encode()
        self._socket.sendall(b"*2\r\n$9\r\nSUBSCRIBE\r\n$%d\r\n%s\r\n" % (len(name), name))
        self.heard()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def heard(self) -> int:
        """Wait for a message, and return its length in bytes."""
        lines = [self._file.readline()]
        for _ in range(int(lines[0][1:])):
            lines.append(self._file.readline())
            if lines[-1].startswith(b"$"):
                lines.append(self._file.read(int(lines[-1][1:]) + 2))
        return sum(map(len, lines))
