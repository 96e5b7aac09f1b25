"""A pool in one line, for a debugger or a log."""

from credpool.model.state import PoolState
from credpool.model.terms import FOREVER
from credpool.model.text import duration, visible
from credpool.rules.select import available


def summary(state: PoolState, *, now: float) -> str:
    """Return how many entries are available, and when the next one comes back."""
    ready, whole = len(available(state, now=now, model=None)), len(state.entries)
    back = [c.until for e in state.entries if (c := e.blocked(now)) and c.until != FOREVER]
    told = f"{ready} of {whole} available"
    if back:
        told += f", next back in {duration(min(back) - now)}"
    return f"<Pool {visible(state.key)}: {told}>"
