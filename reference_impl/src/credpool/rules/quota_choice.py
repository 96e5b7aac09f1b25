"""The entries that `quota_aware` finds equally good, by what is left of them (spec: quotas)."""

import math
from collections.abc import Sequence

from credpool.model.entry import Entry
from credpool.model.state import PoolState
from credpool.providers.quota import deadline, has_lapsed, remaining


def equally_good(state: PoolState, candidates: Sequence[Entry], now: float) -> Sequence[Entry]:
    """Return the candidates that `quota_aware` finds equally good; the request count decides.

    Of those that have enough and reset first it keeps the one chosen last, or takes the one with most
    left; else whoever is unknown; else whoever has most left of too little.
    """
    first = resets_first(state, candidates, now)
    kept = [e for e in first if e.id == state.last]
    if kept:  # spec: select.quota-aware.keep+3
        return kept
    left = {e.id: remaining(state.quotas.get(e.id, {}), now=now) for e in candidates}
    unknown = [e for e in candidates if left[e.id] is None]
    if unknown and not first:  # spec: select.quota-aware.most-left+4
        return unknown
    known = [(e, left[e.id] or 0.0) for e in first or candidates]
    most = max(fraction for _, fraction in known)  # spec: select.quota-aware.most-left+4
    return [e for e, fraction in known if fraction == most]


def resets_first(state: PoolState, candidates: Sequence[Entry], now: float) -> Sequence[Entry]:
    """Return the candidates that have enough and the earliest deadline."""
    known = [(e, windows) for e in candidates if (windows := state.quotas.get(e.id))]
    enough = [
        (e, deadline(windows, now=now))
        for e, windows in known
        if is_enough(state, remaining(windows, now=now))
    ]
    first = min((moment for _, moment in enough), default=math.inf)
    # spec: select.quota-aware.resets-first+1
    return [e for e, moment in enough if moment == first]


def is_new(state: PoolState, entry: Entry, now: float) -> bool:
    """Whether nobody can know what is left of the entry: never asked, or not since it was whole."""
    windows = state.quotas.get(entry.id)
    return has_lapsed(windows, now=now) if windows else entry.request_count == 0


def is_enough(state: PoolState, fraction: float | None) -> bool:
    """Whether an entry with that much of its quota left is kept."""
    return fraction is not None and fraction >= state.policy.avoid_below_fraction
