"""One of several processes with a pool on one file: it does what its standard input says.

    python worker.py FILE PROVIDER BASE_URL DRAW

Each line is a word: `call` (prints the status), `flush`, `reset`. It prints `ready` when it is, and
`waits` whenever it begins to wait for somebody else's refresh.
"""

import sys

import httpx2

from credpool import Pool, Strategy
from credpool.clock import SystemClock
from credpool.httpx2 import PoolAuth
from credpool.stores import JsonFileStore


class TellingClock(SystemClock):
    """The machine's clock, which tells what is waited for; once for each wait is enough."""

    told = False

    def sleep(self, until, why, /):
        """Tell, and wait."""
        if not self.told:
            print("waits", flush=True)
        self.told = True
        super().sleep(until, why)


def main(path, provider, base_url, draw):
    """Open the pool, and do what is asked for."""
    strategy = Strategy.RANDOM if draw else Strategy.FILL_FIRST
    store = JsonFileStore(path, provider, strategy=strategy, lock_timeout=60)
    pool = Pool(store, clock=TellingClock(), dice=lambda: float(draw))
    with httpx2.Client(auth=PoolAuth(pool), timeout=60) as client:
        print("ready", flush=True)
        for line in sys.stdin:
            match line.strip():
                case "call":
                    response = client.post(f"{base_url}/chat/completions", json={"model": "m"})
                    print(response.status_code, flush=True)
                case "flush":
                    print(pool.flush() or "flushed", flush=True)
                case "reset":
                    print(pool.reset() or "reset", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
