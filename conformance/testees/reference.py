"""The reference library under test: between the testee protocol and the public API of `credpool`.

As a program it sends with `httpx2`; in process its `Testee` takes the same messages, with `httpx`.
"""

import importlib
import json
import math
import queue
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import credpool
from credpool.stores import JsonFileStore

HELLO = {"name": "credpool", "version": credpool.__version__, "language": "Python", "protocol": 1, "spec": "1.0-draft",
         "features": ["model-scope", "oauth", "owner-scope", "probe"], "clock": "virtual"}  # fmt: skip


class Call:
    """A call in a thread of its own: it answers, or waits and answers again."""

    def __init__(self, emit, seq):
        self.emit, self.seq, self.resumed, self.attempts = emit, seq, queue.Queue(), []

    def say(self, reply):
        self.emit({"seq": self.seq, **reply})

    def report(self, outcome, response=None, body="", exhaustion=None):
        log = [{"entry": a.entry, "class": a.failure.value if a.failure else "ok" if a.answered else None,
                "action": a.step.value} for a in self.attempts]  # fmt: skip
        head = {"status": response.status_code, "headers": dict(response.headers)} if response else {}
        out = exhaustion and {"returns_at": exhaustion.returns_at, "entries": {o.id: why(o) for o in exhaustion.entries}}
        blank = {"status": None, "headers": {}, "outcome": outcome, "body": body, "attempts": log, "exhausted": out}
        self.say({"result": blank | head})


class Testee:
    """Handle one message at a time; replies go through `emit`, from any thread. It is the pool's clock, too."""

    def __init__(self, emit, library="httpx"):
        self.emit, self.calls, self.time, self.thread = emit, {}, 0.0, threading.local()
        self.http, self.auth = importlib.import_module(library), importlib.import_module(f"credpool.{library}").PoolAuth
        self.clients = {follow: self.http.Client(follow_redirects=follow) for follow in (False, True)}

    def handle(self, message):
        self.time = message.get("now", self.time)
        match message["cmd"]:
            case "call":
                call = self.calls[message["call"]] = Call(self.emit, message["seq"])
                threading.Thread(target=self.run, args=(call, message["request"]), daemon=True).start()
            case "resume":
                self.calls[message["call"]].resumed.put(message["seq"])
            case "hello":
                self.emit({"seq": message["seq"], "hello": HELLO})
            case "stop":
                self.emit({"seq": message["seq"], "ok": True})
            case command:
                self.emit({"seq": message["seq"], **getattr(self, command)(message)})

    def now(self):
        return self.time

    def sleep(self, until):
        self.thread.call.say({"wait": {"until": until, "why": "retry"}})
        self.thread.call.seq = self.thread.call.resumed.get()

    def configure(self, message):
        self.given, self.randoms, self.folder = message["pool"], message["randoms"], tempfile.TemporaryDirectory()
        try:
            entries = tuple(self.entry(e) for e in self.given["entries"])
            self.store().update(lambda state: replace(state, entries=entries))
        except credpool.UnknownStrategy as error:
            return {"refused": {"code": "unknown_strategy", "message": str(error)}}
        return self.restart(message)

    def entry(self, given):
        secrets = {k: credpool.Secret(given[k]) for k in ("secret", "refresh_token") if given[k]}
        plain = {k: given[k] for k in ("id", "label", "priority", "owner", "expires_at")}
        return credpool.Entry(auth_type=credpool.AuthType(given["auth_type"]), token_url=self.given["token_url"],
                              base_url=given["base_url"] or self.given["base_url"], **secrets, **plain)  # fmt: skip

    def store(self):
        cooldowns = {credpool.FailureClass(k): v for k, v in self.given["policy"].get("cooldowns", {}).items()}
        policy = credpool.Policy(**self.given["policy"] | {"cooldowns": cooldowns})
        strategy = credpool.Strategy(self.given["strategy"] or "fill_first")
        return JsonFileStore(Path(self.folder.name, "auth.json"), self.given["provider"], strategy=strategy, policy=policy)

    def restart(self, _message):
        self.pool = credpool.Pool(self.store(), clock=self, dice=lambda: self.randoms.pop(0))
        return {"ok": True}

    def inspect(self, _message):
        now, over = self.time, self.pool.exhaustion()
        entries = [{"id": e.id, "status": e.status(now).value, **why(e.blocked(now)), "request_count": e.request_count,
                    "models": {m: why(c) for m, c in e.models.items() if c.until > now}} for e in self.pool.state.entries]  # fmt: skip
        return {"pool": {"entries": entries, "returns_at": over and over.returns_at}}

    def run(self, call, asked):
        self.thread.call, body, streaming = call, "", asked["stream"]
        client, auth = self.clients[asked["follow_redirects"]], self.auth(self.pool, observe=call.attempts.append)
        url, headers = self.given["base_url"] + asked["path"], asked["headers"]
        try:
            request = client.build_request(asked["method"], url, headers=headers, json=asked["body"])
            response = client.send(request, auth=auth, stream=True)
            for chunk in response.iter_bytes():
                body += chunk.decode()
                if streaming and response.is_success:
                    call.report("streaming", response, body)
                    call.seq, streaming = call.resumed.get(), False
            call.report("delivered", response, body, response.extensions.get("credpool.exhaustion"))
        except credpool.PoolExhausted as error:
            call.report("exhausted", exhaustion=error.exhaustion)
        except self.http.HTTPError as error:
            call.report("failed", body=str(error))
        except Exception as error:
            call.say({"error": f"{type(error).__name__}: {error}"})


def why(out):
    known = out is not None and out.failure is not None
    return {"class": out.failure.value if known else None, "until": out.until if known and math.isfinite(out.until) else None}


if __name__ == "__main__":
    testee = Testee(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True), library="httpx2")
    for line in sys.stdin:
        testee.handle(json.loads(line))
