"""The reference library under test, with its pools on a Redis or Valkey server.

The server is a loopback one of the test's, and empty; `CREDPOOL_TEST_SERVER` is its address.
What is about the form of `auth.json`, or about what is found on a host, is not declared.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import reference

from credpool.stores import RedisStore

LEFT_OUT = {"auth-json", "borrowed", "commands", "custom-endpoints", "own-rules", "seed"}
HELLO = reference.HELLO | {"name": "credpool on Redis"}
HELLO |= {"features": [name for name in reference.HELLO["features"] if name not in LEFT_OUT]}


class Testee(reference.Testee):
    """Keep pools on a server, in a namespace for each path that the suite gives, or for each pool."""

    def handle(self, message):
        if message["cmd"] == "hello":
            self.emit({"seq": message["seq"], "hello": HELLO})
        else:
            super().handle(message)

    def configure(self, message):
        self.place = os.urandom(8).hex()
        return super().configure(message)

    def store(self):
        key, provider = self.given.get("key", self.given["provider"]), self.given["provider"]
        rules = {name: rule for name, rule in self.rules.items() if name != "lock_timeout"}
        kept = {"namespace": str(self.path or self.place), "secrets": True, "follow": "asked"}
        address = os.environ["CREDPOOL_TEST_SERVER"]
        return RedisStore(address, key, provider=provider, **kept, **rules)


if __name__ == "__main__":
    reference.serve(Testee, "httpx2")
