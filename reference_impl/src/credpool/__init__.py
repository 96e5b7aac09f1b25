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
from credpool.entries.operator import Operator as Operator
from credpool.events.report import report_attempt as report_attempt
from credpool.events.report import report_event as report_event
from credpool.events.report import report_exhaustion as report_exhaustion
from credpool.events.report import report_pool as report_pool
from credpool.model.entry import Cooldown as Cooldown
from credpool.model.entry import Entry as Entry
from credpool.model.errors import AmbiguousTarget as AmbiguousTarget
from credpool.model.errors import BadConfig as BadConfig
from credpool.model.errors import BadInput as BadInput
from credpool.model.errors import BadPolicy as BadPolicy
from credpool.model.errors import CredpoolError as CredpoolError
from credpool.model.errors import DuplicateSecret as DuplicateSecret
from credpool.model.errors import LoginFailed as LoginFailed
from credpool.model.errors import NoLogin as NoLogin
from credpool.model.errors import NotRefreshed as NotRefreshed
from credpool.model.errors import PoolExhausted as PoolExhausted
from credpool.model.errors import StoreError as StoreError
from credpool.model.errors import StoreTooNew as StoreTooNew
from credpool.model.errors import StoreUnreadable as StoreUnreadable
from credpool.model.errors import StoreUnwritable as StoreUnwritable
from credpool.model.errors import UnknownEntry as UnknownEntry
from credpool.model.errors import UnknownProvider as UnknownProvider
from credpool.model.errors import UnknownStrategy as UnknownStrategy
from credpool.model.errors import UnusableSecret as UnusableSecret
from credpool.model.errors import WrongOrigin as WrongOrigin
from credpool.model.exhaustion import EXHAUSTION as EXHAUSTION
from credpool.model.exhaustion import Exhaustion as Exhaustion
from credpool.model.messages import Attempt as Attempt
from credpool.model.policy import Policy as Policy
from credpool.model.policy import Strategy as Strategy
from credpool.model.secret import Secret as Secret
from credpool.model.state import PoolState as PoolState
from credpool.model.terms import FOREVER as FOREVER
from credpool.model.terms import AuthType as AuthType
from credpool.model.terms import EntryId as EntryId
from credpool.model.terms import FailureClass as FailureClass
from credpool.model.terms import First429 as First429
from credpool.model.terms import Payer as Payer
from credpool.model.terms import PayerChange as PayerChange
from credpool.model.terms import Status as Status
from credpool.pool import Listener as Listener
from credpool.pool import Pool as Pool
from credpool.pool import Store as Store

if typing.TYPE_CHECKING:
    from credpool.config.files import Complaint as Complaint
    from credpool.seed.opening import open_pool as open_pool
    from credpool.seed.opening import view_pool as view_pool
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
    "EntryId",
    "Exhaustion",
    "FailureClass",
    "First429",
    "Listener",
    "LoginFailed",
    "NoLogin",
    "NotRefreshed",
    "Operator",
    "Payer",
    "PayerChange",
    "Policy",
    "Pool",
    "PoolExhausted",
    "PoolState",
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
    "report_event",
    "report_exhaustion",
    "report_pool",
    "view_pool",
]

__version__ = "0.1.0"

_HOMES = {
    "Complaint": "config.files",
    "Surroundings": "seed.surroundings",
    "open_pool": "seed.opening",
    "view_pool": "seed.opening",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
