"""Replace what a dotted name stands for, wherever the reference refers to it, and put it back.

A name that no longer exists is void: the change was not made, so nothing was proven by it.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Final

from tools.mutants.mutant import Function, Replacement

LIBRARY: Final = "credpool"
TESTEE: Final = "testee_reference"
_PURE: Final = (
    *("model", "providers", "rules", "entries", "stores.auth_json", "config.pools", "seed.found"),
    *(
        "events.changes",
        "events.report",
        "login.app",
        "login.device",
        "login.entries",
        "login.pkce",
    ),
)
_RULES: Final = tuple(f"{LIBRARY}.{name}" for name in _PURE)
_SIMPLE: Final = (int, float, str, bytes, type(None))


class VoidError(Exception):
    """A change that could not be made."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place to replace something at: a module or a class, an attribute, and what is there."""

    owner: object
    name: str
    original: object

    @property
    def called(self) -> bool:
        """Tell whether it runs whenever it is used, so that its uses can be watched."""
        is_member = isinstance(
            self.original, property | cached_property | staticmethod | classmethod
        )
        is_class = isinstance(self.original, type)
        return is_member or (callable(self.original) and not is_class)

    @property
    def pure(self) -> bool:
        """Tell whether calling it once more changes nothing: the rules, and the values they take."""
        is_module = isinstance(self.owner, ModuleType)
        frozen = bool(getattr(getattr(self.owner, "__dataclass_params__", None), "frozen", False))
        return not self.lasting and self._home.startswith(_RULES) and (is_module or frozen)

    @property
    def lasting(self) -> bool:
        """Tell whether a use is no matter of the scenario alone that it happens in.

        The registry is read once and kept, and so is the testee made once.
        """
        is_kept = self._home == f"{LIBRARY}.providers.registry"
        return not self.called or is_kept or self.name == "__init__"

    @property
    def _home(self) -> str:
        if isinstance(self.owner, ModuleType):
            return self.owner.__name__
        return str(getattr(self.owner, "__module__", ""))


def find(dotted: str) -> Target:
    """Find what a dotted name stands for.

    Raises: VoidError when there is no such thing.
    """
    path, _, name = dotted.rpartition(".")
    owner = _owner(path)
    if owner is None or name not in vars(owner):
        raise VoidError(f"{dotted}: there is no such name in the reference")
    found = Target(owner, name, vars(owner)[name])
    home = getattr(found.original, "__module__", None)
    if isinstance(owner, ModuleType) and isinstance(home, str) and home != owner.__name__:
        raise VoidError(f"{dotted}: name it where it is defined, in {home}")
    return found


def fitting(replacement: Replacement) -> Target:
    """Find the target of a replacement, which must take whatever the original takes.

    Raises: VoidError when there is none, or the replacement would fail where the original does not.
    """
    target = find(replacement.target)
    inner = target.original
    for name in ("fget", "func", "__func__"):
        inner = getattr(inner, name, inner)
    if target.called and callable(inner):
        given = signature(inner).parameters.values()
        placed = [
            one for one in given if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ]
        named = {one.name: one for one in given if one.kind is one.KEYWORD_ONLY}
        try:
            signature(replacement.function).bind(inner, *placed, **named)
        except TypeError as error:
            raise VoidError(f"{replacement.target}: does not fit the original: {error}") from None
    return target


@contextmanager
def patched(
    replacements: Iterable[Replacement], *, noticed: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Make the replacements for as long as the context lasts; `noticed` is told of each use.

    Raises: VoidError when one of them has no target, or does not fit it.
    """
    with ExitStack() as undo:
        for replacement in replacements:
            target = fitting(replacement)
            if not target.called:
                noticed(replacement.target)
                install(target, replacement.function(target.original), undo)
                continue
            install(target, rebuilt(target, _told(replacement, noticed)), undo)
        yield


def rebuilt(target: Target, function: Function) -> object:
    """Make something of the original's kind that calls `function(original, …)`."""
    match target.original:
        case property(fget=getter) if getter is not None:
            return property(_bound(getter, function))
        case cached_property(func=getter):
            made: cached_property[object] = cached_property(_bound(getter, function))
            if isinstance(target.owner, type):
                made.__set_name__(target.owner, target.name)
            return made
        case staticmethod(__func__=inner):
            return staticmethod(_bound(inner, function))
        case classmethod(__func__=inner):
            return classmethod(_bound(inner, function))
        case original if callable(original):
            return _bound(original, function)
        case _:
            raise VoidError(f"{target.name}: nothing that is called")


def install(target: Target, value: object, undo: ExitStack) -> None:
    """Put `value` in the target's place, and in every module that has imported it by name."""
    places = [(target.owner, target.name)]
    if isinstance(target.owner, ModuleType) and not isinstance(target.original, _SIMPLE):
        places += [
            (module, name)
            for module in _modules()
            for name, found in list(vars(module).items())
            if found is target.original
        ]
    for owner, name in dict.fromkeys(places):
        undo.callback(setattr, owner, name, target.original)
        setattr(owner, name, value)


def load_testee(path: Path) -> None:
    """Give the adapter a name by which a change can reach it."""
    if TESTEE in sys.modules:
        return
    spec = spec_from_file_location(TESTEE, path)
    if spec is None or spec.loader is None:
        raise VoidError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[TESTEE] = module
    spec.loader.exec_module(module)


def _owner(path: str) -> object:
    """Find a module, or a class in one."""
    if not path:
        return None
    above, _, name = path.rpartition(".")
    return _module(path) or getattr(_owner(above), name, None)


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _modules() -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name == TESTEE or name.partition(".")[0] == LIBRARY
    ]


def _bound(original: Function, function: Function) -> Function:
    def replacement(*args: object, **kwargs: object) -> object:
        return function(original, *args, **kwargs)

    return replacement


def _told(replacement: Replacement, noticed: Callable[[str], None]) -> Function:
    def function(*args: object, **kwargs: object) -> object:
        noticed(replacement.target)
        return replacement.function(*args, **kwargs)

    return function
