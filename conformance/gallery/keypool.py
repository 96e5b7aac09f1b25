"""open-keypool: `KeyPool.call` around one request by httpx, as its quick start shows.

All its settings are the defaults.  The caller sends: redirects, headers and streams are not the pool's.
It keeps time by `time.monotonic`, which gives the suite's time here.
"""

import importlib.metadata

import httpx
from shell import Refused, Shell, exhausted, with_key

PRESETS = ("groq", "openai", "gemini", "together")
HELLO = {
    "name": "open-keypool",
    "version": importlib.metadata.version("open-keypool"),
    "clock": "virtual",
    "strategies": ["round_robin"],
    "credentials": ["api_key"],
    "policy": [],
    "tells": ["until"],
    "sends": "caller",
}
CLIENT = httpx.Client(verify=False)  # nothing here is encrypted
STATES = {"active": "ok", "cooldown": "exhausted", "disabled": "dead"}


class Adapter:
    def configure(self, pool, randoms):
        self.told, self.entries = pool, sorted(pool["entries"], key=lambda e: e["priority"])
        self.restart()

    def restart(self):
        provider, strategy = self.told["provider"], self.told["strategy"]
        options = {"provider": provider} if provider in PRESETS else {}
        options |= {"strategy": strategy} if strategy else {}
        try:
            self.pool = KeyPool([e["secret"] or "" for e in self.entries], **options)
        except ValueError as error:
            raise Refused("unknown_strategy", str(error)) from error

    def call(self, call):
        try:
            call.deliver(self.pool.call(lambda key: self.send(key, call.request)))
        except AllKeysExhaustedError as error:
            # A call that sent something ends with this too: the reply is not in it.
            call.tell("exhausted", body=str(error), exhausted=exhausted(self.states()))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            call.tell("failed", body=type(error).__name__)  # the client's text is not the pool's

    def send(self, key, asked):
        entry = next(e for e in self.entries if (e["secret"] or "") == key)
        url = (entry["base_url"] or self.told["base_url"]) + asked["path"]
        sent = {"headers": with_key(asked["headers"], key), "json": asked["body"]}
        sent["follow_redirects"] = asked["follow_redirects"]
        return CLIENT.request(asked["method"], url, **sent)

    def states(self):
        """Read `status()`, which has the keys in their order, and shortened."""
        told = self.pool.status().values()
        return [self.state(*both) for both in zip(self.entries, told, strict=True)]

    def state(self, entry, told):
        left = told["cooldown_remaining"]
        until = None if left is None else shell.now + left
        return {"id": entry["id"], "status": STATES[told["state"]], "until": until, "models": {}}


shell = Shell(HELLO, Adapter())
shell.patch_time()
from open_keypool import AllKeysExhaustedError, KeyPool

shell.serve()
