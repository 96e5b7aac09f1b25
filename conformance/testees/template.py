"""A testee around a pool that sends the requests itself: put your own where the naive one is.

    credpool-conformance template --of http-client > my_testee.py
    credpool-conformance run --testee my_testee.py --chapter recovery

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
# With "clock": "real", for a pool whose clock cannot be set, what moves the clock is not judged.
HELLO = {"name": "my-pool", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "virtual"}

now = 0.0  # the suite's time, in seconds since the epoch; your pool's must come from here
pool, resumed = None, {}  # by the name of a call, the numbers of the `resume` commands for it
writing = threading.Lock()


class Pool:
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
        base = urlsplit(self.entry["base_url"] or self.base_url)
        headers = request["headers"] | {"authorization": f"Bearer {self.entry['secret']}"}
        connection = http.client.HTTPConnection(base.netloc, timeout=10)
        path, body = base.path + request["path"], json.dumps(request["body"])
        connection.request(request["method"], path, body, headers)
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


# From here on it is the protocol, and nothing to change.
def answer(seq, kind, content):
    """Write one reply, one line.  Nothing else may go to standard output, and no secret anywhere."""
    with writing:
        print(json.dumps({"seq": seq, kind: content}), flush=True)


def run_call(seq, name, request):  # in a thread of its own: others, and `inspect`, go on beside it
    def wait(until):
        nonlocal seq
        answer(seq, "wait", {"until": until, "why": "retry"})
        seq = resumed[name].get()  # from here on, replies go to the `resume`

    result = {"outcome": "failed", "status": None, "headers": {}, "body": "", "attempts": []}
    try:
        reply, result["attempts"] = pool.call(request, wait)
        result |= {"status": reply.status, "headers": {k.lower(): v for k, v in reply.getheaders()}}
        if request["stream"] and reply.status < 300:
            result["body"] = reply.read1().decode()
            answer(seq, "result", result | {"outcome": "streaming"})
            seq = resumed[name].get()  # the caller has the first bytes, and asks for the rest
        result["body"] += reply.read().decode()
        # `exhausted`, left out here, tells why every entry is out and when the first returns.
        answer(seq, "result", result | {"outcome": "delivered"})
    except (OSError, http.client.HTTPException) as error:  # no reply; its text may hold a secret
        answer(seq, "result", result | {"status": None, "body": type(error).__name__})
    except Exception as error:  # your pool's own: say so, or the suite waits for the reply
        answer(seq, "result", result | {"outcome": "raised", "error": type(error).__name__})


for line in sys.stdin:
    message = json.loads(line)
    seq, now = message["seq"], message.get("now", now)
    match message["cmd"]:
        case "hello":
            answer(seq, "hello", HELLO)
        case "configure":  # a new pool; answer `refused` when yours refuses the configuration
            pool, resumed = Pool(message["pool"]), {}
            answer(seq, "ok", content=True)
        case "call":
            resumed[name := message["call"]] = queue.Queue()
            threading.Thread(target=run_call, args=(seq, name, message["request"])).start()
        case "resume":
            resumed[message["call"]].put(seq)
        case "inspect":  # changes nothing
            answer(seq, "pool", pool.inspect())
        case _:  # `restart`: forget what is not durable, read the rest again; `stop`
            answer(seq, "ok", content=True)
