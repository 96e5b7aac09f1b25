"""Make a change in this process, and run scenarios until one is red."""

import gc
import resource
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import _lru_cache_wrapper, cache
from types import FunctionType
from typing import Final

from credpool_conformance.charging.check import Check, Outcome
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration, altered
from tools.mutants.patching import load_testee
from tools.mutants.reference_run import Suite, checks

_RED: Final = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.HARNESS_ERROR})
PATIENCE: Final = 15.0
"""In process nothing takes time, but the machine may be busy with something else."""
_MEMORY: Final = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The check that noticed a change, and whether it did so because nothing came in time."""

    check: str
    late: bool = False


def killer(
    suite: Suite, scenarios: Sequence[Scenario], alteration: Alteration, patience: float = PATIENCE
) -> Kill | None:
    """Return the first check that is red with the change; None when it survives.

    What is inconclusive proves nothing.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    load_testee(suite.testee)
    make(alteration)
    for check in checks(suite, scenarios, patience=patience):
        if check.outcome in _RED:
            return Kill(check=check.scenario.id, late=_late(check, patience))
    return None


def _late(check: Check, patience: float) -> bool:
    return check.outcome is Outcome.HARNESS_ERROR and check.duration >= patience


def make(alteration: Alteration) -> None:
    """Give the function its other code, whoever refers to it; what it has answered is forgotten.

    Raises: LookupError when the function is in no module that was imported.
    """
    place = str(alteration.path), alteration.function
    found = functions_there()
    if place not in found.by_place:
        functions_there.cache_clear()  # it may have been imported since
        found = functions_there()
    if place not in found.by_place:
        raise LookupError(f"{alteration.function} of {alteration.path} is nowhere")
    code = altered(alteration)
    for function in found.by_place[place]:
        function.__code__ = code
    for stored in found.stored:
        stored.cache_clear()


@dataclass(frozen=True, slots=True)
class There:
    """The functions of this process by file and name, and those of the library that keep answers."""

    by_place: Mapping[tuple[str, str], Sequence[FunctionType]]
    stored: Sequence["_lru_cache_wrapper[object]"]


@cache
def functions_there() -> There:
    """List them once: before processes divide that each make a change."""
    gc.unfreeze()  # what is frozen is not listed
    everything = gc.get_objects()
    by_place: defaultdict[tuple[str, str], list[FunctionType]] = defaultdict(list)
    for found in everything:
        if isinstance(found, FunctionType):
            by_place[found.__code__.co_filename, found.__code__.co_qualname].append(found)
    wrappers = [found for found in everything if isinstance(found, _lru_cache_wrapper)]
    ours = [found for found in wrappers if found.__module__.startswith("credpool.")]
    return There(by_place, ours)
