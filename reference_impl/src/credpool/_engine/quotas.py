"""The quotas that replies tell, in memory: soft state, new with every reply."""

from collections.abc import Mapping, Sequence

from credpool.model.entry import Windows
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.providers.quota import deadline, joined, remaining
from credpool.rules.quota_choice import is_enough


class Telemetry:
    """The quota windows of a pool's entries."""

    def __init__(self) -> None:
        self._windows: dict[EntryId, Windows] = {}

    @property
    def windows(self) -> Mapping[EntryId, Windows]:
        """The quotas known now; later replies do not change the returned value."""
        return dict(self._windows)

    def take(
        self,
        state: PoolState,
        holders: Sequence[EntryId],
        told: Windows,
        *,
        now: float,
    ) -> bool:
        """Note what a reply tells of the entries that hold the secret which was sent.

        Return whether that can change whom the strategy chooses.
        """
        changed = [self._note(state, holder, told, now) for holder in holders]
        return any(changed)

    def forget(self, entry: EntryId) -> None:
        """Forget the quota of an entry that has another secret now."""
        self._windows.pop(entry, None)

    def _note(self, state: PoolState, entry: EntryId, told: Windows, now: float) -> bool:
        known = self._windows.get(entry, {})
        self._windows[entry] = joined(known, told)
        # An entry that had enough until the same hour, and still has, is kept or not the one in use.
        was, is_ = (remaining(w, now=now) for w in (known, self._windows[entry]))
        same = deadline(known, now=now) == deadline(self._windows[entry], now=now)
        return not (same and is_enough(state, was) and is_enough(state, is_))
