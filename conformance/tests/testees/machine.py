"""A machine whose date is wrong, as several processes see it; who sleeps there makes it later.

It is a number in a file: how many seconds the machine is ahead.
"""

import mmap
import struct
import time
from pathlib import Path


class Machine:
    """The clock of that machine."""

    def __init__(self, path):
        """Open the file, in which all who look find the same."""
        with Path(path).open("r+b") as file:
            self.ahead = mmap.mmap(file.fileno(), 8)

    @classmethod
    def made(cls, path, seconds):
        """Set the clock by some seconds, and begin."""
        Path(path).write_bytes(struct.pack("d", seconds))
        return cls(path)

    def time(self):
        """Return the seconds since the epoch, by this clock."""
        return time.time() + struct.unpack("d", self.ahead[:])[0]

    def sleep(self, until):
        """Let all the time go by."""
        missing = until - self.time()
        if missing > 0:
            self.ahead[:] = struct.pack("d", struct.unpack("d", self.ahead[:])[0] + missing)
