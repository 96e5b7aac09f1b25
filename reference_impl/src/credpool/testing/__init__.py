"""Building blocks for tests of a pool, or of a part for one. Not for use in production."""

from credpool.testing.clock import FakeClock
from credpool.testing.contract import StoreContract
from credpool.testing.messages import FakeReply, FakeRequest
from credpool.testing.provider import FakeProvider
from credpool.testing.shared_contract import SharedStoreContract

__all__ = [
    "FakeClock",
    "FakeProvider",
    "FakeReply",
    "FakeRequest",
    "SharedStoreContract",
    "StoreContract",
]
