"""The minimal pool under test: between the testee protocol and `reference_impl/minimal`."""

import json
import queue
import sys
import threading
from math import inf
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[2] / "reference_impl"))

import httpx
from minimal import Entry, Policy, PoolClient, PoolExhausted, Secret, open_pool
from minimal.pool import exhaustion

HELLO = {"name": "credpool-minimal", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "virtual", "policy": [*vars(Policy())]}
FIXED = {"hello": {"hello": HELLO}, "stop": {"ok": True}}


class Testee:
    """Handle one message at a time; each call has a thread, and waits when the suite says so."""

    def __init__(self, emit):
        self.emit, self.calls, self.now, self.current = emit, {}, 0.0, threading.local()

    def handle(self, message):
        self.now, command, seq = message.get("now", self.now), message["cmd"], message["seq"]
        if command == "resume":
            self.calls[message["call"]].resumed.put(seq)
        elif command == "call":
            self.calls[message["call"]] = call = SimpleNamespace(seq=seq, resumed=queue.Queue())
            threading.Thread(target=self.run, args=(call, message["request"]), daemon=True).start()
        else:
            self.emit({"seq": seq, **(FIXED.get(command) or getattr(self, command)(message))})

    def restart(self, message):  # nothing is durable but the configuration
        return self.configure({"pool": self.told, "randoms": self.randoms})

    def configure(self, message):
        self.told, self.randoms = told, randoms = message["pool"], message["randoms"]
        chosen = {"strategy": told["strategy"]} if told["strategy"] else {}
        entries = [entry(given, told["base_url"]) for given in told["entries"]]
        try:
            pool = open_pool(told["provider"], entries, policy=Policy(**told["policy"]), **chosen)
        except ValueError as error:
            return {"refused": {"code": "unknown_strategy", "message": str(error)}}
        seams = {"clock": lambda: self.now, "sleep": self.sleep}
        seams |= {"draw": lambda: randoms.pop(0) if randoms else 0.0, "verify": False}  # plain HTTP
        self.client = PoolClient(pool, base_url=told["base_url"], **seams)
        return {"ok": True}

    def sleep(self, seconds):
        call = self.current.call
        self.emit({"seq": call.seq, "wait": {"until": self.now + seconds, "why": "retry"}})
        call.seq = call.resumed.get()

    def inspect(self, message):
        pool, over = self.client.pool, exhaustion(self.client.pool, {}, self.now)
        rows = [shown(pool, each, self.now) for each in pool.entries]
        return {"pool": {"entries": rows, "returns_at": over.returns_at if over.is_whole else None}}

    def run(self, call, asked):
        self.current.call, body, base = call, "", str(self.client.base_url).rstrip("/")
        streaming, follows = asked["stream"], asked["follow_redirects"]
        rest = {"headers": asked["headers"], "json": asked["body"]}
        request = self.client.build_request(asked["method"], base + asked["path"], **rest)
        try:
            reply = self.client.send(request, stream=True, follow_redirects=follows)
            head = {"status": reply.status_code, "headers": dict(reply.headers)}
            for chunk in reply.iter_bytes():
                body += chunk.decode()
                if streaming and reply.is_success:
                    self.end(call, request, "streaming", **head, body=body)
                    call.seq, streaming = call.resumed.get(), False
            reply.close()
            over = reply.extensions.get("exhaustion")
            self.end(call, request, "delivered", over, **head, body=body)
        except PoolExhausted as error:
            self.end(call, request, "exhausted", error.exhaustion)
        except httpx.HTTPError as error:
            self.end(call, request, "failed", body=str(error))
        except Exception as error:
            self.emit({"seq": call.seq, "error": f"{type(error).__name__}: {error}"})

    def end(self, call, request, outcome, over=None, **result):
        tried = request.extensions.get("attempts", [])
        log = [{"entry": entry, "class": seen, "action": action} for entry, seen, action in tried]
        result |= {"outcome": outcome, "attempts": log}
        result |= {"exhausted": over and exhausted(self.client.pool, over)}
        self.emit({"seq": call.seq, "result": result})


def entry(given, url):
    known = {name: given[name] for name in ("id", "auth_type", "priority")}
    return Entry(**known, secret=Secret(given["secret"] or ""), base_url=given["base_url"] or url)


def shown(pool, each, now):
    cooldown, count = pool.cooldown(each.secret, now), pool.known(each.secret).count
    seen = {"id": each.id, "request_count": count, "models": {}}
    if cooldown is None:
        return seen | {"status": "ok"} | ({"why": each.flaw} if each.flaw else {})
    status, until = ("dead", None) if cooldown.until == inf else ("exhausted", cooldown.until)
    return seen | {"status": status, "class": cooldown.failure, "until": until}


def exhausted(pool, over):
    told = {}
    for each, (why, until) in zip(pool.entries, over.reasons.values(), strict=True):
        known = {"class": None, "why": why} if each.flaw else {"class": why}
        told[each.id] = known | {"until": None if until == inf else until}
    return {"returns_at": over.returns_at, "entries": told}


if __name__ == "__main__":
    testee = Testee(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True))
    for line in sys.stdin:
        testee.handle(json.loads(line))
