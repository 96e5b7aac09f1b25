"""A testee around a pool such as people write: one length for all, no hints read, a 5xx tried three times.

Keys that are refused with 401 or 403 are dead, redirects are followed with the key in the request, and
no reply is streamed.
"""

import time

import httpx

COOLDOWN, TRIES = 60.0, 3
HEADERS = {"anthropic": "x-api-key"}
HELLO = {
    "name": "keyring", "version": "1", "language": "Python", "protocol": 1, "spec": "1.0-draft",
    "features": [], "clock": "virtual", "strategies": [], "credentials": ["api_key"], "policy": [],
    "tells": ["until", "count"], "providers": ["openai", "anthropic", "openrouter"],
}  # fmt: skip


class Key:
    """A key of the ring."""

    def __init__(self, told, base_url):
        self.name, self.secret = told["id"], told["secret"]
        self.base_url = told["base_url"] or base_url
        self.until, self.dead, self.count = 0.0, False, 0

    def is_free(self):
        return not self.dead and self.until <= time.time()

    def row(self):
        status = "dead" if self.dead else "ok" if self.is_free() else "exhausted"
        until = self.until if status == "exhausted" else None
        told = {"id": self.name, "status": status, "class": None, "until": until}
        return told | {"models": {}, "request_count": self.count}


class Testee:
    """The ring, and the protocol."""

    hello = HELLO

    def __init__(self, emit):
        self.emit = emit
        self.keys = []

    def handle(self, message):
        known = {"hello": self.introduce, "configure": self.configure, "call": self.call}
        known |= {"inspect": self.inspect}
        reply = known.get(message["cmd"], lambda _: {"ok": True})(message)
        self.emit({"seq": message["seq"], **reply})

    def introduce(self, _message):
        return {"hello": self.hello}

    def configure(self, message):
        pool = message["pool"]
        told = sorted(pool["entries"], key=lambda entry: entry["priority"])
        self.keys = [Key(entry, pool["base_url"]) for entry in told]
        self.header = HEADERS.get(pool["provider"], "authorization")
        self.client = httpx.Client(follow_redirects=True, timeout=8)
        return {"ok": True}

    def send(self, key, request):
        key.count += 1
        secret = key.secret if self.header == "x-api-key" else "Bearer " + key.secret
        headers = {**request["headers"], self.header: secret}
        url = key.base_url + request["path"]
        return self.client.request(request["method"], url, headers=headers, json=request["body"])

    def length(self, _reply):
        return COOLDOWN

    def ask(self, request):
        """Return the first reply that a caller can use, else the last one."""
        reply = None
        for key in filter(Key.is_free, self.keys):
            for _ in range(TRIES):
                reply = self.send(key, request)
                if reply.status_code < 500:
                    break
            if reply.status_code in (401, 403):
                key.dead = True
            elif reply.status_code in (402, 429):
                key.until = time.time() + self.length(reply)
            else:
                return reply, None
        return reply, {"returns_at": self.returns_at(), "entries": self.reasons()}

    def call(self, message):
        result = {"outcome": "failed", "status": None, "headers": {}, "body": "", "attempts": []}
        try:
            reply, exhausted = self.ask(message["request"])
        except httpx.HTTPError as error:
            return {"result": result | {"body": type(error).__name__}}
        except Exception as error:
            return {"result": result | {"outcome": "raised", "error": type(error).__name__}}
        result["exhausted"] = exhausted
        if reply is None:
            return {"result": result | {"outcome": "exhausted"}}
        told = {"status": reply.status_code, "headers": dict(reply.headers), "body": reply.text}
        return {"result": result | told | {"outcome": "delivered"}}

    def reasons(self):
        return {key.name: {"class": None, "until": key.row()["until"]} for key in self.keys}

    def returns_at(self):
        return min((key.until for key in self.keys if not key.dead), default=None)

    def inspect(self, _message):
        out = not any(map(Key.is_free, self.keys))
        rows = [key.row() for key in self.keys]
        return {"pool": {"entries": rows, "returns_at": self.returns_at() if out else None}}


class ReadsRetryAfter(Testee):
    """It reads the seconds of `Retry-After`, and no other form of a hint."""

    def length(self, reply):
        told = reply.headers.get("retry-after", "")
        return min(max(float(told), 1.0), 31 * 86400.0) if told.isdecimal() else COOLDOWN


class StaysWhereItIs(Testee):
    """It follows no redirect."""

    def configure(self, message):
        done = super().configure(message)
        self.client = httpx.Client(timeout=8)
        return done


class RepeatsFaults(Testee):
    """It says that it is a gateway that repeats a 5xx by itself."""

    hello = HELLO | {"retries_faults": True}
