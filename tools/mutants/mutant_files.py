"""Read the mutants and controls, and find what is wrong with how they are declared.

They are Python files beside the scenarios, loaded by path: what a mutant imports is the reference,
which the suite itself knows nothing of.
"""

import fnmatch
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from credpool_conformance.data import shown
from credpool_conformance.problems import BadInputError, Problem
from credpool_conformance.scenarios.scenario import Scenario
from credpool_conformance.specification.charges import table
from credpool_conformance.specification.requirements import Requirements
from tools.mutants.mutant import Change, Control, Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantSet:
    """All changes by name, in the order of the files and of the text."""

    mutants: Mapping[str, type[Mutant]]
    controls: Mapping[str, type[Control]]


def read(folder: Path) -> MutantSet:
    """Load every file of the folder.

    Raises: BadInputError when a file cannot be loaded, or a name is taken twice.
    """
    found: dict[str, type[Change]] = {}
    for path in sorted(folder.glob("*.py")):
        for change in _changes(_load(path)):
            if change.__name__ in found:
                fix = "choose another name"
                raise BadInputError([_at(change, "this name is taken by another change", fix)])
            found[change.__name__] = change
    if not found:
        fix = "write the first one, see CONTRIBUTING.md"
        raise BadInputError([Problem(shown(folder), 1, "no mutants", fix)])
    return MutantSet(
        mutants={name: c for name, c in found.items() if issubclass(c, Mutant)},
        controls={name: c for name, c in found.items() if issubclass(c, Control)},
    )


def check(mutant_set: MutantSet, scenarios: Sequence[Scenario], requirements: Requirements) -> None:
    """Hold every declaration against the specification and the scenarios.

    Raises: BadInputError with everything that is wrong.
    """
    by_id = {scenario.id: scenario for scenario in scenarios}
    changes = (*mutant_set.mutants.values(), *mutant_set.controls.values())
    problems = [_at(c, "says nothing", "write a docstring") for c in changes if not c.title()]
    problems += [
        _at(c, "replaces nothing", "mark a function with `replaces`")
        for c in changes
        if not c.patches()
    ]
    for mutant in mutant_set.mutants.values():
        problems += [_at(mutant, what, fix) for what, fix in _faults(mutant, by_id, requirements)]
    if problems:
        raise BadInputError(problems)


def named(pattern: str, ids: Mapping[str, object]) -> list[str]:
    """List the checks that an id or a glob names; `x` alone names every case of a table `x`."""
    return [
        id_ for id_ in ids if fnmatch.fnmatchcase(id_, pattern) or id_.startswith(f"{pattern}:")
    ]


def _faults(
    mutant: type[Mutant], by_id: Mapping[str, Scenario], requirements: Requirements
) -> Iterator[tuple[str, str]]:
    missing = [n for n in ("violates", "kills", "because") if not getattr(mutant, n, None)]
    if missing:
        yield f"does not declare {', '.join(missing)}", "declare all three"
        return
    if fault := requirements.fault_of(mutant.violates):
        yield fault
    for kind in mutant.because.split():
        if kind not in table().kinds:
            yield f"because {kind!r} is no kind of difference", "see specification/charges.yaml"
    for pattern in mutant.kills:
        killers = named(pattern, by_id)
        if not killers:
            yield f"kills names no check: {pattern!r}", "see `credpool_conformance list`"
        for id_ in killers:
            if mutant.violates not in by_id[id_].verifies:
                yield (
                    f"{id_} does not verify {mutant.violates}",
                    "name a check that does",
                )


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"mutants_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadInputError([Problem(shown(path), 1, "no Python file", "remove it")])
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        what = f"cannot be loaded: {type(error).__name__}: {error}"
        raise BadInputError([Problem(shown(path), 1, what, "correct it")]) from error
    return module


def _changes(module: ModuleType) -> Iterator[type[Change]]:
    for value in vars(module).values():
        is_change = isinstance(value, type) and issubclass(value, Mutant | Control)
        if is_change and value.__module__ == module.__name__:
            yield value


def _at(change: type[Change], what: str, fix: str) -> Problem:
    path = Path(inspect.getfile(change))
    _, line = inspect.getsourcelines(change)
    return Problem(shown(path), line, f"{change.__name__} {what}", fix)
