"""Hermes Agent at work on its own pool, told on standard output; run with its home in HERMES_HOME.

python hermes_child.py rows PROVIDER
python hermes_child.py mark PROVIDER STATUS SECRET
python hermes_child.py select PROVIDER
python hermes_child.py reset PROVIDER
"""

import json
import sys

from agent.credential_pool import load_pool


def main(what: str, provider: str, *rest: str) -> object:
    """Load the pool as Hermes does, and do one thing with it."""
    pool = load_pool(provider)
    match what, rest:
        case "rows", ():
            return [entry.to_dict() for entry in pool.entries()]
        case "select", ():
            chosen = pool.select()
            return chosen and chosen.id
        case "mark", (status, secret):
            chosen = pool.mark_exhausted_and_rotate(status_code=int(status), api_key_hint=secret)
            return chosen and chosen.id
        case "reset", ():
            return pool.reset_statuses()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
