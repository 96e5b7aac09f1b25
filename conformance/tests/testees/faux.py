"""Testees that misbehave, one way for each mode: `python faux.py MODE`.  Standard library only."""

import json
import os
import signal
import sys
import time
import urllib.error
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
    asked = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
    try:
        reply = urllib.request.urlopen(asked)  # noqa: S310
    except urllib.error.HTTPError as refused:
        reply = refused
    with reply:
        return reply.status, dict(reply.headers), reply.read().decode()


def result(pool, message):
    made_up = 200, {}, "{}"
    status, headers, body = made_up if mode == "never-sends" else send(pool, message["request"])
    name = pool["entries"][0]["id"]
    return {"seq": message["seq"], "result": {
        "outcome": "delivered", "status": status, "body": body, "exhausted": None,
        "headers": {key.lower(): value for key, value in headers.items()},
        "attempts": [{"entry": name, "class": "ok", "action": "deliver"}]}}  # fmt: skip


def exit_with_reason(code):
    complain("the reason is here")
    sys.exit(code)


def hang(*, deaf=False):
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    complain("the reason is here")
    time.sleep(600)


def garbage():
    complain("the reason is here")
    write(b"Traceback (most recent call last):\n")


def half_a_line():
    write(b'{"seq": 3, "res')
    sys.exit(0)


def flood(answer):
    for _ in range(100_000):
        say(answer)


def twice(answer):
    say(answer)
    say(answer)


def trickle(answer):
    for byte in (json.dumps(answer) + "\n").encode():
        write(bytes([byte]))


def chat(answer):
    for _ in range(64):
        complain("blah " * 4096)
    say(answer)


def wait(message):
    say({"seq": message["seq"], "wait": {"until": message["now"] + 1, "why": "retry"}})


# What a call is answered with, instead of the right answer `a` to the message `m`.
ANSWERS = {
    "exit-mid-call": lambda _a, _m: exit_with_reason(7),
    "exit-in-a-stream": lambda a, m: exit_with_reason(7) if m["request"]["stream"] else say(a),
    "killed-mid-call": lambda _a, _m: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda _a, _m: hang(),
    "hang-and-ignore-sigterm": lambda _a, _m: hang(deaf=True),
    "garbage": lambda _a, _m: garbage(),
    "not-an-object": lambda _a, _m: write(b"[1, 2]\n"),
    "not-utf-8": lambda _a, _m: write(b"\xff\xfe\n"),
    "newline-flood": lambda _a, _m: write(b"\n" * 100_000),
    "endless-line": lambda _a, _m: write(b"x" * 5_000_000),
    "half-a-line": lambda _a, _m: half_a_line(),
    "wrong-seq": lambda a, _m: say({**a, "seq": 999}),
    "no-seq": lambda a, _m: say({"result": a["result"]}),
    "two-replies": lambda a, _m: twice(a),
    "reply-flood": lambda a, _m: flood(a),
    "echo": lambda _a, m: say(m),
    "wrong-kind": lambda _a, m: say({"seq": m["seq"], "ok": True}),
    "malformed-result": lambda a, _m: say({**a, "result": {**a["result"], "status": "200"}}),
    "own-error": lambda _a, m: say({"seq": m["seq"], "error": "the reason is here"}),
    "waits-for-ever": lambda _a, m: wait(m),
    "split-writes": lambda a, _m: trickle(a),
    "chatty-stderr": lambda a, _m: chat(a),
}


def hello(_pool):
    if mode == "exit-at-hello":
        exit_with_reason(4)
    declared = {"lying-manifest": ["shared-store"], "unknown-feature": ["shared-stores"]}
    features = declared.get(mode, [])
    protocol = 99 if mode == "other-protocol" else 1
    return {"hello": {"name": "faux", "version": "1", "language": "Python", "spec": "1",
                      "protocol": protocol, "features": features, "clock": "virtual"}}  # fmt: skip


def inspect(pool):
    rows = [{"id": e["id"], "status": "ok", "class": None, "until": None, "models": {},
             "request_count": int(e is pool["entries"][0])} for e in pool["entries"]]  # fmt: skip
    return {"pool": {"entries": rows}}


def acknowledge(_pool):
    return {"ok": True}


SPECIAL = {"hello": hello, "inspect": inspect}


def main():
    if mode == "crash-at-start":
        exit_with_reason(3)
    if mode == "garbage-at-start":
        write(b"a banner\n")
    if mode == "silent":
        hang()
    pool = None
    for line in sys.stdin:
        message = json.loads(line)
        pool = message.get("pool", pool)
        match message["cmd"]:
            case "call":
                ANSWERS.get(mode, lambda a, _m: say(a))(result(pool, message), message)
            case "resume":
                wait(message)
            case command:
                say({"seq": message["seq"], **SPECIAL.get(command, acknowledge)(pool)})
        if message["cmd"] == "stop" and mode != "never-ends":
            return


main()
