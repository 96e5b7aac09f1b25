"""The reference library under test, with its pools in a SQLite database.

All but the store is that of `reference.py`. What is about the form of `auth.json` is not declared.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import reference

from credpool.stores import SqliteStore

FORM = {"auth-json", "commands"}
HELLO = reference.HELLO | {"name": "credpool on SQLite"}
HELLO |= {"features": [name for name in reference.HELLO["features"] if name not in FORM]}


class Testee(reference.Testee):
    """Keep pools in a database, beside the path that the suite gives."""

    def handle(self, message):
        if message["cmd"] == "hello":
            self.emit({"seq": message["seq"], "hello": HELLO})
        else:
            super().handle(message)

    def configure(self, message):
        self.place = tempfile.TemporaryDirectory()
        given = message["pool"]["store"] or Path(self.place.name, "pool")
        store = {"store": str(Path(given).with_suffix(".db"))}
        return super().configure(message | {"pool": message["pool"] | store})

    def store(self):
        key, provider = self.given.get("key", self.given["provider"]), self.given["provider"]
        return SqliteStore(self.path, key, provider=provider, **self.rules)


if __name__ == "__main__":
    reference.serve(Testee, "httpx2")
