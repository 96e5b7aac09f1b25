"""open-keypool: `KeyPool.call` around one request by httpx, as its quick start shows.

All its settings are the defaults.  The caller sends: redirects, headers and streams are not the pool's.
It keeps time by `time.monotonic`, which gives the suite's time here.
"""

import importlib.metadata

import httpx
from shell import Refused, Shell, exhausted

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
        asked = call.request
        own = {
            k: v
            for k, v in asked["headers"].items()
            if k.lower() not in ("authorization", "x-api-key")
        }

        def send(key):
            entry = next(e for e in self.entries if (e["secret"] or "") == key)
            url = (entry["base_url"] or self.told["base_url"]) + asked["path"]
            headers, follow = own | {"authorization": f"Bearer {key}"}, asked["follow_redirects"]
            return CLIENT.request(
                asked["method"], url, headers=headers, json=asked["body"], follow_redirects=follow
            )

        try:
            reply = self.pool.call(send)
            call.tell(
                "delivered", status=reply.status_code, headers=dict(reply.headers), body=reply.text
            )
        except AllKeysExhaustedError as error:
            # A call that sent something ends with this too: the reply is not in it.
            call.tell("exhausted", body=str(error), exhausted=exhausted(self.states()))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            call.tell(
                "failed", body=type(error).__name__
            )  # of the client: its text is not the pool's

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
