"""A naive rotator over httpx, only good enough to test the suite with; its subclasses are worse.

As a program it speaks NDJSON: `python naive.py [Class]`.  In process: `naive.py:Class`.
"""

import contextlib
import json
import queue
import sys
import threading

import httpx

OUT = {401: ("auth_rejected", 300), 429: ("rate_limited", 3600)}


class Testee:
    """Fill first; one retry of a 429 after its Retry-After; then rotate."""

    features = ("oauth",)
    clock = "virtual"
    header = "authorization"

    def __init__(self, emit):
        self.emit = emit
        self.client = httpx.Client(verify=False, timeout=30)  # noqa: S501 (loopback only)

    def handle(self, message):
        self.now = message.get("now", 0)
        match message["cmd"]:
            case "call":
                self.resumed[message["call"]] = queue.Queue()
                threading.Thread(target=self.call_in_thread, args=(message,), daemon=True).start()
            case "resume":
                self.resumed[message["call"]].put(message["seq"])
            case command:
                self.emit({"seq": message["seq"], **getattr(self, command)(message)})

    def hello(self, _message):
        told = {"name": "naive", "version": "1", "language": "Python", "protocol": 1}
        return {"hello": {**told, "spec": "1", "features": [*self.features], "clock": self.clock}}

    def configure(self, message):
        self.pool, self.resumed = message["pool"], {}
        if self.pool["strategy"] not in (None, "fill_first"):
            return {
                "refused": {
                    "code": "unknown_strategy",
                    "message": "fill_first round_robin least_used random",
                }
            }
        order = sorted(self.pool["entries"], key=lambda entry: entry["priority"])
        self.entries = {e["id"]: {**e, "out": None, "until": 0, "count": 0} for e in order}
        return {"ok": True}

    def inspect(self, _message):
        rows = [{"id": e["id"], "status": "exhausted" if e["until"] > self.now else "ok",
                 "class": e["out"] if e["until"] > self.now else None,
                 "until": e["until"] if e["until"] > self.now else None,
                 "models": {}, "request_count": e["count"]} for e in self.entries.values()]  # fmt: skip
        first = None if self.usable() else min(row["until"] for row in rows)
        return {"pool": {"entries": rows, "returns_at": first}}

    def restart(self, _message):
        return {"ok": True}

    stop = restart

    def call_in_thread(self, message):
        # The suite ends a thread that asks for ever with a SystemExit.
        with contextlib.suppress(SystemExit):
            self.call(message)

    def call(self, message):
        seq, request, attempts = message["seq"], message["request"], []
        result = {"status": None, "headers": {}, "body": "", "exhausted": None}
        for entry in self.usable():
            response, seq = self.try_one(entry, request, attempts, message["call"], seq, result)
            if response is None:
                return self.end(seq, result, "failed", attempts)
            if attempts[-1]["action"] == "deliver":
                break
        else:
            return self.end(seq, result, "exhausted", attempts)
        self.deliver(seq, message["call"], request, response, attempts, result)
        return None

    def usable(self):
        return [entry for entry in self.entries.values() if entry["until"] <= self.now]

    def try_one(self, entry, request, attempts, call, seq, result):
        for last in (False, True):
            try:
                response = self.send(entry, request)
            except httpx.HTTPError as error:
                attempts.append({"entry": entry["id"], "class": None, "action": "deliver"})
                result["body"] = str(error)
                return None, seq
            action = self.decide(entry, response, last=last, attempts=attempts)
            if action != "retry":
                return response, seq
            if seconds := float(response.headers.get("retry-after", 0)):
                seq = self.wait(call, seq, self.now + seconds)
        return response, seq

    def decide(self, entry, response, *, last, attempts):
        failure, seconds = OUT.get(response.status_code, ("ok", 0))
        if response.status_code >= 500:
            failure = "server_error"
        action = "retry" if response.status_code == 429 and not last else "rotate"
        if not seconds:
            action = "deliver"
        elif action == "rotate":
            entry["out"], entry["until"] = failure, self.now + seconds
            if not self.usable():
                action = "deliver"
        attempts.append({"entry": entry["id"], "class": failure, "action": action})
        return action

    def send(self, entry, request):
        entry["count"] += 1
        url = (entry["base_url"] or self.pool["base_url"]) + request["path"]
        headers = {**request["headers"], self.header: f"Bearer {entry['secret']}"}
        built = self.client.build_request(
            request["method"], url, headers=headers, json=request["body"]
        )
        response = self.client.send(
            built, stream=True, follow_redirects=request["follow_redirects"]
        )
        if not (request["stream"] and response.is_success):
            response.read()
        return response

    def wait(self, call, seq, until):
        self.emit({"seq": seq, "wait": {"until": until, "why": "retry"}})
        return self.resumed[call].get()

    def deliver(self, seq, call, request, response, attempts, result):
        result |= {"status": response.status_code, "headers": dict(response.headers)}
        if not self.usable():
            out = {e["id"]: {"class": e["out"], "until": e["until"]} for e in self.entries.values()}
            first = min(entry["until"] for entry in self.entries.values())
            result["exhausted"] = {"returns_at": first, "entries": out}
        if not (request["stream"] and response.is_success):
            self.end(seq, result | {"body": response.text}, "delivered", attempts)
            return
        parts = response.iter_text()
        result["body"] = next(parts)
        self.end(seq, result, "streaming", attempts)
        seq = self.resumed[call].get()
        try:
            result["body"] += "".join(parts)
        except httpx.HTTPError as error:
            self.end(seq, result | {"body": str(error), "status": None}, "failed", attempts)
        else:
            self.end(seq, result, "delivered", attempts)

    def end(self, seq, result, outcome, attempts):
        self.emit({"seq": seq, "result": {**result, "outcome": outcome, "attempts": attempts}})


