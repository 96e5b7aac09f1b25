"""Make a change in this process, and run scenarios until one is red."""

import gc
from collections.abc import Sequence
from functools import _lru_cache_wrapper
from types import FunctionType

from credpool_conformance.charging.check import Outcome
from credpool_conformance.scenarios.scenario import Scenario
from tools.mutants.generic.alterations import Alteration, altered
from tools.mutants.patching import load_testee
from tools.mutants.reference_run import Suite, checks

_FINE = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.EXCLUDED})


def killer(suite: Suite, scenarios: Sequence[Scenario], alteration: Alteration) -> str | None:
    """Return the first check that is red with the change; None when it survives."""
    load_testee(suite.testee)
    make(alteration)
    for check in checks(suite, scenarios):
        if check.outcome not in _FINE:
            return check.scenario.id
    return None


def make(alteration: Alteration) -> None:
    """Give the function its other code, whoever refers to it; what it has answered is forgotten.

    Raises: LookupError when the function is in no module that was imported.
    """
    code = altered(alteration)
    gc.unfreeze()  # what is frozen is not listed
    everything = gc.get_objects()
    found = [
        function
        for function in everything
        if isinstance(function, FunctionType)
        and function.__code__.co_filename == str(alteration.path)
        and function.__code__.co_qualname == alteration.function
    ]
    if not found:
        raise LookupError(f"{alteration.function} of {alteration.path} is nowhere")
    for function in found:
        function.__code__ = code
    for kept in everything:
        if isinstance(kept, _lru_cache_wrapper) and kept.__module__.startswith("credpool."):
            kept.cache_clear()
