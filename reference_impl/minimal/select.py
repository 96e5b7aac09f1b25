"""The choice of the next entry (spec/selection.md).

A pool makes one selection when a call begins, and one at each rotation. The candidates are the
entries that the call has not tried, and a strategy chooses one of them. A pool is opened here, too:
that is when its order is made, and when a strategy that nobody has is refused.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from minimal.pool import Entry, Policy, Pool, Secret
from minimal.rules import credential, registry

BLANKS = " \t\r\n"


def untried(pool: Pool, tried: Container[Secret], now: float) -> list[Entry]:
    """Return the entries that are available, and whose secrets have not been tried."""
    # spec: select.available+2, select.per-call+2, recover.progress+3
    return [e for e in pool.entries if pool.is_available(e, now) and e.secret not in tried]


def select(
    pool: Pool, tried: Container[Secret], *, now: float, draw: Callable[[], float]
) -> tuple[Pool, Entry | None]:
    """Choose an untried entry, if there is one; what is drawn is at least 0 and below 1."""
    candidates = untried(pool, tried, now)
    if not candidates:
        return pool, None
    chosen = STRATEGIES[pool.strategy](candidates, pool, draw)
    return replace(pool, latest=chosen.id), chosen


def turn(pool: Pool, entry: Entry) -> int:
    """Return how many entries stand between the latest selection's and this one."""
    ids = [each.id for each in pool.entries]
    latest = ids.index(pool.latest) if pool.latest in ids else -1
    return (ids.index(entry.id) - latest - 1) % len(ids)


# spec: select.fill-first+2, select.round-robin+3, select.least-used+2, select.random+2
# spec: select.strategies+1 (none is left out)
STRATEGIES: Mapping[str, Callable[[Sequence[Entry], Pool, Callable[[], float]], Entry]] = {
    "fill_first": lambda entries, _, __: entries[0],
    "round_robin": lambda entries, pool, _: min(entries, key=lambda e: turn(pool, e)),
    "least_used": lambda entries, pool, _: min(entries, key=lambda e: pool.known(e.secret).count),
    "random": lambda entries, _, draw: entries[int(draw() * len(entries))],
}


def open_pool(
    provider: str,
    entries: Iterable[Entry],
    *,
    strategy: str = "fill_first",  # spec: select.default+1
    policy: Policy | None = None,
) -> Pool:
    """Make a pool; an entry without a base URL has its provider's.

    Raises:
        ValueError: there is no such strategy.
    """
    if strategy not in STRATEGIES:  # spec: select.unknown-strategy+2
        raise ValueError(f"there is no strategy {strategy!r}; choose among {', '.join(STRATEGIES)}")
    placed = []
    for entry in sorted(entries, key=lambda entry: entry.priority):  # spec: select.order+2
        usual = credential(provider, entry.auth_type).get("base_url")
        url = entry.base_url or usual or registry()[provider]["base_url"] or ""
        secret = Secret(entry.secret.text.strip(BLANKS))  # spec: pool.blanks+2
        placed.append(replace(entry, secret=secret, base_url=url.strip(BLANKS).rstrip("/")))
    return Pool(provider, tuple(placed), strategy, policy or Policy())