class NeverRetries(Testee):
    """Rotates on the first 429."""

    def try_one(self, entry, request, attempts, call, seq, result):
        try:
            response = self.send(entry, request)
        except httpx.HTTPError as error:
            attempts.append({"entry": entry["id"], "class": None, "action": "deliver"})
            result["body"] = str(error)
            return None, seq
        self.decide(entry, response, last=True, attempts=attempts)
        return response, seq


class WaitsTooLong(Testee):
    """Waits longer than it was told, by more than a pause before a retry may be."""

    def wait(self, call, seq, until):
        return super().wait(call, seq, until + 11)


class WrongReason(Testee):
    """Does the right thing, and says the wrong reason."""

    def end(self, seq, result, outcome, attempts):
        told = [
            {**a, "class": "overloaded" if a["class"] == "rate_limited" else a["class"]}
            for a in attempts
        ]
        super().end(seq, result, outcome, told)


class BenchesTooLong(Testee):
    """Gets every cooldown wrong by a millisecond."""

    def decide(self, entry, response, *, last, attempts):
        action = super().decide(entry, response, last=last, attempts=attempts)
        entry["until"] += 0.001 if entry["until"] else 0
        return action


class Drains(Testee):
    """Reads a stream to its end before the caller sees any of it."""

    def send(self, entry, request):
        response = super().send(entry, request)
        response.read()
        return response


class Leaks(Testee):
    """Writes the secret to standard error."""

    def send(self, entry, request):
        sys.stderr.write(f"using {entry['secret'][:-4]}\n")
        return super().send(entry, request)


class Tampers(Testee):
    """Loses the caller's own header."""

    def send(self, entry, request):
        kept = {key: value for key, value in request["headers"].items() if not key.startswith("x-")}
        return super().send(entry, {**request, "headers": kept})


class AsksForEver(Testee):
    """Rotates to the key that just failed."""

    def try_one(self, entry, request, attempts, call, seq, result):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                self.send(entry, request)


class FollowsWithKey(Testee):
    """Sends its key in a header that no client strips, wherever a redirect leads."""

    header = "x-api-key"


class Narrow(Testee):
    """Says that it takes keys alone."""

    def hello(self, message):
        told = super().hello(message)["hello"]
        return {"hello": {**told, "credentials": ["api_key"]}}


class RealClock(Testee):
    """Has no clock seam."""

    clock = "real"


if __name__ == "__main__":
    lock = threading.Lock()

    def write(reply):
        with lock:
            sys.stdout.write(json.dumps(reply) + "\n")
            sys.stdout.flush()

    testee = globals()[sys.argv[1] if len(sys.argv) > 1 else "Testee"](write)
    for line in sys.stdin:
        testee.handle(json.loads(line))
        if '"stop"' in line:
            break
