"""A testee around a pool that only picks keys, for its caller to send the requests with.

    credpool-conformance template --of picker > my_testee.py
    credpool-conformance run --testee my_testee.py --chapter selection

Put your pool where FILL IN is said.  It runs as it is: one refusal ends a key for good.
"""

import http.client
import json
import queue
import sys
import threading
from urllib.parse import urlsplit

# Who is tested; `credpool-conformance protocol` has it all.  Name the strategies that you have.
HELLO = {"name": "my-picker", "version": "0.1.0", "language": "Python", "protocol": 1}
HELLO |= {"spec": "1.0-draft", "features": [], "clock": "virtual", "sends": "caller"}
HELLO |= {"strategies": ["fill_first"], "tells": [], "credentials": ["api_key"]}

now = 0.0  # the suite's time, in seconds since the epoch; your pool's must come from here
pool, resumed = None, {}  # by the name of a call, the numbers of the `resume` commands for it
writing = threading.Lock()
# FILL IN: `time.time = lambda: now`, if your pool reads the clock so; or declare "clock": "real".


class Pool:
    """The caller: it asks your pool for a key, sends, and tells your pool how it went."""

    def __init__(self, told):  # FILL IN: make your pool; `told` also has the strategy and policy
        self.base_url, self.out = told["base_url"], set()
        self.entries = {e["id"]: e for e in sorted(told["entries"], key=lambda e: e["priority"])}

    def pick(self):
        """FILL IN: ask your pool for a key, and return its id; None when there is none."""
        return next((name for name in self.entries if name not in self.out), None)

    def report(self, name, reply):
        """FILL IN: tell your pool of the reply; return whether the caller is to pick again."""
        if reply.status in (401, 402, 403, 429):
            self.out.add(name)
        return name in self.out

    def inspect(self):
        # FILL IN what your pool says of each key: ok, exhausted or dead.
        told = [{"id": n, "status": "exhausted" if n in self.out else "ok"} for n in self.entries]
        return {"entries": [one | {"models": {}, "request_count": 0} for one in told]}

    def call(self, request, wait):
        """Do what your documentation tells a caller; `wait(now + 5)` in place of a sleep."""
        response, attempts, again = None, [], True
        while again and (name := self.pick()) is not None:
            response = self.send(self.entries[name], request)
            again = self.report(name, response)
            attempts += [{"entry": name, "class": None, "action": "rotate" if again else "deliver"}]
        if response is None:
            raise http.client.HTTPException  # there is no key: nothing was sent
        return response, attempts

    def send(self, entry, request):
        base = urlsplit(entry["base_url"] or self.base_url)
        headers = request["headers"] | {"authorization": f"Bearer {entry['secret']}"}
        connection = http.client.HTTPConnection(base.netloc, timeout=10)
        path, body = base.path + request["path"], json.dumps(request["body"])
        connection.request(request["method"], path, body, headers)
        response = connection.getresponse()
        if response.status >= 300:  # it is read twice: by your pool, and by the caller
            said = response.read()
            response.read = lambda: said
        return response


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
