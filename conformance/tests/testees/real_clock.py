"""The reference on the machine's clock, which may be wrong by as many days as the argument says."""

import json
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "testees"))

import reference

DAYS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0


class Testee(reference.Testee):
    """Take no time from the suite."""

    def handle(self, message):
        if message["cmd"] == "hello":
            self.emit({"seq": message["seq"], "hello": reference.HELLO | {"clock": "real"}})
            return
        super().handle(message | {"now": self.now()})

    def now(self):
        return time.time() + DAYS * 86400

    def sleep(self, until, why):
        threading.Event().wait(until - self.now())


if __name__ == "__main__":
    testee = Testee(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True), "httpx2")
    for line in sys.stdin:
        testee.handle(json.loads(line))
