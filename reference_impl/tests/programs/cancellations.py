"""Cancel calls at random moments of a refresh, and say what has become of the logins.

    cancellations.py tasks|threads|processes [how many, 1000] [folder] [seed]

The token endpoint rotates: each refresh token buys one pair of tokens. Presented twice, it costs
the login, as at a provider with reuse detection. Every call needs a refresh, and ends by itself or
is cancelled after a few milliseconds. Afterwards one call in peace must be answered.
"""

import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import httpx2

from credpool import AuthType, Entry, Pool, PoolExhausted, Secret
from credpool.httpx2 import PoolAuth
from credpool.model.terms import EntryId
from credpool.stores import JsonFileStore
from credpool.testing.messages import FakeReply
from credpool.testing.server import Server

LATEST = 0.12
"""Within how many seconds a call is cancelled; a token endpoint takes up to a third of that."""

WORKERS = 4


class Rotating:
    """A provider with a token endpoint, and one login."""

    def __init__(self):
        self.lock, self.serial, self.posts, self.twice = threading.Lock(), 0, 0, 0
        self.dice, self.dead, self.calls = random.Random(1), False, 0  # noqa: S311  no secret

    def answer(self, request):
        """Answer a refresh after a while, and a call at once."""
        if request.path != "token":
            self.calls += 1
            return FakeReply.json({"ok": True})
        with self.lock:
            self.posts += 1
            if self.dead or request.secret != f"grant-{self.serial}":
                self.twice, self.dead = self.twice + 1, True
                return FakeReply.json({"error": "invalid_grant"}, status=400)
            self.serial += 1
            serial, delay = self.serial, self.dice.uniform(0, LATEST / 3)
        time.sleep(delay)
        tokens = {"access_token": f"token-{serial}", "refresh_token": f"grant-{serial}"}
        return FakeReply.json({**tokens, "expires_in": 20})  # it is refreshed at each call


def login(url):
    """Return a login that is to be refreshed."""
    return Entry(
        id=EntryId("a"),
        auth_type=AuthType.OAUTH,
        secret=Secret("token-0"),
        refresh_token=Secret("grant-0"),
        expires_at=1.0,
        base_url=f"{url}/v1",
        token_url=f"{url}/token",
    )


async def cancelled(pool, url, times, seed):
    """Cancel that many calls, and make more between them; return how many were cancelled."""
    dice, count = random.Random(seed), 0  # noqa: S311  as above
    async with httpx2.AsyncClient(auth=PoolAuth(pool)) as client:
        while count < times:
            try:
                async with asyncio.timeout(dice.uniform(0, LATEST)):
                    await client.post(f"{url}/v1/x", json={})
            except TimeoutError:
                count += 1
            except PoolExhausted:
                break  # the login is lost
    return count


def tasks(path, url, times, seed=0):
    """Cancel in one event loop."""
    pool = Pool(JsonFileStore(path, "generic"))
    return asyncio.run(cancelled(pool, url, times, seed))


def threads(path, url, times):
    """Cancel in the event loops of several threads, on one pool."""
    pool, counts = Pool(JsonFileStore(path, "generic")), []

    def work(seed):
        counts.append(asyncio.run(cancelled(pool, url, times // WORKERS, seed)))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts)


def processes(path, url, times):
    """Cancel in several processes, on one file."""
    workers = get_context("spawn").Pool(WORKERS)
    jobs = [(path, url, times // WORKERS, n) for n in range(WORKERS)]
    count = sum(workers.starmap(tasks, jobs))
    workers.close()  # they end when their refreshes have; `terminate` would kill them
    workers.join()
    return count


def main(how, times="1000", folder=None):
    """Cancel, and print what has become of the login."""
    path = Path(folder or tempfile.mkdtemp(), "auth.json")
    provider = Rotating()
    server = Server(provider.answer)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    JsonFileStore(path, "generic").update(lambda s: replace(s, entries=(login(url),)))
    try:
        count = {"tasks": tasks, "threads": threads, "processes": processes}[how](
            path, url, int(times)
        )
        with httpx2.Client(auth=PoolAuth(Pool(JsonFileStore(path, "generic")))) as client:
            last = client.post(f"{url}/v1/x", json={}).status_code
    finally:
        server.stop()
    told = {"cancelled": count, "posts": provider.posts, "twice": provider.twice}
    print(json.dumps({**told, "dead": int(provider.dead), "calls": provider.calls, "last": last}))


if __name__ == "__main__":
    main(*sys.argv[1:])
