"""The minimal pool."""

from minimal.http import PoolClient
from minimal.pool import Entry, Policy, Pool, PoolExhausted, Secret
from minimal.rules import providers
from minimal.select import open_pool

__all__ = ["Entry", "Policy", "Pool", "PoolClient", "PoolExhausted", "Secret", "open_pool", "providers"]
