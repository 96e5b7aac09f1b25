"""The protocol's side of the adapters in Python: lines in, lines out, and the suite's clock.

It knows no pool.  A product gets the suite's time in place of the real one, either in `time.time` and
`time.monotonic` or, where a compiled library reads the clock, by libfaketime in the whole process.
`time.sleep` within a call is a `wait`.  Nothing else of a product is changed.
"""

import contextvars
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

CURRENT = contextvars.ContextVar("call", default=None)
_REAL = {"monotonic": time.monotonic, "sleep": time.sleep}


def faked_time():
    """Begin again with libfaketime before every library; its clock stands still between commands."""
    if "FAKETIME" not in os.environ:
        import libfaketime

        library = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
        own = {"LD_PRELOAD": str(library), "FAKETIME": str(int(time.time())), "FAKETIME_FMT": "%s"}
        own |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | own)


def with_key(headers, key):
    """Put an entry's key into a request, in place of the caller's own."""
    stored = {k: v for k, v in headers.items() if k.lower() not in ("authorization", "x-api-key")}
    return stored | {"authorization": f"Bearer {key}"}


def listed(states):
    """Write what `inspect` answers: when nothing is available, the pool returns with its first entry."""
    moments = [state["until"] for state in states if state["until"] is not None]
    out = all(state["status"] != "ok" for state in states)
    return {"entries": states, "returns_at": min(moments) if out and moments else None}


def exhausted(states):
    """Write why nothing was sent, as far as the pool says."""
    told = {state["id"]: {"class": None, "until": state["until"]} for state in states}
    return {"returns_at": listed(states)["returns_at"], "entries": told}


class Refused(Exception):
    """The product does not take this configuration."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Call:
    """One call under way: it can wait, and hand out the first part of a stream."""

    def __init__(self, shell, seq, request):
        self.shell, self.seq, self.request, self.resumed = shell, seq, request, queue.Queue()
        self.attempts = []

    def wait(self, until, why="retry"):
        self.shell.say(self.seq, "wait", {"until": until, "why": why})
        self.seq = self.resumed.get()

    def deliver(self, reply):
        self.tell(
            "delivered", status=reply.status_code, headers=dict(reply.headers), body=reply.text
        )

    def tell(self, outcome, **result):
        empty = {"status": None, "headers": {}, "body": "", "exhausted": None}
        told = empty | result | {"outcome": outcome, "attempts": self.attempts}
        self.shell.say(self.seq, "result", told)
        if outcome == "streaming":
            self.seq = self.resumed.get()


class Shell:
    """Take the suite's commands, and pass them on to an adapter."""

    def __init__(self, hello, adapter):
        self.hello = {
            "language": "Python",
            "protocol": 1,
            "spec": "1.0-draft",
            "features": [],
        } | hello
        self.adapter, self.now, self.calls, self.writing = adapter, 0.0, {}, threading.Lock()
        self.out, sys.stdout = sys.stdout, sys.stderr  # what a product prints is no message

    def patch_time(self, monotonic=True):
        """Give every module of this process the suite's time."""
        time.time, time.sleep = (lambda: self.now), self.sleep
        if monotonic:
            time.monotonic = lambda: self.now

    def set_clock(self, now):
        self.now = now
        if "FAKETIME" in os.environ:
            os.environ["FAKETIME"] = str(now)

    def sleep(self, seconds):
        call = CURRENT.get()
        if call is None:
            _REAL["sleep"](seconds)
        elif seconds > 0:
            call.wait(self.now + seconds)

    def say(self, seq, kind, content):
        with self.writing:
            print(json.dumps({"seq": seq, kind: content}), file=self.out, flush=True)

    def serve(self):
        for line in sys.stdin:
            message = json.loads(line)
            self.set_clock(message.get("now", self.now))
            if message["cmd"] == "resume":
                self.calls[message["call"]].resumed.put(message["seq"])
            elif message["cmd"] == "call":
                call = self.calls[message["call"]] = Call(self, message["seq"], message["request"])
                threading.Thread(target=self.run, args=(call,), daemon=True).start()
            else:
                self.answer(message)

    def run(self, call):
        CURRENT.set(call)
        try:
            self.adapter.call(call)
        except Exception as error:
            self.raised(call, error)

    def raised(self, call, error):
        """Say that the product raised an exception of its own, which carries no reply."""
        print(f"raised: {type(error).__name__}", file=sys.stderr)
        call.tell("raised", error=type(error).__name__, body=str(error))

    def answer(self, message):
        seq = message["seq"]
        try:
            match message["cmd"]:
                case "hello":
                    self.say(seq, "hello", self.hello)
                case "configure":
                    self.adapter.configure(message["pool"], message["randoms"])
                    self.say(seq, "ok", True)
                case "inspect":
                    self.say(seq, "pool", listed(self.adapter.states()))
                case "restart":
                    self.adapter.restart()
                    self.say(seq, "ok", True)
                case _:
                    self.say(seq, "ok", True)
        except Refused as error:
            self.say(seq, "refused", {"code": error.code, "message": str(error)})
        except Exception as error:
            self.say(seq, "error", f"{type(error).__name__}: {error}")
