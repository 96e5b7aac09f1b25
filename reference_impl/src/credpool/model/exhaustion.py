"""Why nothing in a pool is available, and until when (spec: exhaustion)."""

from dataclasses import dataclass
from typing import Final

from credpool.model.terms import EntryId, FailureClass

EXHAUSTION: Final = "credpool.exhaustion"
"""The key of a delivered reply's `extensions` under which the pool's `Exhaustion` is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """One entry's part in an exhaustion."""

    id: EntryId
    failure: FailureClass | None
    until: float
    forbidden: bool = False
    """Whether the policy on payers leaves it out, failure or not."""
    why: str | None = None
    """Why nothing can be sent with it, whatever replies have said of it."""
    available: bool = False
    """Whether the next call may use it: it has only failed for the present one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """Why each entry is out, and when the first returns (None: none will by itself)."""

    returns_at: float | None
    entries: tuple[Out, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no entry is available: an exhausted pool, and not one call that has tried all."""
        return not any(out.available for out in self.entries)
