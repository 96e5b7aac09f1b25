"""Rotate among several credentials for one LLM provider.

Open a `Pool`, and give its `PoolAuth` (`credpool.httpx2`, or `credpool.httpx` for older clients)
to an HTTP client or an SDK. Stores that persist a pool are in `credpool.stores`.

What finds credentials is imported when it is first named: not every program needs it.
"""

import importlib
import typing

from credpool.clock import Clock as Clock
from credpool.clock import SystemClock as SystemClock
from credpool.clock import Why as Why
from credpool.core.errors import AmbiguousTarget as AmbiguousTarget
from credpool.core.errors import BadConfig as BadConfig
from credpool.core.errors import BadInput as BadInput
from credpool.core.errors import BadPolicy as BadPolicy
from credpool.core.errors import CredpoolError as CredpoolError
from credpool.core.errors import DuplicateSecret as DuplicateSecret
from credpool.core.errors import LoginFailed as LoginFailed
from credpool.core.errors import NoLogin as NoLogin
from credpool.core.errors import NotRefreshed as NotRefreshed
from credpool.core.errors import PoolExhausted as PoolExhausted
from credpool.core.errors import StoreError as StoreError
from credpool.core.errors import StoreTooNew as StoreTooNew
from credpool.core.errors import StoreUnreadable as StoreUnreadable
from credpool.core.errors import StoreUnwritable as StoreUnwritable
from credpool.core.errors import UnknownEntry as UnknownEntry
from credpool.core.errors import UnknownProvider as UnknownProvider
from credpool.core.errors import UnknownStrategy as UnknownStrategy
from credpool.core.errors import UnusableSecret as UnusableSecret
from credpool.core.errors import WrongOrigin as WrongOrigin
from credpool.core.events import Attempt as Attempt
from credpool.core.limits import First429 as First429
from credpool.core.model import EXHAUSTION as EXHAUSTION
from credpool.core.model import FOREVER as FOREVER
from credpool.core.model import AuthType as AuthType
from credpool.core.model import Cooldown as Cooldown
from credpool.core.model import Entry as Entry
from credpool.core.model import EntryId as EntryId
from credpool.core.model import Exhaustion as Exhaustion
from credpool.core.model import FailureClass as FailureClass
from credpool.core.model import Policy as Policy
from credpool.core.model import PoolState as PoolState
from credpool.core.model import Status as Status
from credpool.core.model import Strategy as Strategy
from credpool.core.notices import EntryCooled as EntryCooled
from credpool.core.notices import EntryDied as EntryDied
from credpool.core.notices import EntryRecovered as EntryRecovered
from credpool.core.notices import EntryRefreshed as EntryRefreshed
from credpool.core.notices import EntrySwitched as EntrySwitched
from credpool.core.notices import EntryUnusable as EntryUnusable
from credpool.core.notices import Notice as Notice
from credpool.core.notices import OwnerShared as OwnerShared
from credpool.core.notices import PayerChanged as PayerChanged
from credpool.core.notices import RanOut as RanOut
from credpool.core.notices import RefreshRefused as RefreshRefused
from credpool.core.payer import Payer as Payer
from credpool.core.payer import PayerChange as PayerChange
from credpool.core.report import report_attempt as report_attempt
from credpool.core.report import report_exhaustion as report_exhaustion
from credpool.core.report import report_notice as report_notice
from credpool.core.report import report_pool as report_pool
from credpool.core.secret import Secret as Secret
from credpool.operations import Operator as Operator
from credpool.pool import Listener as Listener
from credpool.pool import Pool as Pool
from credpool.pool import Store as Store

if typing.TYPE_CHECKING:
    from credpool.core.seeding import Complaint as Complaint
    from credpool.opening import open_pool as open_pool
    from credpool.opening import view_pool as view_pool
    from credpool.seed.surroundings import Surroundings as Surroundings

__all__ = [
    "EXHAUSTION",
    "FOREVER",
    "AmbiguousTarget",
    "Attempt",
    "AuthType",
    "BadConfig",
    "BadInput",
    "BadPolicy",
    "Clock",
    "Complaint",
    "Cooldown",
    "CredpoolError",
    "DuplicateSecret",
    "Entry",
    "EntryCooled",
    "EntryDied",
    "EntryId",
    "EntryRecovered",
    "EntryRefreshed",
    "EntrySwitched",
    "EntryUnusable",
    "Exhaustion",
    "FailureClass",
    "First429",
    "Listener",
    "LoginFailed",
    "NoLogin",
    "NotRefreshed",
    "Notice",
    "Operator",
    "OwnerShared",
    "Payer",
    "PayerChange",
    "PayerChanged",
    "Policy",
    "Pool",
    "PoolExhausted",
    "PoolState",
    "RanOut",
    "RefreshRefused",
    "Secret",
    "Status",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreUnreadable",
    "StoreUnwritable",
    "Strategy",
    "Surroundings",
    "SystemClock",
    "UnknownEntry",
    "UnknownProvider",
    "UnknownStrategy",
    "UnusableSecret",
    "Why",
    "WrongOrigin",
    "open_pool",
    "report_attempt",
    "report_exhaustion",
    "report_notice",
    "report_pool",
    "view_pool",
]

__version__ = "0.1.0"

_HOMES = {
    "Complaint": "core.seeding",
    "Surroundings": "seed.surroundings",
    "open_pool": "opening",
    "view_pool": "opening",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
