"""Testees that misbehave, one way for each mode: `python faux.py MODE`.  Standard library only."""

import json
import os
import signal
import sys
import time
import urllib.request

mode = sys.argv[1]


def say(message):
    write((json.dumps(message) + "\n").encode())


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def complain(text):
    sys.stderr.write(text)
    sys.stderr.flush()


def send(pool, request):
    headers = {**request["headers"], "authorization": f"Bearer {pool['entries'][0]['secret']}"}
    body = json.dumps(request["body"]).encode()
    url = pool["base_url"] + request["path"]
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="POST")) as reply:  # noqa: S310
        return reply.status, dict(reply.headers), reply.read().decode()


def result(pool, message):
    status, headers, body = send(pool, message["request"])
    name = pool["entries"][0]["id"]
    return {"seq": message["seq"], "result": {
        "outcome": "delivered", "status": status, "body": body, "exhausted": None,
        "headers": {key.lower(): value for key, value in headers.items()},
        "attempts": [{"entry": name, "class": "ok", "action": "deliver"}]}}  # fmt: skip


def call(pool, message):
    answer = result(pool, message)
    match mode:
        case "exit-mid-call":
            complain("the reason is here")
            sys.exit(7)
        case "killed-mid-call":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            complain("the reason is here")
            time.sleep(600)
        case "hang-and-ignore-sigterm":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        case "garbage":
            complain("the reason is here")
            write(b"Traceback (most recent call last):\n")
        case "not-an-object":
            write(b"[1, 2]\n")
        case "not-utf-8":
            write(b"\xff\xfe\n")
        case "newline-flood":
            write(b"\n" * 100_000)
        case "endless-line":
            write(b"x" * 5_000_000)
        case "half-a-line":
            write(b'{"seq": 3, "res')
            sys.exit(0)
        case "wrong-seq":
            say({**answer, "seq": 999})
        case "no-seq":
            say({"result": answer["result"]})
        case "two-replies":
            say(answer)
            say(answer)
        case "wrong-kind":
            say({"seq": message["seq"], "ok": True})
        case "malformed-result":
            say({"seq": message["seq"], "result": {**answer["result"], "status": "200"}})
        case "own-error":
            say({"seq": message["seq"], "error": "the reason is here"})
        case "waits-for-ever":
            say({"seq": message["seq"], "wait": {"until": message["now"] + 1, "why": "retry"}})
        case "split-writes":
            for byte in (json.dumps(answer) + "\n").encode():
                write(bytes([byte]))
        case "chatty-stderr":
            for _ in range(64):
                complain("blah " * 4096)
            say(answer)
        case _:
            say(answer)


def main():
    if mode == "crash-at-start":
        complain("the reason is here")
        sys.exit(3)
    if mode == "hang-at-start":
        time.sleep(600)
    pool = None
    for line in sys.stdin:
        message = json.loads(line)
        seq = {"seq": message["seq"]}
        match message["cmd"]:
            case "hello":
                protocol = 99 if mode == "other-protocol" else 1
                say({**seq, "hello": {"name": "faux", "version": "1", "language": "Python", "spec": "1",
                                      "protocol": protocol, "features": [], "clock": "virtual"}})  # fmt: skip
            case "configure":
                pool = message["pool"]
                say({**seq, "ok": True})
            case "call":
                call(pool, message)
            case "resume":
                say({**seq, "wait": {"until": message["now"] + 1, "why": "retry"}})
            case "inspect":
                rows = [{"id": e["id"], "status": "ok", "class": None, "until": None, "models": {},
                         "request_count": int(e is pool["entries"][0])} for e in pool["entries"]]  # fmt: skip
                say({**seq, "pool": {"entries": rows, "returns_at": None}})
            case "stop":
                say({**seq, "ok": True})
                if mode != "never-ends":
                    return
            case _:
                say({**seq, "ok": True})


main()
