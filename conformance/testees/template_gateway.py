"""A testee around a gateway: a server that has the keys, and that callers send their requests to.

    credpool-conformance template --of gateway > my_testee.py
    credpool-conformance run --testee my_testee.py --chapter recovery

Put your gateway where FILL IN is said.  It runs as it is: a server that uses one key alone.
"""

import http.client
import http.server
import json
import queue
import sys
import threading
from urllib.parse import urlsplit

# Who is tested.  A server has a clock of its own; what it translates is not compared.
# `retries_faults`: it repeats a 5xx in place.  `credpool-conformance protocol` says more.
HELLO = {"name": "my-gateway", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "real", "translates": ["request", "reply"]}
HELLO |= {"strategies": [], "tells": [], "credentials": ["api_key"], "retries_faults": True}

now = 0.0  # the suite's time, in seconds since the epoch; your pool's must come from here
pool, resumed = None, {}  # by the name of a call, the numbers of the `resume` commands for it
writing = threading.Lock()


class Toy(http.server.BaseHTTPRequestHandler):
    """In your gateway's place: it sends on what it gets, with the first key."""

    def do_POST(self):
        body, entry = self.rfile.read(int(self.headers["content-length"])), pool.entries[0]
        base = urlsplit(entry["base_url"] or pool.base_url)
        kept = {
            k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")
        }
        headers = kept | {"authorization": f"Bearer {entry['secret']}"}
        upstream = http.client.HTTPConnection(base.netloc, timeout=10)
        upstream.request("POST", base.path + self.path, body, headers)
        reply = upstream.getresponse()
        self.send_response(reply.status)
        self.end_headers()
        self.wfile.write(reply.read())


toy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Toy)
threading.Thread(target=toy.serve_forever, daemon=True).start()


class Pool:
    """Your gateway with its keys, and a caller of it."""

    def __init__(self, told):
        # FILL IN: start your gateway once, with subprocess.Popen(["my-gateway", "--config", path]),
        # and give it these keys and this base_url each time; wait until it has taken them.
        self.base_url, self.entries = told["base_url"], told["entries"]
        self.address = f"127.0.0.1:{toy.server_port}"

    def call(self, request, wait):
        """Send a caller's request.  FILL IN the path and the key that your gateway expects."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request("POST", request["path"], json.dumps(request["body"]), request["headers"])
        return connection.getresponse(), []  # without a log of attempts there are none to tell

    def inspect(self):
        # FILL IN what your gateway says of its keys; if it says nothing, all of them are ok.
        states = [{"id": entry["id"], "status": "ok", "models": {}} for entry in self.entries]
        return {"entries": [s | {"request_count": 0} for s in states], "returns_at": None}


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
