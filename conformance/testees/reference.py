"""The reference library under test: between the testee protocol and the API of `credpool`.

As a program it sends with `httpx2`; in process its `Testee` takes the same messages, with `httpx`.
With `--async` the program is that of `reference_async.py`, whose clients are asynchronous.
"""

import atexit
import contextlib
import contextvars
import importlib
import json
import queue
import shutil
import ssl
import sys
import tempfile
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import credpool
from credpool import errors, seed
from credpool.events import report
from credpool.login import LoginApp, login_by_browser, login_by_device
from credpool.pool import engine_of
from credpool.stores import JsonFileStore, MemoryStore

HELLO = {"name": "credpool", "version": credpool.__version__, "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "clock": "virtual"}
FEATURES = "affinity borrowed commands custom-endpoints events lease login model-scope oauth operator owner-scope"
FEATURES += " serves payer probe quota-aware in-band own-rules seed shared-store store auth-json"
HELLO |= {"features": FEATURES.split()}
CODES = {errors.UnknownStrategy: "unknown_strategy", errors.StoreTooNew: "store_too_new"}
CODES |= {errors.StoreUnreadable: "store_unreadable", errors.BadConfig: "bad_config"}
REFUSALS = {errors.UnknownEntry: "unknown_target", errors.AmbiguousTarget: "ambiguous_target"}
REFUSALS |= {errors.UnusableSecret: "unusable_secret"}
REFUSALS |= {errors.DuplicateSecret: "duplicate_secret", errors.UnusableLabel: "unusable_label"}
REFUSALS |= {errors.UnknownStrategy: "unknown_strategy"}
FLOWS = {"device": login_by_device, "pkce": login_by_browser}
CHOICES = {"first_429": credpool.First429, "payer_change": credpool.PayerChange}
FIXED = {"hello": {"hello": HELLO}, "stop": {"ok": True}}
TRUST = ssl.create_default_context()  # read once; each of several processes in one makes clients
FOLDER = tempfile.mkdtemp(prefix="credpool-reference-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


class Testee:
    """Handle one message at a time, and be the pool's clock; replies may come from any thread."""

    def __init__(self, emit, library="httpx"):
        self.emit, self.calls, self.pools, self.time = emit, {}, [], 0.0
        self.current = contextvars.ContextVar("call")  # also where a refresh of the call's is made
        self.http, ours = (importlib.import_module(m) for m in (library, f"credpool.{library}"))
        self.auth = ours.PoolAuth
        client = partial(self.http.Client, verify=TRUST)
        self.clients = {yes: client(follow_redirects=yes) for yes in (False, True)}

    def handle(self, message):
        self.time, command, seq = message.get("now", self.time), message["cmd"], message["seq"]
        if command == "resume":
            self.calls[message["call"]].closed = message.get("close", False)
            self.calls[message["call"]].resumed.put(seq)
        elif command in ("call", "login"):
            call = SimpleNamespace(seq=seq, resumed=queue.Queue(), attempts=[], events=[])
            call.prompted = False
            self.calls[message[command]] = call
            self.begin(call, message)
        else:
            self.emit({"seq": seq, **(FIXED.get(command) or getattr(self, command)(message))})

    def begin(self, call, message):
        work = {"call": self.run, "login": self.login}[message["cmd"]]
        asked = message.get("request", message)
        threading.Thread(target=work, args=(call, asked), daemon=True).start()

    def say(self, call, kind, reply):
        self.emit({"seq": call.seq, kind: reply})

    def end(self, call, outcome, over=None, **result):
        log, over = map(report.report_attempt, call.attempts), report.report_exhaustion(over)
        result |= {"outcome": outcome, "attempts": [*log], "exhausted": over}
        self.say(call, "result", result | {"events": [*call.events]})

    def hear(self, event):
        if call := self.current.get(None):  # what an operator does is no call's
            call.events.append(report.report_event(event))

    def now(self):
        return self.time

    def ask(self, kind, content):
        call = self.current.get()
        self.say(call, kind, content)
        call.seq = call.resumed.get()

    def sleep(self, until, why):
        self.ask("wait", {"until": until, "why": why})

    def configure(self, message):
        self.randoms, self.path = message["randoms"], message["pool"]["store"]
        self.given = given = {k: v for k, v in message["pool"].items() if v is not None}
        if self.path is None and self.seeded():
            self.path = Path(tempfile.mkdtemp(dir=FOLDER), "auth.json")
        while self.pools:
            self.pools.pop().close()
        policy, shared = given["policy"], {k: given.get(k) for k in ("base_url", "token_url")}
        cooldowns = {credpool.FailureClass(k): s for k, s in policy.get("cooldowns", {}).items()}
        words = {k: CHOICES[k](policy[k]) for k in policy if k in CHOICES}
        own = credpool.Policy(**policy | words | {"cooldowns": cooldowns})
        self.rules = {"policy": own} if policy or not self.seeded() else {}
        self.rules |= {k: given[k] for k in given if k == "lock_timeout"}
        self.memory = None
        try:
            self.rules |= {k: credpool.Strategy(given[k]) for k in given if k == "strategy"}
            if entries := tuple(entry(e, shared) for e in given["entries"]):
                self.store().update(lambda state: replace(state, entries=entries))
            return self.restart(message)
        except tuple(CODES) as error:
            return {"refused": {"code": CODES[type(error)], "message": str(error)}}

    def seeded(self):
        return "environment" in self.given or "home" in self.given

    def store(self):
        key, provider = self.given.get("key", self.given["provider"]), self.given["provider"]
        if "store" in self.given or self.seeded():
            return JsonFileStore(self.path, key, provider=provider, **self.rules)
        state = credpool.PoolState(key=key, provider=provider, **self.rules)
        self.memory = self.memory or MemoryStore(state)
        return self.memory

    def restart(self, message):
        own = {"clock": self, "dice": lambda: self.randoms.pop(0)}
        home = {"base_url": self.given.get("base_url")}
        self.pool = self.found(own) if self.seeded() else credpool.Pool(self.store(), **own, **home)
        self.pool.listen(self.hear)
        self.pools.append(self.pool)  # what is dropped writes its counts when it likes
        return {"ok": True}

    def found(self, own):
        given, home = self.given, Path(self.given["home"]) if "home" in self.given else None
        around = {"environ": given.get("environment", {}), "home": home, "folder": home}
        around |= {k: given.get(k) for k in ("base_url", "provider")}
        own |= self.rules | {"store": self.path, "notify": lambda n: print(n, file=sys.stderr)}
        key = given.get("key", given["provider"])
        return credpool.open_pool(key, seed.Surroundings(**around), **own)

    def inspect(self, message):
        return {"pool": report.report_pool(self.pool.state, now=self.time)}

    def manage(self, message):
        try:
            return {"managed": getattr(self, f"do_{message['do']}")(**message)}
        except tuple(REFUSALS) as error:
            return {"refused": {"code": REFUSALS[type(error)], "message": str(error)}}

    def do_list(self, **_):
        return credpool.Operator(self.pool).list()

    def do_add(self, secret, auth_type="api_key", **told):
        known = {k: told[k] for k in ("label", "priority", "owner") if k in told}
        known |= {"auth_type": credpool.AuthType(auth_type), "base_url": self.given["base_url"]}
        return {"entry": credpool.Operator(self.pool).add(credpool.Secret(secret), **known).id}

    def do_replace(self, target, secret, **_):
        return {"entry": credpool.Operator(self.pool).replace(target, credpool.Secret(secret)).id}

    def do_remove(self, target, **_):
        return {"entry": credpool.Operator(self.pool).remove(target).id}

    def do_disable(self, target, **_):
        return {"entry": credpool.Operator(self.pool).disable(target).id}

    def do_enable(self, target, **_):
        return {"entry": credpool.Operator(self.pool).enable(target).id}

    def do_models(self, target, models, **_):
        return {"entry": credpool.Operator(self.pool).serve(target, models).id}

    def do_reset(self, target=None, **_):
        credpool.Operator(self.pool).reset(target)
        return {}

    def do_rename(self, target, label, **_):
        return {"entry": credpool.Operator(self.pool).rename(target, label).id}

    def do_priority(self, target, priority, **_):
        return {"entry": credpool.Operator(self.pool).prioritise(target, priority).id}

    def do_move(self, target, to=None, before=None, **_):
        return {"entry": credpool.Operator(self.pool).move(target, to, before=before).id}

    def do_strategy(self, strategy, **_):
        credpool.Operator(self.pool).choose_by(strategy)
        return {}

    @contextlib.contextmanager
    def answering(self, call):
        self.current.set(call)
        try:
            yield
        except credpool.PoolExhausted as error:
            self.end(call, "exhausted", error.exhaustion)
        except (self.http.HTTPError, credpool.StoreError) as error:
            self.end(call, "failed", body=str(error))
        except errors.LoginFailed as error:
            self.say(call, "refused", {"code": error.why.value, "message": str(error)})
        except Exception as error:
            self.say(call, "error", f"{type(error).__name__}: {error}")

    def login(self, call, asked):
        show = lambda prompt: self.ask("prompt", {"url": prompt.url, "code": prompt.code})  # noqa: E731
        with self.answering(call):
            app, place = self.wanted(asked)
            FLOWS[asked["flow"]](self.pool, app, show, **place)
            self.emit({"seq": call.seq, "ok": True})

    def wanted(self, login):
        urls = {k: login[k] for k in ("device_url", "authorize_url", "token_url")}
        new = {"id": login["login"], "label": login["login"], "base_url": self.given["base_url"]}
        place = {"into": login["entry"], "new": credpool.Entry(**new)}
        return LoginApp(client_id=login["client_id"], **urls), place

    def run(self, call, asked):
        body, streaming = "", asked["stream"]
        with self.answering(call):
            send, request = self.prepared(call, asked)
            response = send(request, stream=True)
            head = {"status": response.status_code, "headers": dict(response.headers)}
            for chunk in response.iter_bytes():
                body += chunk.decode()
                if streaming and response.is_success:
                    self.end(call, "streaming", **head, body=body)
                    call.seq, streaming = call.resumed.get(), False
                    if call.closed:
                        break
            response.close()
            over = response.extensions.get(credpool.EXHAUSTION)
            self.end(call, "delivered", over, **head, body=body)

    def prepared(self, call, asked):
        client = self.clients[asked["follow_redirects"]]
        session = {"x-credpool-session": asked["session"]} if "session" in asked else {}
        url = self.given.get("base_url") or [*engine_of(self.pool).bases, "http://no.pool"][0]
        rest = {"headers": asked["headers"] | session, "json": asked["body"]}
        auth = self.auth(self.pool, observe=call.attempts.append)
        request = client.build_request(asked["method"], url + asked["path"], **rest)
        return partial(client.send, auth=auth), request


def entry(given, shared):
    values = shared | {k: v for k, v in given.items() if v is not None}
    values |= {k: credpool.Secret(values[k]) for k in {"secret", "refresh_token"} & {*values}}
    values |= {k: credpool.Payer(values[k]) for k in {"payer"} & {*values}}
    values |= {k: tuple(values[k]) for k in {"serves"} & {*values}}
    return credpool.Entry(**values | {"auth_type": credpool.AuthType(values["auth_type"])})


def serve(kind, *library):
    testee = kind(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True), *library)
    for line in sys.stdin:
        testee.handle(json.loads(line))


if __name__ == "__main__":
    is_async = "--async" in sys.argv
    serve(importlib.import_module("reference_async").Testee if is_async else Testee, "httpx2")
