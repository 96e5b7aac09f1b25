"""The next entry for a healthy call, found without a walk over the pool (spec: selection)."""

from collections.abc import Callable

from credpool._engine.stored_pool import StoredPool
from credpool._engine.view import Kind, View
from credpool.model.entry import Entry
from credpool.model.policy import Strategy
from credpool.model.terms import EntryId
from credpool.rules.select import Index


class Chooser:
    """Chooses from the latest view of a pool, by indexes that are made when they are needed."""

    def __init__(self, stored: StoredPool, dice: Callable[[], float]) -> None:
        self._stored = stored
        self._dice = dice

    def index(self, model: Callable[[], str | None], now: float) -> Index:
        """Return what chooses for a model, which is asked for when it matters."""
        view = self._stored.view
        asked = model() if view.models or view.serves else None
        kind = view.kind(asked)
        found = view.indexes.get(kind)
        if found is None or found.expires <= now:
            return self._made(view, kind, asked, now)
        return found

    def _made(self, view: View, kind: Kind, model: str | None, now: float) -> Index:
        with self._stored.own.mutex:
            made = view.indexes.get(kind)
            if made is not None and made.expires > now:
                return made  # by another thread: two indexes would give each turn twice
            counts = next((i.counts for i in view.indexes.values()), None)
            made = Index(self._stored.folded(view.state), now=now, model=model, counts=counts)
            view.indexes[kind] = made
            return made

    def at_home(self, index: Index, home: EntryId) -> Entry:
        """Return the entry that a session stays with; that is no turn."""
        entry = index.by_id[home]  # spec: affinity.stay+2
        if index.by_count:
            with self._stored.own.turn:
                index.note(entry)
        return entry

    def note(self, entry: Entry) -> None:
        """Count a request for which nobody was chosen here: one that is sent again, or elsewhere."""
        index = next(iter([*self._stored.view.indexes.values()]), None)
        if index is not None and index.by_count:
            with self._stored.own.turn:
                index.note(entry)  # spec: select.least-used+2

    def next(self, index: Index) -> tuple[EntryId | None, Entry]:
        """Return who was chosen last, and the strategy's next choice."""
        stored = self._stored
        if index.in_turn:
            with stored.own.turn:
                last, entry = stored.last, index.pick(0.0, stored.last)
                stored.last = entry.id
        else:
            draws = index.state.strategy is Strategy.RANDOM
            entry = index.pick(self._dice() if draws else 0.0, None)
            last, stored.last = stored.last, entry.id
        return last, entry
