"""News of changes: heard from the server, and asked for where nothing was heard for a while.

A notice has what would be asked for, so nobody asks because of one.

One thread listens; whoever looks for news reads a number in memory, and waits for nobody.
"""

import time
from collections.abc import Callable
from threading import Event, Thread
from weakref import ref

import redis

from credpool.model.errors import StoreError
from credpool.stores.redis.server import Away, Server


class News:
    """The number of times that something was, or may have been, written. Made by each process."""

    def __init__(self, server: Server, poll: float) -> None:
        self.heard = 0
        self.reached_at = time.monotonic()
        self._seen: bytes | None = None
        self._over = Event()
        self._server, self._poll = server, poll
        self._thread: Thread | None = None

    def listen(self) -> None:
        """Listen from now on, if nobody does."""
        if self._thread is None:
            arguments = (ref(self), self._server, self._poll, self._over)
            self._thread = Thread(target=_listen, args=arguments, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Listen no more."""
        self._over.set()

    def reached(self) -> None:
        """Note that the server has answered."""
        self.reached_at = time.monotonic()

    def look(self) -> None:
        """Ask for the latest number.

        Raises:
            Away: nobody answers.
        """
        self.take(self._server.number())

    def take(self, found: bytes) -> None:
        """Note the latest number, as the server has told it."""
        self.reached()
        if found != self._seen:
            self._seen = found
            self.heard += 1


def _listen(me: Callable[[], News | None], server: Server, poll: float, over: Event) -> None:
    """Listen until nobody has the news any more; a server that is away is tried again."""
    while not over.is_set():
        try:
            told = server.client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            with told:
                told.subscribe(server.keys[0])
                while not over.is_set():
                    notice = told.get_message(timeout=poll)  # None at first: it is subscribed
                    news = me()
                    if news is None:
                        return
                    if notice is None:
                        news.look()
                    else:
                        news.take(notice["data"])
                    del news
        except (Away, redis.RedisError, OSError):
            over.wait(poll)
        except StoreError:  # the next reading tells
            over.wait(poll)
        if me() is None:
            return
