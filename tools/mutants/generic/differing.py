"""Find out in which scenarios a change makes a difference at all: the function answers otherwise.

What decides is a pure function of its arguments. So a run of the reference as it is shows each call
to each changed function, too: where all answers are alike, no check can be red. It is a short cut
and nothing more: of a function that may keep or change something nothing is known, and every
scenario that comes to its line is run.
"""

import ast
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from itertools import groupby
from types import CodeType, FunctionType, MappingProxyType
from typing import Final

from credpool.model.secret import Secret
from credpool.model.state import Entries
from tools.mutants.generic.alterations import Alteration, altered
from tools.mutants.generic.alterations import functions as functions_of
from tools.mutants.generic.trial import functions_there

ENOUGH: Final = 40
"""In so many scenarios a change is looked at; if all of them miss it, the others are run, too."""

_HOOK: Final = "__answers_"
_ONCE: Final = Entries.once.__name__
_FIXED: Final = (bool, int, float, str, bytes, tuple, frozenset, type(None), type, Enum, re.Pattern)
_COPIED: Final = (dict, list, set)
_HANDED: Final = (Iterator, FunctionType, MappingProxyType, Secret)

Arguments = tuple[Sequence[object], Mapping[str, object]]


class Differing:
    """Watches the calls of a run, and gives each to the changed functions, too."""

    def __init__(self, made: Sequence[Alteration]) -> None:
        self.scenario = ""
        self.found: defaultdict[str, set[str]] = defaultdict(set)
        self.unknown: set[str] = set()
        self._made = made
        self._within = threading.local()

    def begins(self, scenario: str) -> None:
        """Take note of the scenario that comes now."""
        self.scenario = scenario

    def watch(self) -> None:
        """Watch each function that is changed, in this process and until it ends."""
        there = functions_there()
        stored = {wrapper.__wrapped__ for wrapper in there.stored}
        for place, group in groupby(self._made, lambda a: (str(a.path), a.function)):
            changes, functions = [*group], there.by_place.get(place, ())
            if (
                len(functions) == 1
                and functions[0] not in stored
                and _is_plain(functions[0], changes)
            ):
                self._watch(functions[0], changes)
            else:
                self.unknown.update(a.name for a in changes)

    def _watch(self, function: FunctionType, changes: Sequence[Alteration]) -> None:
        original = _with(function, function.__code__)
        others = {a.name: _with(function, altered(a)) for a in changes}
        hook = _HOOK + changes[0].function.replace(".", "_")
        function.__globals__[hook] = partial(self._called, original, others)
        space: dict[str, FunctionType] = {}
        exec(f"def watched(*args, **named): return {hook}(args, named)", space)  # noqa: S102
        function.__defaults__ = function.__kwdefaults__ = None
        function.__code__ = space["watched"].__code__

    def _called(
        self,
        original: FunctionType,
        others: Mapping[str, FunctionType],
        args: tuple[object, ...],
        named: dict[str, object],
    ) -> object:
        wanted = [] if getattr(self._within, "a_change", False) else self._wanted(others)
        if wanted and not all(map(_is_harmless, (*args, *named.values()))):
            self.unknown.update(others)
            wanted = []
        if not wanted:
            return original(*args, **named)
        known = _read_up((args, named))
        self._within.a_change = True  # what is called from here on is not watched
        right = _Answer(original, known)
        for name in wanted:
            if not right.is_like(_Answer(others[name], known)):
                self.found[name].add(self.scenario)
        self._within.a_change = False
        last, words = _handed(known, copy_=False)
        return original(*last, **words)

    def _wanted(self, others: Mapping[str, FunctionType]) -> list[str]:
        return [
            name
            for name in others
            if name not in self.unknown
            and self.scenario not in self.found[name]
            and len(self.found[name]) < ENOUGH
        ]


class _Answer:
    """The answer of a function to a call, and the arguments as it has left them."""

    def __init__(self, function: FunctionType, known: Arguments) -> None:
        args, named = _handed(known, copy_=True)
        self._given = (*args, *named.values())
        self._raised = False
        try:
            answer = function(*args, **named)
            self._answer = [*answer] if isinstance(answer, Iterator) else answer
        except Exception as error:  # noqa: BLE001  it is an answer like any other
            self._raised, self._answer = True, (type(error), error.args)

    def is_like(self, other: "_Answer") -> bool:
        """Whether nobody could tell the two apart."""
        return _is_same(self.told(), other.told()) and self.whose() == other.whose()

    def told(self) -> Sequence[object]:
        """Return what came of the call: the answer, and arguments that may have been changed."""
        return [self._raised, self._answer, _changeable(self._given)]

    def whose(self) -> list[list[int]]:
        """Tell which parts of the answer are arguments themselves, and not their like."""
        parts = (self._answer, *_parts(self._answer))
        return [[n for n, given in enumerate(self._given) if given is part] for part in parts]


def _is_same(one: object, other: object) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple) or is_dataclass(one):
        ours, theirs = _parts(one), _parts(other)
        return len(ours) == len(theirs) and all(map(_is_same, ours, theirs))
    if isinstance(one, dict | MappingProxyType) and isinstance(other, dict | MappingProxyType):
        return _is_same([*one.items()], [*other.items()])  # in order: it is written so
    return bool(one == other)


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in fields(value)]
    return ()


def _is_harmless(value: object) -> bool:
    """Whether a call with it can be made many times."""
    if isinstance(value, tuple) and hasattr(value, "__dict__"):
        return False  # it may keep what it has worked out
    if isinstance(value, (*_FIXED, *_COPIED, *_HANDED)):
        return True
    told = getattr(value, "__dataclass_params__", None)
    return told is not None and bool(told.frozen)


class _ReadUp(list[object]):
    """The items of an iterator: each call has an iterator of its own."""


def _read_up(call: Arguments) -> Arguments:
    args, named = call
    return [_read(v) for v in args], {name: _read(v) for name, v in named.items()}


def _read(value: object) -> object:
    return _ReadUp(value) if isinstance(value, Iterator) else value


def _handed(known: Arguments, *, copy_: bool) -> Arguments:
    def hand(value: object) -> object:
        if isinstance(value, _ReadUp):
            return iter(value)
        return copy(value) if copy_ and isinstance(value, _COPIED) else value

    args, named = known
    return [hand(v) for v in args], {name: hand(v) for name, v in named.items()}


def _changeable(given: Sequence[object]) -> list[object]:
    return [value for value in given if isinstance(value, _COPIED)]


def _is_plain(function: FunctionType, changes: Sequence[Alteration]) -> bool:
    """Whether it ends, and answers by its arguments alone: `super()` needs the class, `once` remembers."""
    code = function.__code__
    return not code.co_freevars and _ONCE not in code.co_names and not _may_be_endless(changes[0])


def _may_be_endless(alteration: Alteration) -> bool:
    tree = ast.parse(alteration.path.read_text(encoding="utf-8"))
    nodes = ast.walk(dict(functions_of(tree.body))[alteration.function])
    return any(
        isinstance(n, ast.While) or (isinstance(n, ast.Name) and n.id == "count") for n in nodes
    )


def _with(function: FunctionType, code: CodeType) -> FunctionType:
    other = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    other.__kwdefaults__ = function.__kwdefaults__
    return other
