"""One pool's keys on a server: what is asked of it, and what becomes of its errors.

Addresses hold passwords, so an error names the host and the pool alone.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from credpool._process.forks import PerProcess
from credpool.model.errors import StoreUnreadable
from credpool.stores.redis.scripts import READ, WRITE

PARTS = ("pool", "rows", "counts", "changed", "tokens", "counted")


class Away(Exception):
    """The server cannot be reached, or does not answer in time."""


class Refused(Exception):
    """The server has answered, and will not write."""


class Server:
    """A pool's keys; a process has connections of its own."""

    def __init__(self, url: str, namespace: str, key: str, timeout: float) -> None:
        parts = urlsplit(url)
        self.where = f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}, {key}"
        self.keys = tuple(f"{namespace}:{{{key}}}:{part}" for part in PARTS)
        self._client = PerProcess(partial(_client, url, timeout))

    @property
    def client(self) -> "redis.Redis":
        """The process's client."""
        return self._client.value

    def number(self) -> bytes:
        """Return the number of the pool's latest change and its epoch, as a notice has them.

        Raises:
            Away: nobody answers.
            StoreUnreadable: there is something else.
        """
        with self._asked():
            found = self.client.hmget(self.keys[0], ["number", "epoch"])
        return b" ".join(part if isinstance(part, bytes) else b"" for part in found)

    def read(self, since: int, epoch: str) -> Sequence[object]:
        """Return what has changed since a number; raises what `number` raises."""
        with self._asked():
            found = self.client.eval_ro(READ, len(self.keys), *self.keys, str(since), epoch)
        assert isinstance(found, list), "the script returns one"
        return found

    def write(self, change: str) -> bool:
        """Make a change, once however often it is sent; return whether it fitted.

        Raises:
            Away: nobody answers; it may have been made.
            Refused: the server does not write.
            StoreUnreadable: there is something else.
        """
        for last in (False, True):
            try:
                with self._asked():
                    made = self.client.eval(WRITE, len(self.keys), *self.keys, change)
                    return bool(made == 1)
            except Away:
                if last:
                    raise
        raise AssertionError("the second time ends it")

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except redis.AuthenticationError:
            raise StoreUnreadable(
                self.where, "refuses this account", "correct its password"
            ) from None
        except (redis.ConnectionError, redis.TimeoutError, OSError):
            raise Away from None
        except redis.ResponseError as err:
            code = str(err).partition(" ")[0]
            if code in {"NOREPLICAS", "READONLY", "OOM", "MISCONF", "NOPERM"}:
                raise Refused(code) from None
            if code in {"LOADING", "BUSY", "CLUSTERDOWN", "MASTERDOWN"}:
                raise Away from None
            what = "holds something else under the keys of this pool"
            raise StoreUnreadable(self.where, what, "name another namespace") from None


def _client(url: str, timeout: float) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        decode_responses=False,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        client_name=f"credpool-{os.getpid()}",
    )
