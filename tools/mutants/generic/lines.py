"""Find out which scenarios execute which lines, in a run of the reference as it is."""

import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

Line = tuple[str, int]
"""A file and a line of it."""


class Lines:
    """Watches a run: who was where, and how long each scenario took."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.scenario = ""
        self.took: Counter[str] = Counter()
        self._since = 0.0
        self.seen: defaultdict[Line, set[str]] = defaultdict(set)
        self._files = frozenset(map(str, paths))

    def begins(self, scenario: str) -> None:
        """Take note of the scenario that comes now."""
        now = time.perf_counter()
        if self.scenario:
            self.took[self.scenario] = int(1e6 * (now - self._since))
        self.scenario, self._since = scenario, now

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen in on every thread that begins while the context lasts."""
        threading.settrace(self._entered)
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def _entered(self, frame: FrameType, _: str, __: object) -> Any:  # noqa: ANN401  a tracer
        return self._moved if frame.f_code.co_filename in self._files else None

    def _moved(self, frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401  a tracer
        if event == "line":
            self.seen[frame.f_code.co_filename, frame.f_lineno].add(self.scenario)
        return self._moved


def joined(parts: Sequence[Mapping[Line, AbstractSet[str]]]) -> Mapping[Line, frozenset[str]]:
    """Put the shares of a run together."""
    lines = {line for part in parts for line in part}
    return {line: frozenset[str]().union(*(p.get(line, ()) for p in parts)) for line in lines}
