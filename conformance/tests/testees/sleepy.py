"""A testee in process that has no seams: it reads `time.time`, and waits with `time.sleep`."""

import time
from datetime import UTC, datetime

import httpx


class Testee:
    """Sleep three times in each call, and tell the time before, between and after."""

    def __init__(self, emit):
        self.emit = emit
        self.client = httpx.Client(verify=False)  # noqa: S501 (nothing is on the wire)

    def handle(self, message):
        self.emit({"seq": message["seq"], **getattr(self, message["cmd"])(message)})

    def hello(self, _message):
        return {"hello": {"name": "sleepy", "version": "1", "language": "Python", "protocol": 1,
                          "spec": "1", "features": [], "clock": "virtual"}}  # fmt: skip

    def configure(self, message):
        self.pool = message["pool"]
        return {"ok": True}

    def call(self, message):
        told = [time.time()]
        for seconds in (1.5, 60, 0.25):
            time.sleep(seconds)
            told.append(datetime.now(UTC).timestamp())
        entry = self.pool["entries"][0]
        headers = {**message["request"]["headers"], "authorization": f"Bearer {entry['secret']}"}
        url = self.pool["base_url"] + message["request"]["path"]
        reply = self.client.post(url, headers=headers, json=message["request"]["body"])
        return {"result": {"outcome": "delivered", "status": reply.status_code, "body": reply.text,
                           "headers": {**dict(reply.headers), "x-told": repr(told)}, "exhausted": None,
                           "attempts": [{"entry": entry["id"], "class": "ok", "action": "deliver"}]}}  # fmt: skip

    def inspect(self, _message):
        rows = [{"id": e["id"], "status": "ok", "class": None, "until": None, "models": {},
                 "request_count": 1} for e in self.pool["entries"]]  # fmt: skip
        return {"pool": {"entries": rows}}

    def stop(self, _message):
        return {"ok": True}


class Silent(Testee):
    """Raise in `handle`."""

    def call(self, message):
        raise RuntimeError("the reason is here")
