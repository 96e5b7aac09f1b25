"""A testee to begin with: copy this file, and put your own pool where the naive one is.

    credpool-conformance template > my_testee.py
    credpool-conformance run --testee my_testee.py --filter "*rotate*"

It runs as it is, and fails many checks: its pool uses the first key for everything.
The protocol is one page: `credpool-conformance protocol`.
"""

import http.client
import json
import queue
import sys
import threading
from urllib.parse import urlsplit

# Who is tested.  Declare a feature only when your pool has it: what is declared is checked.
# With "clock": "real", for a pool whose clock cannot be set, timing is left unverified.
HELLO = {"name": "my-pool", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "virtual"}

now = 0.0  # the suite's time, in seconds since the epoch; yours must come from here
pool = None
resumed = {}  # by the name of a call: the numbers of the `resume` commands for it
writing = threading.Lock()


class NaivePool:
    """YOUR POOL GOES HERE.  This one uses its first key alone, and tries a 429 again once."""

    def __init__(self, told):
        # `told` has the provider, base_url, token_url, strategy, policy and entries.
        self.base_url = told["base_url"]
        self.entries = sorted(told["entries"], key=lambda entry: entry["priority"])
        self.entry = self.entries[0]
        self.counts = {entry["id"]: 0 for entry in self.entries}

    def send(self, request):
        """Send one request.  The suite is the provider: this is real HTTP, to this machine."""
        self.counts[self.entry["id"]] += 1
        url = urlsplit((self.entry["base_url"] or self.base_url) + request["path"])
        headers = request["headers"] | {"content-type": "application/json"}
        headers |= {"authorization": f"Bearer {self.entry['secret']}"}
        connection = http.client.HTTPConnection(url.netloc, timeout=10)
        target = url._replace(scheme="", netloc="").geturl()
        connection.request(request["method"], target, json.dumps(request["body"]), headers)
        return connection.getresponse()

    def call(self, request, wait):
        """Make a call, and tell what was tried: which entry, how it went, what was done then."""
        response, attempts = self.send(request), []
        if response.status == 429:
            attempts.append(self.attempt("rate_limited", "retry"))
            # Never sleep.  Ask the suite to wait; it sets the clock and says when to go on.
            wait(now + 1)
            response = self.send(request)
        seen = "ok" if response.status < 400 else "request_error"
        return response, [*attempts, self.attempt(seen, "deliver")]

    def attempt(self, seen, action):
        return {"entry": self.entry["id"], "class": seen, "action": action}

    def inspect(self):
        # Status is ok, exhausted or dead; an entry that is out has a class and an `until`.
        states = [{"id": i, "status": "ok", "request_count": n} for i, n in self.counts.items()]
        return {"entries": [state | {"models": {}} for state in states], "returns_at": None}


def answer(seq, kind, content):
    """Write one reply, one line.  Nothing else may go to standard output, and no secret anywhere."""
    with writing:
        print(json.dumps({"seq": seq, kind: content}), flush=True)


def run_call(seq, name, request):
    """Make one call in a thread of its own: others, and `inspect`, go on beside it."""

    def wait(until):
        nonlocal seq
        answer(seq, "wait", {"until": until, "why": "retry"})
        seq = resumed[name].get()  # from here on, replies go to the `resume`

    result = {"outcome": "failed", "status": None, "headers": {}, "body": "", "attempts": []}
    try:
        response, result["attempts"] = pool.call(request, wait)
        headers = {key.lower(): value for key, value in response.getheaders()}
        result |= {"status": response.status, "headers": headers}
        if request["stream"] and response.status < 300:
            # The caller has the head and the first bytes; `resume` asks for the rest.
            result["body"] = response.read1().decode()
            answer(seq, "result", result | {"outcome": "streaming"})
            seq = resumed[name].get()
        result["body"] += response.read().decode()
        # `exhausted`, left out here, tells why every entry is out and when the first returns.
        answer(seq, "result", result | {"outcome": "delivered"})
    except (OSError, http.client.HTTPException, ValueError) as error:  # its text may hold a secret
        answer(seq, "result", result | {"status": None, "body": type(error).__name__})
    except Exception as error:  # say so, or the suite waits ten seconds for the reply
        answer(seq, "error", f"{type(error).__name__}: {error}")


for line in sys.stdin:
    message = json.loads(line)
    seq, now = message["seq"], message.get("now", now)
    match message["cmd"]:
        case "hello":
            answer(seq, "hello", HELLO)
        case "configure":  # a new pool; answer `refused` when your pool refuses the configuration
            pool, resumed = NaivePool(message["pool"]), {}
            answer(seq, "ok", content=True)
        case "call":
            name = message["call"]
            resumed[name] = queue.Queue()
            threading.Thread(target=run_call, args=(seq, name, message["request"])).start()
        case "resume":
            resumed[message["call"]].put(seq)
        case "inspect":  # changes nothing
            answer(seq, "pool", pool.inspect())
        case _:  # `restart`: forget what is not durable, read the rest again; `stop`
            answer(seq, "ok", content=True)
