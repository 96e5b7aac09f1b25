"""The listeners of a pool (spec: events)."""

from collections.abc import Callable, Iterable

from credpool import events
from credpool._engine.stored_pool import StoredPool
from credpool.events.changes import is_quiet
from credpool.events.log import log
from credpool.model.messages import Action, Message

Listener = Callable[[events.Event], None]
"""The listeners of one pool."""


class Listeners:
    """The log, and those who are told besides."""

    def __init__(self, stored: StoredPool) -> None:
        self._stored = stored
        self._all: tuple[Listener, ...] = ()

    def add(self, listener: Listener) -> None:
        """Tell one more from now on."""
        self._all = (*self._all, listener)

    def tell(
        self,
        found: Iterable[events.Event],
        now: float,
        message: Message | None = None,
        action: Action | None = None,
    ) -> None:
        """Tell everybody, in this thread; the log also hears what led to it, and what comes next."""
        news = [event for event in found if self._is_news(event, now)]
        log(news, self._stored.view.state, now=now, message=message, action=action)
        for event in news:
            for listener in self._all:
                listener(event)

    def _is_news(self, event: events.Event, now: float) -> bool:
        if not isinstance(event, events.PayerChanged):
            return True
        own = self._stored.own
        with own.mutex:
            if is_quiet(event, own.payers_told, now):
                return False
            own.payers_told[event.source_payer, event.target_payer] = now
            return True
