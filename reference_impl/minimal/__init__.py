"""A credential pool, to be read in an hour: the specification's core, and nothing else.

A pool holds several keys for one provider. It sends a request with one of them, looks at the reply,
and decides: give it to the caller, ask once more with the same key, or go on with another key while
this one rests. Most pools get this wrong at their edges, and the specification is about those edges.
Here each of its core requirements is met at a line that cites it, as `# spec: id+revision`.

Read `decide` first. It is one pure function: a pool, a call and a verdict go in, and a new pool and
the next action come out. The rules are not in it: it looks them up in the decision table (`rules`).
A verdict comes from `classify` (which failure is this?) and `hints` (when does it end?). The next
entry comes from `pool` (which ones are available?) and `select` (which one is next?). Only `http`
knows of sockets, clocks and threads, and it decides nothing.

This pool has none of what the specification calls features: no store, no logins, no owners or
models, no probes, no events. The library `credpool` has them all, and is what a program should use.
This one is there to be read, and to write your own by: the same suite judges all three.
"""

from minimal.http import PoolClient
from minimal.pool import Entry, Policy, Pool, PoolExhausted, Secret
from minimal.select import open_pool

__all__ = ["Entry", "Policy", "Pool", "PoolClient", "PoolExhausted", "Secret", "open_pool"]
