"""Forks a process that has a pool on a file, and prints what each of the two did.

python fork.py FILE
"""

import json
import os
import sys
from itertools import count

import httpx2

from credpool import Pool
from credpool._calls import call
from credpool._calls.call import ActiveCall
from credpool.httpx2 import PoolAuth
from credpool.pool import engine_of
from credpool.stores import JsonFileStore


def claim(pool):
    """Ask for the right to refresh the first entry, and return what the pool says."""
    active = ActiveCall(engine_of(pool), lambda: None)
    return type(active.claim(active.start().entry)).__name__


def main(path):
    """Use the pool, fork, and let both ask for a refresh and write their counts."""
    pool = Pool(JsonFileStore(path, "openai"))
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200))
    with httpx2.Client(auth=PoolAuth(pool), transport=transport) as client:
        for _ in range(3):
            client.post("https://api.openai.com/v1/responses", json={})
    call._SERIAL = count()  # noqa: SLF001  both will count from here: their names must differ all the same
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, claim(pool).encode())
        pool.flush()
        os._exit(0)
    os.waitpid(child, 0)
    told = {"child": os.read(reading, 100).decode(), "parent": claim(pool)}
    pool.flush()
    print(json.dumps(told | {"count": pool.state.entries[0].request_count}))


if __name__ == "__main__":
    main(*sys.argv[1:])
