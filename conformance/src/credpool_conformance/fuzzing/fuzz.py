"""Run two testees against each other, until so many steps are played or differences found."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from credpool_conformance.fuzzing.comparison import Difference, Played, again, first, second
from credpool_conformance.fuzzing.drawing.chances import Chances
from credpool_conformance.fuzzing.drawing.pools import begun
from credpool_conformance.fuzzing.drawing.steps import Steps
from credpool_conformance.fuzzing.ground import Ground, common
from credpool_conformance.fuzzing.history import History
from credpool_conformance.fuzzing.shrinking import Shrinking
from credpool_conformance.fuzzing.side import Side
from credpool_conformance.provider.loopback import Loopback
from credpool_conformance.specification.registry import Registry
from credpool_conformance.testee.connectors import Connector
from credpool_conformance.testee.connectors.inprocess import InProcessConnector, World
from credpool_conformance.testee.connectors.lean import lean
from credpool_conformance.testee.connectors.stdio import StdioConnector
from credpool_conformance.testee.session import Session

_GRACE: Final = 2.0
"""Seconds after which a pool is taken to read on in a stream before its caller does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A difference at its shortest."""

    seed: str
    difference: Difference
    played: Played
    tries: int


class Fuzz:
    """Two sides, and what they have in common."""

    def __init__(self, one: Side, another: Side, registry: Registry) -> None:
        """Start both.

        Raises: HarnessError when one does not start.
        """
        self.one = one
        self.another = another
        self.ground: Ground = common((one.manifest, another.manifest), registry)
        self.steps = 0
        self.histories = 0
        self._registry = registry

    def history(self, seed: str) -> Played:
        """Play the history of a seed on the first side."""
        history = begun(seed, self.ground, self._registry)
        steps = Steps(history, Chances(f"{seed} steps"), self.ground)
        played = first(history, self.one, self.ground, steps)
        self.steps += len(played.history.phases)
        self.histories += 1
        return played

    def difference(self, seed: str) -> Found | None:
        """Play the history of a seed on both, and make what differs as short as it gets."""
        with lean():  # no longer than this: the folder for temporary files is the whole process's
            played = self.history(seed)
            found = self._compared(played)
            return None if found is None else self._shortest(seed, played, found)

    def differences(self, seeds: Iterable[str], steps: int) -> Iterator[Found]:
        """Play one history after the other, until so many steps are played."""
        for seed in seeds:
            found = self.difference(seed)
            if found:
                yield found
            if self.steps >= steps:
                return

    def _compared(self, played: Played) -> Difference | None:
        return played.fault or second(played, self.another, self.ground)

    def replayed(self, history: History) -> tuple[Played, Difference | None]:
        """Play a history that has its phases on both."""
        played = first(history, self.one, self.ground, again(history))
        return played, self._compared(played)

    def _shortest(self, seed: str, played: Played, found: Difference) -> Found:
        whole = replace(played.history, phases=played.history.phases[: found.phase or 1])

        def shows(history: History) -> bool:
            other = self.replayed(history)[1]
            return other is not None and other.signature == found.signature

        shrinking = Shrinking(whole, shows)
        history = shrinking.shortest() if shows(whole) else played.history
        shortest, difference = self.replayed(history)
        return Found(
            seed=seed, difference=difference or found, played=shortest, tries=shrinking.tries
        )


def seeds(seed: str, share: int = 0, shares: int = 1) -> Iterator[str]:
    """Yield the seeds of a share of the histories; `7-12` is the one history of that number."""
    return iter([seed]) if "-" in seed else (f"{seed}-{n}" for n in count(share, shares))


@contextmanager
def opened(
    one: str, another: str, registry: Registry, *, in_process: bool, timeout: float
) -> Iterator[Fuzz]:
    """Open the mock provider and both testees, and close everything at the end.

    Raises: HarnessError when a testee does not start.
    """
    with ExitStack() as stack:
        loopback = Loopback()
        stack.callback(loopback.close)
        world = World(loopback.mock)
        first_side, second_side = (
            _side(command, stack, loopback, world if in_process else None, registry, timeout)
            for command in (one, another)
        )
        yield Fuzz(first_side, second_side, registry)


def _side(
    command: str,
    stack: ExitStack,
    loopback: Loopback,
    world: World | None,
    registry: Registry,
    timeout: float,
) -> Side:
    connector: Connector = StdioConnector(command)
    if world is not None and is_python(command):
        connector = InProcessConnector(command, loopback.mock, world)
    session = Session(connector, timeout, grace=_GRACE, needs=registry.needs)
    stack.callback(session.close)
    return Side(session, loopback.mock, registry)


def is_python(command: str) -> bool:
    """Tell whether a testee can be run in process: a Python file, or a module and a class."""
    return " " not in command and (".py" in command or ":" in command)
