"""How far stored moments are believed (spec: storage, "Moments that are too late").

Whoever wrote a moment may have had a wrong clock, and so may this machine.
So a moment counts for no more than a writer could have set at the time of reading, and what is
stored stays as it is: it may be right, and this clock wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from credpool.model.entry import Claim, Cooldown, Entry
from credpool.model.policy import Policy
from credpool.model.recovery import RECOVERY
from credpool.model.state import PoolState
from credpool.model.terms import FOREVER, EntryId

LONGEST_DEFAULT: Final = max(
    row.cooldown for row in RECOVERY.values() if row.cooldown is not None and row.cooldown < FOREVER
)
"""The longest cooldown that ends and that nobody has set, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A pool as far as it is believed, read at the moment `at`."""

    state: PoolState
    at: float
    stored: Mapping[EntryId, Entry]
    """The entries that are not believed in every moment, as they are stored."""
    believed: Mapping[EntryId, Entry]
    """The same entries as they are in `state`."""

    def as_stored(self, changed: PoolState) -> PoolState:
        """Return a changed pool with the stored moments wherever nobody has changed them."""
        # spec: store.moments.kept+1
        there = ((name, changed.find(name)) for name in self.stored)
        back = {
            name: _exchanged(entry, self.believed[name], self.stored[name])
            for name, entry in there
            if entry is not None
        }
        return changed.change(back)


def read(state: PoolState, *, now: float, before: Reading | None = None) -> Reading:
    """Return what is believed of a stored pool.

    A moment that was read before counts from that first reading, unless the clock has gone back.
    """
    known = before if before is not None and before.at <= now else None
    stored: dict[EntryId, Entry] = {}
    believed: dict[EntryId, Entry] = {}
    for entry in state.listed.at(sorted(state.listed.touched)):
        taken = entry
        if known is not None and entry.id in known.stored:
            taken = _exchanged(entry, known.stored[entry.id], known.believed[entry.id])
        taken = _bounded(taken, state.policy, now)
        if taken is not entry and taken != entry:
            stored[entry.id], believed[entry.id] = entry, taken
    return Reading(state=state.change(believed), at=now, stored=stored, believed=believed)


# A further field that holds a moment belongs into both of these.


def _bounded(entry: Entry, policy: Policy, now: float) -> Entry:
    """Return the entry with each moment as far as it is believed; itself when that is whole."""
    if entry.cooldown is None and not entry.models and not any(_moments(entry)):
        return entry
    probed_at, failed_at, claim = _moments(entry)
    bounded = replace(  # spec: store.moments.bounded+1
        entry,
        claim=claim and _claim(claim, policy, now),
        cooldown=entry.cooldown and _cooldown(entry.cooldown, policy, now),
        models={m: _cooldown(c, policy, now) for m, c in entry.models.items()},
        probed_at=None if probed_at is None else min(probed_at, now),
        refresh_failed_at=None if failed_at is None else min(failed_at, now),
    )
    return entry if bounded == entry else bounded


def _moments(entry: Entry) -> tuple[float | None, float | None, Claim | None]:
    return entry.probed_at, entry.refresh_failed_at, entry.claim


def _exchanged(entry: Entry, old: Entry, new: Entry) -> Entry:
    """Return the entry with the moments of `new` wherever it has those of `old`."""
    exchanged = replace(
        entry,
        claim=new.claim if entry.claim == old.claim else entry.claim,
        cooldown=new.cooldown if entry.cooldown == old.cooldown else entry.cooldown,
        models={m: new.models[m] if c == old.models.get(m) else c for m, c in entry.models.items()},
        probed_at=new.probed_at if entry.probed_at == old.probed_at else entry.probed_at,
        refresh_failed_at=(
            new.refresh_failed_at
            if entry.refresh_failed_at == old.refresh_failed_at
            else entry.refresh_failed_at
        ),
    )
    return new if exchanged == new else exchanged


def _claim(claim: Claim, policy: Policy, now: float) -> Claim:
    latest = now + policy.claim_ttl
    if claim.until <= latest:
        return claim
    return replace(claim, until=latest, doubtful=True)


def _cooldown(cooldown: Cooldown, policy: Policy, now: float) -> Cooldown:
    """Return the cooldown as it may have been started by now; one in the future starts now."""
    since = min(cooldown.since, now)
    until, longest = cooldown.until, _longest(policy)
    if cooldown.since > now:
        until = min(until, now + min(until - cooldown.since, longest))
    else:
        until = min(until, (since or now) + longest)  # some programs do not say since when
    if cooldown.until == FOREVER:
        until = FOREVER  # nobody's clock has a part in a death
    return replace(cooldown, since=since, until=until)


def _longest(policy: Policy) -> float:
    """Return how long a cooldown lasts at most, hinted or not."""
    set_by_hand = (policy.sole_cooldown, *policy.cooldowns.values())
    return max(policy.max_cooldown, LONGEST_DEFAULT, *set_by_hand)
