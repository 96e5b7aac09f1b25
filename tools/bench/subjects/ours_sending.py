"""Tasks of sending, to the bench's server."""

import asyncio
import json
import time
from dataclasses import replace
from functools import partial

import httpx2
import openai
from ours_pools import STORES, entry, filled, pool_at
from talk import BODY, at_once, key, row, timed_bursts

from credpool import Pool, Secret
from credpool.httpx2 import PoolAuth
from credpool.stores import JsonFileStore


def clients(url, path):
    return httpx2.Client(), httpx2.Client(auth=PoolAuth(pool_at(url, path)))


def request(url, path):
    """Send a request by the bare client, and through the pool."""
    bare, pooled = clients(url, path)
    there, own = f"{url}/v1/chat/completions", {"authorization": f"Bearer {key(0)}"}
    return {
        "bare": lambda: bare.post(there, json=BODY, headers=own) and None,
        "pool": lambda: pooled.post(there, json=BODY) and None,
    }


def sdks(url, path, base="/v1"):
    kinds = (
        openai.DefaultHttpxClient(),
        openai.DefaultHttpxClient(auth=PoolAuth(pool_at(url, path))),
    )
    return [
        openai.OpenAI(api_key=key(0), base_url=f"{url}{base}", http_client=kind, max_retries=0)
        for kind in kinds
    ]


def sdk(url, path):
    """Send a request by the openai SDK, and by the same through the pool."""
    bare, pooled = sdks(url, path)
    return {
        "bare": lambda: bare.chat.completions.create(**BODY) and None,
        "pool": lambda: pooled.chat.completions.create(**BODY) and None,
    }


def stream(url, path):
    """Read a stream of 300 events; its first event is timed too."""
    bare, pooled = sdks(url, path, "/v1/stream")
    return {"bare": partial(read, bare), "pool": partial(read, pooled)}


def read(client):
    begun, first = time.perf_counter_ns(), None
    for _ in client.chat.completions.create(stream=True, **BODY):
        first = first or time.perf_counter_ns() - begun
    return {"first": first}


def concurrent(url, path, calls, each):
    """Send so many requests at once, each worker some; beside it, the same by the bare client."""
    loop = asyncio.new_event_loop()
    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=1000)
    auth = PoolAuth(pool_at(url, path))
    ways = {"bare": {"headers": {"authorization": f"Bearer {key(0)}"}}, "pool": {"auth": auth}}
    there = f"{url}/v1/chat/completions"

    async def burst(client):
        async def some():
            for _ in range(each):
                await client.post(there, json=BODY)

        await asyncio.gather(*(some() for _ in range(calls)))

    made = {n: httpx2.AsyncClient(limits=limits, timeout=60, **w) for n, w in ways.items()}
    return {name: partial(_run, loop, burst, client) for name, client in made.items()}


def _run(loop, burst, client):
    loop.run_until_complete(burst(client))


def threaded(url, path, threads, each):
    """Send from that many threads; beside it, the same by the bare client."""
    bare, pooled = clients(url, path)
    there, own = f"{url}/v1/chat/completions", {"authorization": f"Bearer {key(0)}"}
    ways = {"bare": partial(bare.post, there, json=BODY, headers=own)}
    ways["pool"] = partial(pooled.post, there, json=BODY)
    return {
        name: partial(lambda send: {"errors": len(at_once(_each(send, each), threads))}, send)
        for name, send in ways.items()
    }


def _each(send, times):
    def some():
        for _ in range(times):
            if send().status_code != 200:
                raise RuntimeError("refused")

    return some


def dead_key(url, path, threads=32):
    """Call from many threads while the first key has no money; beside it, while all is well."""
    count, there = iter(range(1_000_000)), f"{url}/v1/chat/completions"
    client = httpx2.Client(limits=httpx2.Limits(max_connections=100), timeout=60)
    at_once(lambda: client.get(f"{url}/warm"), threads)

    def prepared(first):
        entries = [entry(n, base_url=f"{url}/v1") for n in range(3)]
        entries[0] = replace(entries[0], secret=Secret(first))
        store = _Counting(JsonFileStore(f"{path}-{next(count)}", "openai"))
        store.update(lambda state: replace(state, entries=tuple(entries)))
        send = partial(client.post, there, json=BODY, auth=PoolAuth(Pool(store)))
        store.writes = 0
        return lambda: {"errors": len(at_once(_each(send, 1), threads)), "writes": store.writes}

    return timed_bursts(url, prepared)


class _Counting:
    """A store that counts how often it is written: a change that changes something."""

    def __init__(self, store):
        self._store, self.writes = store, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def update(self, change):
        before = self._store.stamp()
        made = self._store.update(change)
        self.writes += self._store.stamp() != before
        return made


def stall(url, path, entries, store="file", seconds=3.0, calls=8):
    """Watch an event loop that sends requests; beside it, one that sends none, and a parse."""
    filled(store, entries, path, base_url=f"{url}/v1")
    loop, auth = asyncio.new_event_loop(), PoolAuth(Pool(STORES[store](path, "openai")))
    client = httpx2.AsyncClient(auth=auth, timeout=60)
    there, text = f"{url}/v1/chat/completions", json.dumps([*map(row, range(entries))])

    async def send(until):
        while time.perf_counter() < until:
            await client.post(there, json=BODY)

    async def watch(until):
        worst = 0.0
        while (before := time.perf_counter()) < until:
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before - 0.001)
        return worst

    async def both(senders):
        until = time.perf_counter() + seconds
        worst, *_ = await asyncio.gather(watch(until), *(send(until) for _ in range(senders)))
        return {"worst": worst * 1e9}

    return {
        "pool": lambda: loop.run_until_complete(both(calls)),
        "idle": lambda: loop.run_until_complete(both(0)),
        "parse": lambda: json.loads(text) and None,
    }


def throttled(url, path, entries, busy):
    """Call while the first keys of many are throttled; tells what the caller got."""
    many = [entry(n, base_url=f"{url}/v1") for n in range(entries)]
    many[:busy] = [replace(e, secret=Secret(f"sk-busy-{n:04}")) for n, e in enumerate(many[:busy])]
    sends = 2 * busy + 2

    def call():
        auth = PoolAuth(Pool.from_entries("openai", many), max_sends=sends)
        with httpx2.Client(auth=auth, max_redirects=sends) as client:
            return {"status": client.post(f"{url}/v1/chat/completions", json=BODY).status_code}

    return {"pool": call}
