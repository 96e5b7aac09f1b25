"""Play scenarios in several processes at once, ahead of the one that judges them.

Each of these has a testee and a mock provider of its own, and keeps them to its end.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing.util import Finalize
from typing import Final, TypeAlias

from credpool_conformance.charging.check import Check
from credpool_conformance.problems import StartError
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.testee.session import Manifest

_BEFORE_ITS_FILES: Final = 10
"""The priority of what a process closes before it forgets its own files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A testee that has introduced itself, and a way to play a scenario on it."""

    manifest: Manifest
    play: Callable[[Scenario], Check]


Ready: TypeAlias = Callable[[], AbstractContextManager[Player]]


class _Process:
    """One of several processes: its testee is started with the first thing that it is asked."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready

    @cached_property
    def player(self) -> Player:
        stack = ExitStack()
        player = stack.enter_context(self._ready())
        Finalize(None, stack.close, exitpriority=_BEFORE_ITS_FILES)
        return player


_inherited: list[_Process] = []
"""The part that a process takes over from the one that it is made of."""


@contextmanager
def players(ready: Ready, jobs: int, scenarios: Sequence[Scenario]) -> Iterator[Player]:
    """Play scenarios in so many processes, and whatever else is wanted in the meantime.

    A process is made of this one as it is; where that cannot be done, all is played in this one.

    Raises: StartError when a testee does not start.
    """
    if jobs == 1 or "fork" not in multiprocessing.get_all_start_methods():
        with ready() as player:
            yield player
        return
    _inherited.append(_Process(ready))
    fork, unstopped = multiprocessing.get_context("fork"), (signal.SIGINT, signal.SIG_IGN)
    executor = ProcessPoolExecutor(jobs, fork, signal.signal, unstopped)
    try:
        manifest = executor.submit(_introduced).result()
        if isinstance(manifest, tuple):
            raise StartError(*manifest)
        begun = {scenario.id: executor.submit(_played, scenario) for scenario in scenarios}

        def play(scenario: Scenario) -> Check:
            played = begun.get(scenario.id) or executor.submit(_played, scenario)
            # What has crossed from a process is equal, and not the same.
            return replace(played.result(), scenario=scenario)

        yield Player(manifest=manifest, play=play)
    finally:
        executor.shutdown(cancel_futures=True)
        _inherited.pop()


def _introduced() -> Manifest | tuple[str, str]:
    try:
        return _inherited[-1].player.manifest
    except StartError as error:
        return error.what, error.stderr


def _played(scenario: Scenario) -> Check:
    return _inherited[-1].player.play(scenario)
