"""Find the scenarios in which a mutant could make any difference, during the run that is not mutated.

A replaced rule is a function of its arguments.  As long as the replacement gives what the original
gives, each time a scenario asks, that scenario goes on as before, to its end; so it need not be run
again.  What is no pure function cannot be asked twice; it may make a difference in each scenario
that calls it, and what is no function at all, or lasts longer than a scenario, in any.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import cast

from tools.mutants.mutant import Change, Function, Replacement
from tools.mutants.patching import Target, VoidError, find, install, load_testee, rebuilt

EVERYWHERE = "*"


def is_sure(change: type[Change]) -> bool:
    """Tell whether all that a change replaces is pure, so that a `Reach` knows where it matters."""
    try:
        return all(find(replacement.target).pure for replacement in change.patches())
    except VoidError:
        return False


class Reach:
    """Watches a run: who would have answered otherwise, and in which scenario."""

    def __init__(self, changes: Mapping[str, type[Change]], testee: Path) -> None:
        """Sort the replacements by what they replace; those without a target are left out."""
        load_testee(testee)
        self.scenario = ""
        self.differs: dict[str, set[str]] = {name: set() for name in changes}
        self._targets: dict[str, Target] = {}
        self._watchers: dict[str, list[tuple[str, Replacement]]] = defaultdict(list)
        self._inside = threading.local()
        for name, change in changes.items():
            self._sort_in(name, change.patches())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen in on every target for as long as the context lasts."""
        with ExitStack() as undo:
            for dotted, target in self._targets.items():
                spy = self._spy(self._watchers[dotted]) if target.pure else self._note(dotted)
                install(target, rebuilt(target, spy), undo)
            yield

    def _sort_in(self, name: str, replacements: Iterable[Replacement]) -> None:
        for replacement in replacements:
            try:
                target = find(replacement.target)
            except VoidError:
                continue
            if target.lasting:
                self.differs[name].add(EVERYWHERE)
                continue
            self._targets[replacement.target] = target
            self._watchers[replacement.target].append((name, replacement))

    def _note(self, dotted: str) -> Function:
        names = [name for name, _ in self._watchers[dotted]]

        def note(original: Function, *args: object, **kwargs: object) -> object:
            if not getattr(self._inside, "yes", False):
                for name in names:
                    self.differs[name].add(self.scenario)
            return original(*args, **kwargs)

        return note

    def _spy(self, watchers: list[tuple[str, Replacement]]) -> Function:
        def spy(original: Function, *args: object, **kwargs: object) -> object:
            if getattr(self._inside, "yes", False):
                return original(*args, **kwargs)  # what if: nobody's run goes this way
            try:
                result = original(*args, **kwargs)
            except Exception:
                for name, _ in watchers:  # who would not have refused makes a difference
                    self.differs[name].add(self.scenario)
                raise
            others = [
                (name, partial(replacement.function, original, *args, **kwargs))
                for name, replacement in watchers
            ]
            if isinstance(result, FunctionType):
                return self._followed(result, others)
            if isinstance(result, Iterator):  # whoever asked can only go through it
                told = list(result)
                self._compare(told, [(name, _listed(other)) for name, other in others])
                return iter(told)
            self._compare(result, others)
            return result

        return spy

    def _followed(self, result: Function, others: Sequence[tuple[str, Function]]) -> Function:
        """Compare the calls of a function that was returned, since functions are never equal."""

        def followed(*args: object, **kwargs: object) -> object:
            told = result(*args, **kwargs)
            if not getattr(self._inside, "yes", False):
                made = [(name, _called(other, *args, **kwargs)) for name, other in others]
                self._compare(told, made)
            return told

        return followed

    def _compare(self, told: object, others: Sequence[tuple[str, Function]]) -> None:
        for name, other in others:
            if self.scenario not in self.differs[name] and self._differs(told, other):
                self.differs[name].add(self.scenario)

    def _differs(self, told: object, other: Function) -> bool:
        self._inside.yes = True
        try:
            return other() != told
        except Exception:  # noqa: BLE001 (whatever it raises, it is not what the original did)
            return True
        finally:
            self._inside.yes = False


def _listed(other: Function) -> Function:
    return lambda: [*cast("Iterable[object]", other())]


def _called(other: Function, *args: object, **kwargs: object) -> Function:
    return lambda: cast("Function", other())(*args, **kwargs)
