"""open-keypool as a subject: `KeyPool` with its defaults, around httpx as its quick start shows."""

from functools import partial

import httpx
from open_keypool import KeyPool
from talk import BODY, at_once, key, parse_row, serve, timed_bursts


def select(entries, strategy="fill_first", store="memory", path=None, payers=False):
    """Choose; beside it, parse one entry's row."""
    pool = KeyPool([*map(key, range(entries))])
    return {"pool": lambda: pool.get_key() and None, "row": parse_row()}


def request(url, path):
    """Send a request by the bare client, and through the pool."""
    client, pool = httpx.Client(), KeyPool([*map(key, range(3))])
    send = partial(post, client, f"{url}/v1/chat/completions")
    return {"bare": lambda: send(key(0)) and None, "pool": lambda: pool.call(send) and None}


def post(client, there, secret):
    return client.post(there, json=BODY, headers={"authorization": f"Bearer {secret}"})


def dead_key(url, path, threads=32):
    """Call from many threads while the first key has no money; beside it, while all is well."""
    client = httpx.Client(limits=httpx.Limits(max_connections=100), timeout=60)
    at_once(lambda: client.get(f"{url}/warm"), threads)
    send = partial(post, client, f"{url}/v1/chat/completions")

    def prepared(first):
        pool = KeyPool([first, key(1), key(2)])
        return lambda: {"errors": len(at_once(partial(call, pool, send), threads))}

    return timed_bursts(url, prepared)


def call(pool, send):
    if pool.call(send).status_code != 200:
        raise RuntimeError("refused")


if __name__ == "__main__":
    serve({task.__name__: task for task in (select, request, dead_key)})
