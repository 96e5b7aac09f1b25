"""rotapool: `Pool.run` around one request by httpx, which reads replies as the quick start does.

The caller sends, and the caller says what a reply means: 429 cools down (for `Retry-After`, if it
has one), 401 disables, a lost connection is tried again, and whatever else came is the result.
It keeps time by `time.monotonic` and waits by `asyncio.sleep`, which give the suite's time here.
"""

import asyncio
import importlib.metadata
import threading

import httpx
from shell import CURRENT, Refused, Shell, exhausted, with_key

STRATEGIES = {"fill_first": "primary_backup"}
STATES = {"healthy": "ok", "cooling_down": "exhausted", "disabled": "dead"}
HELLO = {
    "name": "rotapool",
    "version": importlib.metadata.version("rotapool"),
    "clock": "virtual",
    "strategies": ["fill_first", "round_robin"],
    "credentials": ["api_key"],
    "policy": [],
    "tells": ["until"],
    "sends": "caller",
}
REAL_SLEEP = asyncio.sleep
LOOP = asyncio.new_event_loop()
CLIENT = httpx.AsyncClient(verify=False, timeout=None)  # noqa: S113 (on this machine alone)


async def sleep(seconds):
    call = CURRENT.get()
    if seconds <= 0:
        return await REAL_SLEEP(0)
    await LOOP.run_in_executor(None, call.wait, shell.now + seconds)


class Adapter:
    def configure(self, pool, randoms):
        self.told, self.entries = pool, sorted(pool["entries"], key=lambda e: e["priority"])
        try:
            self.restart()
        except ValueError as error:
            raise Refused("unknown_strategy", str(error)) from error

    def restart(self):
        resources = [Resource(resource_id=e["id"], value=e["secret"] or "") for e in self.entries]
        name = self.told["strategy"]
        own = {"strategy": STRATEGIES.get(name, name)} if name else {}
        self.pool = Pool(resources=resources, max_attempts=len(resources), **own)

    def call(self, call):
        asyncio.run_coroutine_threadsafe(self.run(call), LOOP).result()

    async def run(self, call):
        try:
            call.deliver(await self.pool.run(lambda resource: self.send(resource, call.request)))
        except PoolExhausted as error:
            call.tell("exhausted", body=str(error), exhausted=exhausted(self.states()))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            call.tell("failed", body=type(error).__name__)  # the client's text is not the pool's

    async def send(self, resource, asked):
        entry = next(e for e in self.entries if e["id"] == resource.resource_id)
        headers = with_key(asked["headers"], resource.value)
        url = (entry["base_url"] or self.told["base_url"]) + asked["path"]
        try:
            reply = await CLIENT.request(asked["method"], url, headers=headers, json=asked["body"])
        except httpx.TransportError as error:
            raise RetryOperation(reason="transport") from error
        if reply.status_code == 429:
            after = reply.headers.get("retry-after", "")
            seconds = float(after) if after.replace(".", "", 1).isdigit() else None
            raise CooldownResource(cooldown_seconds=seconds, reason="rate limited")
        if reply.status_code == 401:
            raise DisableResource(reason="invalid key")
        return reply

    def states(self):
        return [self.state(i, told) for i, told in self.pool.stats().resources.items()]

    def state(self, name, told):
        until = (
            shell.now + told.cooldown_seconds_remaining if told.status == "cooling_down" else None
        )
        return {"id": name, "status": STATES[told.status], "until": until, "models": {}}


shell = Shell(HELLO, Adapter())
shell.patch_time()
asyncio.sleep = sleep
from rotapool import (
    CooldownResource,
    DisableResource,
    Pool,
    PoolExhausted,
    Resource,
    RetryOperation,
)

threading.Thread(target=LOOP.run_forever, daemon=True).start()
shell.serve()
