"""The pool that is measured, and its changes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from credpool.model.entry import Cooldown, Entry
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass

KEY: Final = "openai"
COUNTED: Final = 1000
_MESSAGE: Final = "Rate limit reached for requests"

Change = Callable[[PoolState], PoolState]


def entry(n: int) -> Entry:
    """Return a key that each host has in its environment, as most shared pools have them."""
    secret = Secret(f"sk-made-up-{n:04}")
    return Entry(
        id=EntryId(f"{n:012x}"),
        label=f"key-{n:04}",
        secret=secret,
        reference=f"env:OPENAI_API_KEY_{n:04}",
        borrowed=True,
    )


def counted(places: Sequence[int]) -> Change:
    """Return the change that adds the requests of a process, spread over some entries."""

    def change(state: PoolState) -> PoolState:
        each = max(COUNTED // len(places), 1)
        found = (state.entries[n] for n in places)
        return state.change({e.id: replace(e, request_count=e.request_count + each) for e in found})

    return change


def cooled(places: Sequence[int], nth: int) -> Change:
    """Return the change that lets some entries cool down."""

    def change(state: PoolState) -> PoolState:
        since = 1_800_000_000.123 + nth
        cooldown = Cooldown(
            failure=FailureClass.RATE_LIMITED,
            since=since,
            until=since + 3600,
            code=429,
            reason="rate_limit_error",
            message=_MESSAGE,
        )
        return state.change(
            {e.id: replace(e, cooldown=cooldown) for e in (state.entries[n] for n in places)}
        )

    return change
