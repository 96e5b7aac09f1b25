"""The minimal pool under test: between the testee protocol and `reference_impl/minimal`."""

import json
import math
import queue
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[2] / "reference_impl"))

import httpx
from minimal import Entry, Policy, PoolClient, PoolExhausted, Secret, open_pool, providers

POLICY = [*Policy.__dataclass_fields__]
HELLO = {"name": "credpool-minimal", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "virtual", "policy": POLICY}


class Testee:
    """Handle one message at a time; each call has a thread, and waits when the suite says so."""

    def __init__(self, emit):
        self.emit, self.calls, self.now = emit, {}, 0.0
        self.current = threading.local()

    def handle(self, message):
        self.now, command, seq = message.get("now", self.now), message["cmd"], message["seq"]
        if command == "resume":
            self.calls[message["call"]].resumed.put(seq)
        elif command == "call":
            self.calls[message["call"]] = call = SimpleNamespace(seq=seq, resumed=queue.Queue())
            threading.Thread(target=self.run, args=(call, message["request"]), daemon=True).start()
        else:
            self.emit({"seq": seq, **getattr(self, command)(message)})

    def hello(self, message):
        return {"hello": HELLO}

    def restart(self, message):
        return self.configure({"pool": self.told, "randoms": self.randoms})

    def stop(self, message):
        return {"ok": True}

    def configure(self, message):
        told, self.randoms = message["pool"], message["randoms"]
        self.told = told
        names = {"label", "auth_type", "priority"}
        entries = [
            Entry(
                e["id"],
                Secret(e["secret"] or ""),
                e["base_url"] or told["base_url"],
                **{name: e[name] for name in names},
            )
            for e in told["entries"]
        ]
        known = providers()
        provider = known.get(told["provider"], known["generic"])
        strategy = {"strategy": told["strategy"]} if told["strategy"] else {}
        try:
            pool = open_pool(provider, entries, policy=Policy(**told["policy"]), **strategy)
        except ValueError as error:
            return {"refused": {"code": "unknown_strategy", "message": str(error)}}
        self.client = PoolClient(
            pool,
            clock=lambda: self.now,
            wait_until=lambda until: self.ask("wait", {"until": until, "why": "retry"}),
            draw=lambda: self.randoms.pop(0) if self.randoms else 0.0,
            base_url=told["base_url"],
        )
        return {"ok": True}

    def inspect(self, message):
        pool = self.client.pool
        return {"pool": {"entries": [self.told_of(pool, e) for e in pool.entries]}}

    def told_of(self, pool, entry):
        cooldown, known = pool.cooldown(entry, self.now), pool.state(entry.secret)
        told = {"id": entry.id, "label": entry.label, "request_count": known.count, "models": {}}
        if cooldown is None:
            return told | {"status": "ok"} | ({"why": entry.flaw} if entry.flaw else {})
        until = finite(cooldown.until)
        status = "dead" if until is None else "exhausted"
        return told | {"status": status, "class": cooldown.failure, "until": until}

    def ask(self, kind, content):
        call = self.current.call
        self.emit({"seq": call.seq, kind: content})
        call.seq = call.resumed.get()

    def run(self, call, asked):
        self.current.call = call
        url, body, streaming = str(self.client.base_url).rstrip("/") + asked["path"], "", asked["stream"]
        rest = {"headers": asked["headers"], "json": asked["body"]}
        request = self.client.build_request(asked["method"], url, **rest)
        try:
            follows = asked["follow_redirects"]
            response = self.client.send(request, stream=True, follow_redirects=follows)
            head = {"status": response.status_code, "headers": dict(response.headers)}
            for chunk in response.iter_bytes():
                body += chunk.decode()
                if streaming and response.is_success:
                    self.end(call, request, "streaming", **head, body=body)
                    call.seq, streaming = call.resumed.get(), False
            response.close()
            over = response.extensions.get("exhaustion")
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
        result |= {"outcome": outcome, "attempts": log, "exhausted": over and exhausted(over)}
        self.emit({"seq": call.seq, "result": result})


def exhausted(over):
    outs = {
        name: {"class": out.failure, "until": finite(out.until)}
        | ({"why": out.flaw} if out.flaw else {})
        for name, out in over.entries.items()
    }
    return {"returns_at": over.returns_at, "entries": outs}


def finite(moment):
    return None if moment == math.inf else moment


if __name__ == "__main__":
    testee = Testee(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True))
    for line in sys.stdin:
        testee.handle(json.loads(line))
