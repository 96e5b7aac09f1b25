"""Mutants and controls: named classes that replace something at a seam of the reference.

    class RotatesAtOnce(Mutant):
        '''Rotates on the first 429, without a retry.'''

        violates = "recover.rate-limited.retry-once+3"
        kills = ("sole-entry-is-retried-too",)
        because = "retry"

        @replaces("credpool.rules.decide._may_retry")
        def never(original, *args, **kwargs):
            return False

How the replacing is done is `patching`'s.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A function in place of what `target` names.

    It is called with the original first: for a function, at each call, with the call's arguments;
    for a class or a value, once, and returns what takes its place.
    """

    target: str
    function: Function


def replaces(target: str) -> Callable[[Function], Replacement]:
    """Mark a function in the body of a `Change` as the replacement of a dotted name."""
    return lambda function: Replacement(target, function)


class Change:
    """Something about the reference that is not as usual; the docstring says what."""

    @classmethod
    def patches(cls) -> tuple[Replacement, ...]:
        """List the replacements, the ones of base classes included."""
        found: dict[str, object] = {}
        for base in reversed(cls.__mro__):
            found |= vars(base)
        return tuple(value for value in found.values() if isinstance(value, Replacement))

    @classmethod
    def title(cls) -> str:
        """Say what it does, in a line."""
        return " ".join((cls.__doc__ or "").partition("\n\n")[0].split())


class Mutant(Change):
    """A breach of one requirement, and the checks that must notice it.

    Every check that `kills` names must fail and charge `violates` with a difference of one of the
    kinds that `because` names (specification/charges.yaml).  A check that is inconclusive kills nobody.  Other checks may fail as well, since much rests on what is violated; they are shown,
    and they must be few: a breach that turns more than a tenth of the checks red is too coarse.
    """

    violates: ClassVar[str]
    kills: ClassVar[tuple[str, ...]]
    because: ClassVar[str]


class Control(Change):
    """A variation that the specification leaves open: no check may fail."""
