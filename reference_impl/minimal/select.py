"""Which entry a call uses next (spec/selection.md).

A pool makes one selection when a call begins, and one at each rotation. The candidates are the
untried entries, and a strategy chooses one of them. `draw` is a number from 0 to below 1, which
`random` alone looks at.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from minimal.pool import Entry, Policy, Pool, Secret
from minimal.rules import Provider


def untried(pool: Pool, tried: Container[Secret], now: float) -> list[Entry]:
    """Return the available entries whose secrets this call has not tried, in order."""
    # spec: select.per-call+2, recover.progress+3
    return [e for e in pool.entries if pool.is_available(e, now) and e.secret not in tried]


def select(
    pool: Pool, tried: Container[Secret], *, now: float, draw: float
) -> tuple[Pool, Entry | None]:
    """Choose an untried entry; None: there is none."""
    candidates = untried(pool, tried, now)
    if not candidates:
        return pool, None
    chosen = STRATEGIES[pool.strategy](candidates, pool, draw)
    return replace(pool, latest=chosen.id), chosen


def fill_first(candidates: Sequence[Entry], _pool: Pool, _draw: float) -> Entry:
    """Choose the first in order."""
    return candidates[0]  # spec: select.fill-first+2


def round_robin(candidates: Sequence[Entry], pool: Pool, _draw: float) -> Entry:
    """Choose the first after the entry that was chosen last, in order and wrapping around."""
    ids = [entry.id for entry in pool.entries]
    last = ids.index(pool.latest) if pool.latest in ids else -1
    return min(candidates, key=lambda e: (ids.index(e.id) - last - 1) % len(ids))  # spec: select.round-robin+3


def least_used(candidates: Sequence[Entry], pool: Pool, _draw: float) -> Entry:
    """Choose the lowest request count, and the first in order among equals."""
    return min(candidates, key=lambda e: pool.state(e.secret).count)  # spec: select.least-used+2


def at_random(candidates: Sequence[Entry], _pool: Pool, draw: float) -> Entry:
    """Choose each with the same probability."""
    return candidates[int(draw * len(candidates))]  # spec: select.random+2


# spec: select.strategies+1  all four are offered, for each is a line
STRATEGIES: Mapping[str, Callable[[Sequence[Entry], Pool, float], Entry]] = {
    "fill_first": fill_first,
    "round_robin": round_robin,
    "least_used": least_used,
    "random": at_random,
}


def open_pool(
    provider: Provider,
    entries: Iterable[Entry],
    *,
    strategy: str = "fill_first",  # spec: select.default+1
    policy: Policy | None = None,
) -> Pool:
    """Make a pool.

    Raises:
        ValueError: there is no such strategy.
    """
    if strategy not in STRATEGIES:  # spec: select.unknown-strategy+2
        raise ValueError(f"no strategy {strategy!r}: choose one of {', '.join(STRATEGIES)}")
    in_order = sorted(entries, key=lambda entry: entry.priority)  # spec: select.order+2
    return Pool(provider, tuple(in_order), strategy, policy or Policy())
