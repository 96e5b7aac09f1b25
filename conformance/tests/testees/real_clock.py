"""The reference on a machine's clock, which nobody sets; the arguments name the machine's file.

With `halved` it is broken: without a hint an entry is out for half the time.
"""

import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "testees"))

import reference
from machine import Machine

FILE, *HOW = sys.argv[1:]
HALVED = {"rate_limited": 1800, "usage_limited": 1800, "out_of_credit": 43200}
HALVED |= {"auth_expired": 150, "auth_rejected": 150, "not_entitled": 43200}


class Testee(reference.Testee):
    """Take no time from the suite."""

    machine = Machine(FILE)

    def handle(self, message):
        if message["cmd"] == "hello":
            self.emit({"seq": message["seq"], "hello": reference.HELLO | {"clock": "real"}})
            return
        if message["cmd"] == "configure" and "halved" in HOW:
            policy = message["pool"]["policy"]
            policy["cooldowns"] = HALVED | policy.get("cooldowns", {})
        super().handle(message | {"now": self.now()})

    def now(self):
        return self.machine.time()

    def sleep(self, until, why):
        if why == "claim":  # another call's refresh ends when it ends
            threading.Event().wait(until - self.now())
        else:
            self.machine.sleep(until)


if __name__ == "__main__":
    testee = Testee(lambda reply: print(json.dumps(reply) + "\n", end="", flush=True), "httpx2")
    for line in sys.stdin:
        testee.handle(json.loads(line))
